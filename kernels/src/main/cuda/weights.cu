// What is done to flat weights and gradients besides the optimizer's rule: see
// dev.gatun.backend.WeightOperations.
#include "gatun.cuh"

// x = max(-limit, min(limit, x)); NaN stays, unlike with fminf.
extern "C" __global__ void clampValues(i64 n, float* x, float limit) {
  for (i64 i = firstIndex(); i < n; i += indexStride()) {
    const float value = x[i];
    x[i] = value > limit ? limit : value < -limit ? -limit : value;
  }
}

// x *= factor [1].
extern "C" __global__ void scaleValues(i64 n, float* x, const double* factor) {
  const float by = (float)*factor;
  for (i64 i = firstIndex(); i < n; i += indexStride()) {
    x[i] *= by;
  }
}

// Rows whose norm is above a limit are brought down to it. One block for each row, in turn.
extern "C" __global__ void limitRows(i64 rows, i64 columns, float* x, double limit) {
  for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
    float* values = x + row * columns;
    double sum = 0;
    for (i64 i = threadIdx.x; i < columns; i += BLOCK) {
      sum += (double)values[i] * values[i];
    }
    const double norm = sqrt(blockSum(sum));
    if (norm > limit) {
      const float factor = (float)(limit / norm);
      for (i64 i = threadIdx.x; i < columns; i += BLOCK) {
        values[i] *= factor;
      }
    }
  }
}

// g += l1 sign(p) + l2 p, and for each block the sum of l1 |p| + l2 / 2 p^2.
extern "C" __global__ void penalize(
    i64 n, const float* p, float* g, double l1, double l2, double* sums) {
  double sum = 0;
  for (i64 i = firstIndex(); i < n; i += indexStride()) {
    const float value = p[i];
    const float sign = value > 0 ? 1.0f : value < 0 ? -1.0f : 0.0f;
    g[i] += (float)l1 * sign + (float)l2 * value;
    sum += l1 * fabs((double)value) + l2 / 2 * value * value;
  }
  sum = blockSum(sum);
  if (threadIdx.x == 0) {
    sums[blockIdx.x] = sum;
  }
}

// to [1] += the sum of sums [n]. One block.
extern "C" __global__ void addSums(i64 n, const double* sums, double* to) {
  double sum = 0;
  for (i64 i = threadIdx.x; i < n; i += BLOCK) {
    sum += sums[i];
  }
  sum = blockSum(sum);
  if (threadIdx.x == 0) {
    *to += sum;
  }
}

// a += weight (x - a).
extern "C" __global__ void averageValues(i64 n, const float* x, float* a, float weight) {
  for (i64 i = firstIndex(); i < n; i += indexStride()) {
    const float old = a[i];
    a[i] = (x[i] - old) * weight + old;
  }
}
