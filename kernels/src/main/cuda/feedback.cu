// Scheduled sampling of whole sequences: what a decoder is shown in its second pass.
#include "gatun.cuh"

struct Largest {
  float value;
  int at;
};

// mixed[row] = given[row] or, from the second step on and with a probability, the class of the
// largest logit of the step before; rows: n sequences for each step. A block takes a row.
extern "C" __global__ void feedback(
    i64 rows,
    i64 n,
    int width,
    const float* logits,
    const int* given,
    int* mixed,
    const double* probability,
    u64 seed,
    int layer,
    const i64* step) {
  const u64 threshold = (u64)floor((1 - *probability) * 4294967296.0 + 0.5);
  for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
    if (row < n || keeps(seed, layer, step, row, threshold)) {
      if (threadIdx.x == 0) {
        mixed[row] = given[row];
      }
      continue;  // all threads of the block alike
    }
    const float* said = logits + (row - n) * width;
    Largest best = {logf(0), width};  // -infinity
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      if (said[k] > best.value) {
        best = {said[k], k};
      }
    }
    best = blockReduce(best, [](Largest a, Largest b) {
      return b.value > a.value || (b.value == a.value && b.at < a.at) ? b : a;
    });
    if (threadIdx.x == 0) {
      mixed[row] = best.at < width ? best.at : 0;
    }
  }
}
