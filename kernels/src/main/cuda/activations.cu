// Activations of rows [rows, width]; softmax over a row, which a block takes.
#include "gatun.cuh"

extern "C" __global__ void activation(
    i64 rows, int width, int function, const float* x, float* y) {
  for (i64 i = firstIndex(); i < rows * width; i += indexStride()) {
    y[i] = activate(function, x[i]);
  }
}

// dx from y and dy; dx may be dy.
extern "C" __global__ void activationBackward(
    i64 rows, int width, int function, const float* y, const float* dy, float* dx) {
  for (i64 i = firstIndex(); i < rows * width; i += indexStride()) {
    dx[i] = dy[i] * slope(function, y[i]);
  }
}

extern "C" __global__ void softmax(i64 rows, int width, int, const float* x, float* y) {
  for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* from = x + row * width;
    float* to = y + row * width;
    float largest = from[0];
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      largest = from[k] > largest || from[k] != from[k] ? from[k] : largest;
    }
    largest = blockReduce(largest, [](float a, float b) { return a > b || a != a ? a : b; });
    double sum = 0;
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      to[k] = expf(from[k] - largest);
      sum += to[k];
    }
    sum = blockSum(sum);
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      to[k] = (float)(to[k] / sum);
    }
  }
}

extern "C" __global__ void softmaxBackward(
    i64 rows, int width, int, const float* y, const float* dy, float* dx) {
  for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
    const i64 from = row * width;
    double sum = 0;
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      sum += (double)y[from + k] * dy[from + k];
    }
    sum = blockSum(sum);
    for (int k = threadIdx.x; k < width; k += BLOCK) {
      dx[from + k] = y[from + k] * (float)(dy[from + k] - sum);
    }
  }
}
