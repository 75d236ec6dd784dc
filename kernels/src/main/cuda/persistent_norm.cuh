// Layer normalisation of rows that a block has in shared memory; regular.cu says what it computes.
#pragma once
#include "persistent.cuh"

// The threads of a sequence's row.
constexpr int ROW_THREADS = BLOCK / TILE;

struct Sums {
  double a;
  double b;
};

// Both sums over the threads of this thread's row, in one order. A barrier comes between two calls.
__device__ inline Sums rowSums(double a, double b) {
  __shared__ Sums part[BLOCK / WARP];
#pragma unroll
  for (int by = WARP / 2; by > 0; by /= 2) {
    a += __shfl_xor_sync(ALL_LANES, a, by);
    b += __shfl_xor_sync(ALL_LANES, b, by);
  }
  if (threadIdx.x % WARP == 0) {
    part[threadIdx.x / WARP] = {a, b};
  }
  __syncthreads();
  Sums sums = {};
  const int first = threadIdx.x / ROW_THREADS * (ROW_THREADS / WARP);
  for (int warp = 0; warp < (int)(ROW_THREADS / WARP); warp++) {
    sums.a += part[first + warp].a;
    sums.b += part[first + warp].b;
  }
  return sums;
}

// Normalises rows [TILE, width] in place; in training they are saved, with 1 / deviation of each.
__device__ inline void normalize(
    const Pass& p, int n, int step, float* rows, int width, float* saved, float* inverses) {
  const int b = threadIdx.x / ROW_THREADS;
  const int first = threadIdx.x % ROW_THREADS;
  const i64 sequence = (i64)blockIdx.x * TILE + b;
  const bool keep = p.training && sequence < n;
  const i64 row = (i64)step * n + sequence;
  float* x = rows + b * width;
  double sum = 0;
  double squares = 0;
  for (int k = first; k < width; k += ROW_THREADS) {
    sum += x[k];
    squares += (double)x[k] * x[k];
  }
  const Sums sums = rowSums(sum, squares);
  const double mean = sums.a / width;
  const double variance = sums.b / width - mean * mean;  // of floats in double: nothing is lost
  const double inverse = 1 / sqrt((variance > 0 ? variance : 0) + 1e-5);
  for (int k = first; k < width; k += ROW_THREADS) {
    x[k] = (float)((x[k] - mean) * inverse);
    if (keep) {
      saved[row * width + k] = x[k];
    }
  }
  if (keep && first == 0) {
    inverses[row] = (float)inverse;
  }
}

// From dL/d(hat * gain) to dL/d of what was normalised, rows `apart` floats apart, in place; copied
// to `copy` if there is one.
__device__ inline void normalizeBack(
    int n,
    int step,
    float* rows,
    int apart,
    int width,
    const float* hats,
    const float* inverses,
    const float* gain,
    float* copy) {
  const int b = threadIdx.x / ROW_THREADS;
  const int first = threadIdx.x % ROW_THREADS;
  const i64 sequence = (i64)blockIdx.x * TILE + b;
  const int own = sequence < n ? width : 0;
  const i64 row = (i64)step * n + sequence;
  float* d = rows + b * apart;
  const float* hat = hats + row * width;
  double sum = 0;
  double slopes = 0;
  for (int k = first; k < own; k += ROW_THREADS) {
    const double slope = (double)d[k] * gain[k];
    sum += slope;
    slopes += slope * hat[k];
  }
  const Sums sums = rowSums(sum, slopes);
  const double mean = sums.a / width;
  const double slope = sums.b / width;
  for (int k = first; k < own; k += ROW_THREADS) {
    const double each = (double)d[k] * gain[k];
    d[k] = (float)(inverses[row] * (each - mean - hat[k] * slope));
    if (copy != nullptr) {
      copy[row * width + k] = d[k];
    }
  }
}
