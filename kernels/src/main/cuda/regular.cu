// What regularisation adds to recurrent cells: masks of inputs and of recurrent weights, and layer
// normalisation. Sums are taken in double, in an order that the shape alone gives.
#include "gatun.cuh"

// to [t, n, width] = x with the mask of each sequence's features, which all steps share; zero on
// padding, whatever is there. lengths null: none is padding; threshold 2^32: nothing is masked.
// to may be x.
extern "C" __global__ void maskInput(
    int t,
    int n,
    int width,
    const int* lengths,
    const float* x,
    float* to,
    float scale,
    u64 first,
    u64 threshold,
    u64 seed,
    int layer,
    const i64* step) {
  const i64 row = (i64)n * width;
  for (i64 e = firstIndex(); e < row; e += indexStride()) {
    const bool all = threshold >> 32 != 0;
    const float factor =
        all ? 1 : keeps(seed, layer, step, first + e, threshold) ? scale : 0;
    const int length = lengths == nullptr ? t : lengths[e / width];
    for (int time = 0; time < t; time++) {
      const i64 i = time * row + e;
      to[i] = time < length ? factor * x[i] : 0;
    }
  }
}

// to[e] = from[e] with the mask of recurrent weights, added to what is there if add is not 0.
extern "C" __global__ void maskWeights(
    i64 count,
    const float* from,
    float* to,
    int add,
    float scale,
    u64 first,
    u64 threshold,
    u64 seed,
    int layer,
    const i64* step) {
  for (i64 e = firstIndex(); e < count; e += indexStride()) {
    const float value = keeps(seed, layer, step, first + e, threshold) ? scale * from[e] : 0;
    to[e] = add ? to[e] + value : value;
  }
}

// Normalises each row of v [rows, width]; inverses [rows]: 1 / deviation, null: not wanted. A
// block takes a row.
extern "C" __global__ void normalizeRows(i64 rows, int width, float* v, float* inverses) {
  for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
    float* x = v + row * width;
    double sum = 0;
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      sum += x[k];
    }
    const double mean = blockSum(sum) / width;
    double squares = 0;
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      squares += (x[k] - mean) * (x[k] - mean);
    }
    const double inverse = 1 / sqrt(blockSum(squares) / width + 1e-5);  // as PyTorch's LayerNorm
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      x[k] = (float)((x[k] - mean) * inverse);
    }
    if (inverses != nullptr && threadIdx.x == 0) {
      inverses[row] = (float)inverse;
    }
  }
}

// From dL/d(hat * gain) to dL/dv of normalizeRows; dv may be d. A block takes a row.
extern "C" __global__ void normalizeBackward(
    i64 rows,
    int width,
    const float* d,
    const float* hat,
    const float* inverses,
    const float* gain,
    float* dv) {
  for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
    const i64 from = row * width;
    double sum = 0;
    double slopes = 0;
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      const double slope = (double)d[from + k] * gain[k];
      sum += slope;
      slopes += slope * hat[from + k];
    }
    const double mean = blockSum(sum) / width;
    const double slope = blockSum(slopes) / width;
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      const double each = (double)d[from + k] * gain[k];
      dv[from + k] = (float)(inverses[row] * (each - mean - hat[from + k] * slope));
    }
  }
}

// sums [columns] += the sum of a * b [rows, columns] over their rows, those of a being stride apart.
extern "C" __global__ void columnProducts(
    i64 rows, int columns, const float* a, i64 stride, const float* b, float* sums) {
  sumOverRows(rows, columns, sums, [=](i64 row, i64 column) {
    return (double)a[row * stride + column] * b[row * columns + column];
  });
}
