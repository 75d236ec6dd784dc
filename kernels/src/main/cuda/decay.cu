// The decay of missing inputs: dev.gatun.backend.InputDecay. x is [rows, 3 c]: values, masks and
// ages; y is [rows, 2 c]; decay [2, c]; a thread takes an input of a row.
#include "gatun.cuh"

__device__ inline float exponentOf(i64 c, i64 i, const float* row, const float* decay) {
  return decay[i] * row[2 * c + i] + decay[c + i];
}

// NaN stays, unlike with fmaxf.
__device__ inline float factorOf(float z) { return expf(z > 0 || z != z ? -z : 0.0f); }

extern "C" __global__ void inputDecay(
    i64 rows, i64 c, const float* x, const float* mean, const float* decay, float* y) {
  for (i64 k = firstIndex(); k < rows * c; k += indexStride()) {
    const i64 i = k % c;
    const float* row = x + k / c * 3 * c;
    float* out = y + k / c * 2 * c;
    const float there = row[c + i];
    const float g = factorOf(exponentOf(c, i, row, decay));
    out[i] = row[i] - (1.0f - there) * (1.0f - g) * (row[i] - mean[i]);
    out[c + i] = there;
  }
}

extern "C" __global__ void inputDecayBackward(
    i64 rows, i64 c, const float* x, const float* mean, const float* decay, const float* dy,
    float* parts, float* dx) {
  for (i64 k = firstIndex(); k < rows * c; k += indexStride()) {
    const i64 i = k % c;
    const float* row = x + k / c * 3 * c;
    const float* above = dy + k / c * 2 * c;
    float* part = parts + k / c * 2 * c;
    const float distance = row[i] - mean[i];
    const float there = row[c + i];
    const float z = exponentOf(c, i, row, decay);
    const float g = factorOf(z);
    const float dz = z > 0.0f ? -g * above[i] * (1.0f - there) * distance : 0.0f;
    part[i] = dz * row[2 * c + i];
    part[c + i] = dz;
    if (dx != nullptr) {
      float* to = dx + k / c * 3 * c;
      to[i] = above[i] * (there + (1.0f - there) * g);
      to[c + i] = above[c + i] + above[i] * (1.0f - g) * distance;
      to[2 * c + i] = dz * decay[i];
    }
  }
}
