// Batch normalisation over the valid positions of x [t, n, width]:
// dev.gatun.backend.BatchNormalization. Sums are taken in double and in a fixed order.
#include "gatun.cuh"

// As dev.gatun.backend.cuda.CudaBatchNorm fills it. Null: not there, or not wanted.
struct BatchNorm {
  const float* x;
  const int* lengths;  // [n]
  const float* scale;
  const float* shift;
  float* runningMean;
  float* runningVariance;
  float* y;
  float* mean;     // scratch, as the three below
  float* inverse;
  float* sum;
  float* dot;
  const float* dy;
  float* dx;
  float* dScale;
  float* dShift;
  double epsilon;
  double momentum;
  i64 t;
  i64 n;
  i64 width;
  i64 training;
};

__device__ inline bool isValid(const BatchNorm& b, i64 row) {
  return b.lengths == nullptr || row / b.n < b.lengths[row % b.n];
}

// The valid positions; every thread of the block calls it.
__device__ inline double positions(const BatchNorm& b) {
  double count = 0;
  for (i64 i = threadIdx.x; i < b.n; i += BLOCK) {
    count += b.lengths == nullptr ? b.t : b.lengths[i];
  }
  return blockSum(count);
}

// The sum of value(i) of the valid positions i of a column; every thread of the block calls it.
template <class Value>
__device__ inline double validSum(const BatchNorm& b, i64 column, Value value) {
  return columnSum(b.t * b.n, b.width, column, [&](i64 row, i64 c) {
    return isValid(b, row) ? value(row * b.width + c) : 0.0;
  });
}

// Mean and inverse deviation of columns, 32 for each block.
extern "C" __global__ void batchMoments(BatchNorm b) {
  const double count = positions(b);
  for (i64 first = (i64)blockIdx.x * WIDTH; first < b.width; first += (i64)gridDim.x * WIDTH) {
    const i64 c = first + threadIdx.x % WIDTH;
    double mean = 0;
    double variance = 0;
    if (b.training && count > 0) {
      mean = validSum(b, c, [&](i64 i) { return (double)b.x[i]; }) / count;
      variance = validSum(b, c, [&](i64 i) { return (b.x[i] - mean) * (b.x[i] - mean); }) / count;
    }
    if (threadIdx.x < WIDTH && c < b.width) {
      if (!b.training) {
        mean = b.runningMean[c];
        variance = b.runningVariance[c];
      } else if (count > 1 && isfinite(mean) && isfinite(variance)) {
        const double unbiased = variance * count / (count - 1);
        const double stay = 1 - b.momentum;
        b.runningMean[c] = (float)(stay * b.runningMean[c] + b.momentum * mean);
        b.runningVariance[c] = (float)(stay * b.runningVariance[c] + b.momentum * unbiased);
      }
      b.mean[c] = (float)mean;
      b.inverse[c] = (float)(1 / sqrt(variance + b.epsilon));
    }
  }
}

extern "C" __global__ void batchNormalize(BatchNorm b) {
  for (i64 i = firstIndex(); i < b.t * b.n * b.width; i += indexStride()) {
    const i64 c = i % b.width;
    const float normal = (b.x[i] - b.mean[c]) * b.inverse[c];
    b.y[i] = isValid(b, i / b.width) ? normal * b.scale[c] + b.shift[c] : 0;
  }
}

// The gradients of scale and shift, 32 columns for each block, and what those of x need.
extern "C" __global__ void batchSums(BatchNorm b) {
  const double count = positions(b);
  for (i64 first = (i64)blockIdx.x * WIDTH; first < b.width; first += (i64)gridDim.x * WIDTH) {
    const i64 c = first + threadIdx.x % WIDTH;
    const double mean = c < b.width ? b.mean[c] : 0;
    const double sum = validSum(b, c, [&](i64 i) { return (double)b.dy[i]; });
    const double dot = validSum(b, c, [&](i64 i) { return b.dy[i] * (b.x[i] - mean); });
    if (threadIdx.x < WIDTH && c < b.width) {
      const double scaled = dot * b.inverse[c];
      b.dShift[c] = (float)(b.dShift[c] + sum);
      b.dScale[c] = (float)(b.dScale[c] + scaled);
      b.sum[c] = count > 0 ? (float)(sum / count) : 0;
      b.dot[c] = count > 0 ? (float)(scaled / count) : 0;
    }
  }
}

extern "C" __global__ void batchBackward(BatchNorm b) {
  for (i64 i = firstIndex(); i < b.t * b.n * b.width; i += indexStride()) {
    const i64 c = i % b.width;
    const float normal = (b.x[i] - b.mean[c]) * b.inverse[c];
    const float centred = b.dy[i] - (b.sum[c] + normal * b.dot[c]);
    b.dx[i] = isValid(b, i / b.width) ? b.scale[c] * b.inverse[c] * centred : 0;
  }
}
