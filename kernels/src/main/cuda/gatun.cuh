// What every CUDA source shares. Plain C++17 without other headers, so that NVRTC needs no CUDA
// installation and a host's compiler can build the same source for the tests.
#pragma once

typedef long long i64;
typedef unsigned long long u64;
typedef unsigned int u32;

// Threads of a block, of every kernel: a power of two, for the reductions.
constexpr int BLOCK = 256;

// The slots of an update's control scalars, as dev.gatun.backend.Control has them.
enum Control { RATE, UPDATES, NORM, FACTOR, NON_FINITE, PENALTY };

// The first index of this thread in a loop over elements, and the step to its next one.
__device__ inline i64 firstIndex() { return (i64)blockIdx.x * BLOCK + threadIdx.x; }
__device__ inline i64 indexStride() { return (i64)gridDim.x * BLOCK; }

// The valid ones of a sequence's t steps. lengths null: all of them.
__device__ inline i64 stepsOf(const int* lengths, i64 t, i64 sequence) {
  const i64 length = lengths == nullptr ? t : lengths[sequence];
  return length < 0 ? 0 : length < t ? length : t;
}

// Joins one value of each thread, always in the same order, so that the bits do not change from
// run to run. Every thread of the block calls it and gets the result.
template <class T, class Join>
__device__ inline T blockReduce(T value, Join join) {
  __shared__ T part[BLOCK];
  const int t = threadIdx.x;
  part[t] = value;
  __syncthreads();
  for (int half = BLOCK / 2; half > 0; half /= 2) {
    if (t < half) {
      part[t] = join(part[t], part[t + half]);
    }
    __syncthreads();
  }
  const T result = part[0];
  __syncthreads();  // before the next reduction writes
  return result;
}

// Columns that a block sums at a time: neighbouring threads read neighbouring columns.
constexpr int WIDTH = 32;

// The sum of value(row, column) of all rows, in double and always in the same order, for the
// thread's column: lane threadIdx.x % WIDTH of the block's. Every thread of the block calls it.
template <class Value>
__device__ inline double columnSum(i64 rows, i64 columns, i64 column, Value value) {
  constexpr int STRIPS = BLOCK / WIDTH;
  __shared__ double part[BLOCK];
  double sum = 0;
  for (i64 row = threadIdx.x / WIDTH; column < columns && row < rows; row += STRIPS) {
    sum += value(row, column);
  }
  part[threadIdx.x] = sum;
  __syncthreads();
  double total = 0;
  for (int strip = 0; strip < STRIPS; strip++) {
    total += part[strip * WIDTH + threadIdx.x % WIDTH];
  }
  __syncthreads();  // before the next sum writes
  return total;
}

// Adds value(row, column) of all rows to sums. A block owns WIDTH columns at a time; every thread
// of it calls this.
template <class Value>
__device__ inline void sumOverRows(i64 rows, int columns, float* sums, Value value) {
  const i64 step = (i64)gridDim.x * WIDTH;
  for (i64 first = (i64)blockIdx.x * WIDTH; first < columns; first += step) {
    const i64 column = first + threadIdx.x % WIDTH;
    const double sum = columnSum(rows, columns, column, value);
    if (threadIdx.x < WIDTH && column < columns) {
      sums[column] = (float)(sums[column] + sum);
    }
  }
}

__device__ inline double blockSum(double value) {
  return blockReduce(value, [](double a, double b) { return a + b; });
}

// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): the block at
// a counter, as dev.gatun.kernels.Philox computes it.
struct PhiloxBlock {
  u32 word[4];
};

__device__ inline PhiloxBlock philox(u64 key, u64 counterLow, u64 counterHigh) {
  u32 c0 = (u32)counterLow;
  u32 c1 = (u32)(counterLow >> 32);
  u32 c2 = (u32)counterHigh;
  u32 c3 = (u32)(counterHigh >> 32);
  u32 k0 = (u32)key;
  u32 k1 = (u32)(key >> 32);
  for (int round = 0; round < 10; round++) {
    const u64 product0 = (u64)0xD2511F53u * c0;
    const u64 product1 = (u64)0xCD9E8D57u * c2;
    c0 = (u32)(product1 >> 32) ^ c1 ^ k0;
    c2 = (u32)(product0 >> 32) ^ c3 ^ k1;
    c1 = (u32)product1;
    c3 = (u32)product0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// The high counter words of a mask, as dev.gatun.backend.MaskKey gives them.
__device__ inline u64 maskCounter(int layer, const i64* step) {
  return (u64)layer << 40 | (u64)*step;
}

// Whether a mask keeps an element; threshold: round((1 - rate) 2^32).
__device__ inline bool keeps(u64 seed, int layer, const i64* step, u64 element, u64 threshold) {
  const PhiloxBlock random = philox(seed, element / 4, maskCounter(layer, step));
  // An index that is not known when compiling would put the words into local memory.
  const u32 low = element & 1 ? random.word[1] : random.word[0];
  const u32 high = element & 1 ? random.word[3] : random.word[2];
  return (element & 2 ? high : low) < threshold;
}

__device__ inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }

// As dev.gatun.backend.cuda.ActivationCode has them.
enum Activation { TANH, RELU, SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY };

constexpr float LEAK = 0.01f;

// All but softmax, which is of a row. NaN stays.
__device__ inline float activate(i64 activation, float x) {
  switch (activation) {
    case TANH:
      return tanhf(x);
    case RELU:
      return x < 0 ? 0 : x;  // unlike with fmaxf
    case SIGMOID:
      return sigmoid(x);
    case LEAKY_RELU:
      return x > 0 ? x : LEAK * x;
    case ELU:
      return x > 0 ? x : expm1f(x);
    default:
      return x;
  }
}

// dy/dx of it, from y; at a kink the slope below it.
__device__ inline float slope(i64 activation, float y) {
  switch (activation) {
    case TANH:
      return 1 - y * y;
    case RELU:
      return y > 0;
    case SIGMOID:
      return y * (1 - y);
    case LEAKY_RELU:
      return y > 0 ? 1 : LEAK;
    case ELU:
      return y > 0 ? 1 : y + 1;
    default:
      return 1;
  }
}
