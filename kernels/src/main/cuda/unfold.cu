// Windows over time: dev.gatun.backend.Unfolding. x is [t, n, width], columns [time, n, width *
// kernel]; valid: no padding, so a sequence has (length - kernel) / stride + 1 windows.
#include "gatun.cuh"

__device__ inline i64 windowsOf(i64 length, i64 kernel, i64 stride, i64 valid) {
  if (valid) {
    return length < kernel ? 0 : (length - kernel) / stride + 1;
  }
  return (length + stride - 1) / stride;
}

struct Unfold {
  const float* x;
  const int* lengths;
  float* columns;
  int* windows;
  const float* dColumns;
  float* dx;
  i64 kernel;
  i64 stride;
  i64 left;
  i64 valid;
  i64 width;
  i64 t;
  i64 n;
  i64 time;
};

extern "C" __global__ void unfold(Unfold u) {
  const i64 row = u.width * u.kernel;
  for (i64 i = firstIndex(); i < u.time * u.n * row; i += indexStride()) {
    const i64 j = i / (u.n * row);
    const i64 sequence = i / row % u.n;
    const i64 at = i % row;
    const i64 length = stepsOf(u.lengths, u.t, sequence);
    const i64 windows = windowsOf(length, u.kernel, u.stride, u.valid);
    const i64 s = j * u.stride - u.left + at % u.kernel;
    const bool inside = j < windows && s >= 0 && s < length;
    u.columns[i] = inside ? u.x[(s * u.n + sequence) * u.width + at / u.kernel] : 0;
    if (u.windows != nullptr && j == 0 && at == 0) {
      u.windows[sequence] = (int)windows;
    }
  }
}

extern "C" __global__ void unfoldBackward(Unfold u) {
  const i64 row = u.width * u.kernel;
  for (i64 i = firstIndex(); i < u.t * u.n * u.width; i += indexStride()) {
    const i64 s = i / (u.n * u.width);
    const i64 sequence = i / u.width % u.n;
    const i64 c = i % u.width;
    const i64 length = stepsOf(u.lengths, u.t, sequence);
    const i64 windows = windowsOf(length, u.kernel, u.stride, u.valid);
    double sum = 0;
    for (i64 k = 0; s < length && k < u.kernel; k++) {
      const i64 first = s + u.left - k;
      if (first >= 0 && first % u.stride == 0 && first / u.stride < windows) {
        sum += u.dColumns[(first / u.stride * u.n + sequence) * row + c * u.kernel + k];
      }
    }
    u.dx[i] = (float)sum;
  }
}
