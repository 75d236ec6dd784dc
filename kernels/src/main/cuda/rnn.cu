// What stands between Gatun's recurrent stacks and cuDNN's: weights in cuDNN's own places, padding,
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
template <class T>
__device__ inline void select(
    i64 rows, i64 n, i64 width, const int* lengths, int start, const T* live, const T* idle, T* to) {
  for (i64 i = firstIndex(); i < rows * n * width; i += indexStride()) {
    const T* from = lengths[i / width % n] > start ? live : idle;
    to[i] = from == nullptr ? 0 : from[i];
  }
}

extern "C" __global__ void selectStates(
    i64 rows,
    i64 n,
    i64 width,
    const int* lengths,
    int start,
    const float* live,
    const float* idle,
    float* to) {
  select(rows, n, width, lengths, start, live, idle, to);
}

// As selectStates, of elements of 2 bytes.
extern "C" __global__ void selectStates2(
    i64 rows,
    i64 n,
    i64 width,
    const int* lengths,
    int start,
    const unsigned short* live,
    const unsigned short* idle,
    unsigned short* to) {
  select(rows, n, width, lengths, start, live, idle, to);
}

// Of runs of elements that lie side by side, the one that element i of all of them is in: before
// [runs] has how many lie in the runs before each, ascending from 0.
__device__ inline int runOf(i64 i, int runs, const i64* before) {
  int low = 0;
  int high = runs;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    if (before[middle] <= i) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

// space = weights, count in all: run r from weights[from[r]] on goes to space[place[r]] on; the rest
// of the space stays as it is.
extern "C" __global__ void spreadWeights(
    i64 count,
    int runs,
    const i64* before,
    const i64* from,
    const i64* place,
    const float* weights,
    float* space) {
  for (i64 i = firstIndex(); i < count; i += indexStride()) {
    const int run = runOf(i, runs, before);
    space[place[run] + i - before[run]] = weights[from[run] + i - before[run]];
  }
}

// dWeights += the gradient of each weight from its place in the space; runs as of spreadWeights.
extern "C" __global__ void gatherGradients(
    i64 count,
    int runs,
    const i64* before,
    const i64* from,
    const i64* place,
    const float* space,
    float* dWeights) {
  for (i64 i = firstIndex(); i < count; i += indexStride()) {
    const int run = runOf(i, runs, before);
    dWeights[from[run] + i - before[run]] += space[place[run] + i - before[run]];
  }
}

// block = 0 in each run, from block[from[r]] on, count elements in all.
extern "C" __global__ void zeroRuns(
    i64 count, int runs, const i64* before, const i64* from, float* block) {
  for (i64 i = firstIndex(); i < count; i += indexStride()) {
    const int run = runOf(i, runs, before);
    block[from[run] + i - before[run]] = 0;
  }
}
