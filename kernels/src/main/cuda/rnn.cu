// What stands between Gatun's recurrent stacks and cuDNN's: weights in cuDNN's own order, padding,
// and sequences that have ended. Memory is float32 and row-major; grids are one-dimensional, of any
// size, with BLOCK threads to a block.
#include "gatun.cuh"

// y [t, n, width] = x on the steps that each sequence has, 0 on its padding; y may be x. What x
// has on padding is not read: it may be NaN.
extern "C" __global__ void maskSteps(
    i64 steps, i64 n, i64 width, const int* lengths, const float* x, float* y) {
  for (i64 i = firstIndex(); i < steps * n * width; i += indexStride()) {
    const i64 row = i / width;
    y[i] = row / n < lengths[row % n] ? x[i] : 0;
  }
}

// to [rows, n, width] = live for sequences of more than start steps, idle for the others; either
// may be null, for zeros, and either may be to.
extern "C" __global__ void selectStates(
    i64 rows,
    i64 n,
    i64 width,
    const int* lengths,
    int start,
    const float* live,
    const float* idle,
    float* to) {
  for (i64 i = firstIndex(); i < rows * n * width; i += indexStride()) {
    const float* from = lengths[i / width % n] > start ? live : idle;
    to[i] = from == nullptr ? 0 : from[i];
  }
}

// Where weight i of Gatun's block lies in cuDNN's space. Runs lie in the same order in both only
// within themselves: first [runs] has where each starts in the block, ascending from 0, and place
// [runs] where in the space.
__device__ inline i64 placeOf(i64 i, int runs, const i64* first, const i64* place) {
  int low = 0;
  int high = runs;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    if (first[middle] <= i) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return place[low] + i - first[low];
}

// space = weights [count], each at its place; the rest of the space stays as it is.
extern "C" __global__ void spreadWeights(
    i64 count, int runs, const i64* first, const i64* place, const float* weights, float* space) {
  for (i64 i = firstIndex(); i < count; i += indexStride()) {
    space[placeOf(i, runs, first, place)] = weights[i];
  }
}

// dWeights [count] += the gradient of each weight from its place in the space.
extern "C" __global__ void gatherGradients(
    i64 count, int runs, const i64* first, const i64* place, const float* space, float* dWeights) {
  for (i64 i = firstIndex(); i < count; i += indexStride()) {
    dWeights[i] += space[placeOf(i, runs, first, place)];
  }
}
