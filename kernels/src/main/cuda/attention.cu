// Attention over time: dev.gatun.backend.Attention. Rows lie step by step, a sequence's n apart.
// Sums are taken in double, each by one thread or by a block in a fixed order.
#include "gatun.cuh"

// As dev.gatun.backend.cuda.CudaAttention fills it. Null: not there, or not wanted.
struct Attention {
  const float* queries;  // [tq, n, width]
  const float* keys;     // [tk, n, width]
  const float* values;   // [tk, n, depth]
  const int* lengths;    // [n]
  const float* vector;   // [width]
  float* weights;        // [tq, n, tk]
  float* context;        // [tq, n, depth]
  const float* dContext;
  float* dQueries;
  float* dKeys;
  float* dValues;
  float* dScores;   // [tq, n, tk], scratch
  float* dVectors;  // [tq, n, width], scratch: the shares of the vector's gradient
  double scale;
  i64 tq;
  i64 tk;
  i64 n;
  i64 width;
  i64 depth;
  i64 additive;
};

__device__ inline i64 keyCount(const Attention& a, i64 sequence) {
  return stepsOf(a.lengths, a.tk, sequence);
}

// tanh(q + k) of one element.
__device__ inline float hidden(const float* query, const float* key, i64 k) {
  return tanhf((query == nullptr ? 0 : query[k]) + key[k]);
}

__device__ inline const float* queryOf(const Attention& a, i64 row) {
  return a.queries == nullptr ? nullptr : a.queries + row * a.width;
}

// What a dot product multiplies a key with.
__device__ inline const float* askedBy(const Attention& a, i64 row) {
  return a.queries == nullptr ? a.vector : a.queries + row * a.width;
}

__device__ inline float score(const Attention& a, i64 row, const float* key) {
  const float* query = queryOf(a, row);
  const float* asked = askedBy(a, row);
  double sum = 0;
  for (i64 k = 0; k < a.width; k++) {
    sum += a.additive ? (double)a.vector[k] * hidden(query, key, k) : (double)asked[k] * key[k];
  }
  return (float)(a.scale * sum);
}

// Weights and context. A block takes a query, its threads keys and then columns.
extern "C" __global__ void attentionForward(Attention a) {
  for (i64 row = blockIdx.x; row < a.tq * a.n; row += gridDim.x) {
    const i64 sequence = row % a.n;
    const i64 count = keyCount(a, sequence);
    float* weights = a.weights + row * a.tk;
    float largest = logf(0);  // -infinity, for which NVRTC has no macro
    for (i64 s = threadIdx.x; s < count; s += BLOCK) {
      weights[s] = score(a, row, a.keys + (s * a.n + sequence) * a.width);
      largest = weights[s] > largest || weights[s] != weights[s] ? weights[s] : largest;
    }
    largest = blockReduce(largest, [](float x, float y) { return x > y || x != x ? x : y; });
    double sum = 0;
    for (i64 s = threadIdx.x; s < a.tk; s += BLOCK) {
      weights[s] = s < count ? expf(weights[s] - largest) : 0;
      sum += weights[s];
    }
    sum = blockSum(sum);
    for (i64 s = threadIdx.x; s < count; s += BLOCK) {
      weights[s] = (float)(weights[s] / sum);
    }
    __syncthreads();
    for (i64 e = threadIdx.x; e < a.depth; e += BLOCK) {
      double total = 0;
      for (i64 s = 0; s < count; s++) {
        total += (double)weights[s] * a.values[(s * a.n + sequence) * a.depth + e];
      }
      a.context[row * a.depth + e] = (float)total;
    }
    __syncthreads();
  }
}

// The gradients of scores and queries, and each query's share of the vector's.
extern "C" __global__ void attentionQueries(Attention a) {
  for (i64 row = blockIdx.x; row < a.tq * a.n; row += gridDim.x) {
    const i64 sequence = row % a.n;
    const i64 count = keyCount(a, sequence);
    const float* weights = a.weights + row * a.tk;
    const float* dContext = a.dContext + row * a.depth;
    float* dScores = a.dScores + row * a.tk;
    double mean = 0;
    for (i64 s = threadIdx.x; s < count; s += BLOCK) {
      const float* value = a.values + (s * a.n + sequence) * a.depth;
      double sum = 0;
      for (i64 e = 0; e < a.depth; e++) {
        sum += (double)dContext[e] * value[e];
      }
      dScores[s] = (float)sum;
      mean += weights[s] * sum;
    }
    mean = blockSum(mean);
    for (i64 s = threadIdx.x; s < count; s += BLOCK) {
      dScores[s] = (float)(a.scale * weights[s] * (dScores[s] - mean));
    }
    __syncthreads();
    const float* query = queryOf(a, row);
    for (i64 k = threadIdx.x; k < a.width; k += BLOCK) {
      double dQuery = 0;
      double dVector = 0;
      for (i64 s = 0; s < count; s++) {
        const float* key = a.keys + (s * a.n + sequence) * a.width;
        const double g = dScores[s];
        if (a.additive) {
          const double h = hidden(query, key, k);
          dVector += g * h;
          dQuery += g * a.vector[k] * (1 - h * h);
        } else {
          dVector += g * key[k];
          dQuery += g * key[k];
        }
      }
      if (a.dQueries != nullptr) {
        a.dQueries[row * a.width + k] = (float)dQuery;
      }
      if (a.dVectors != nullptr) {
        a.dVectors[row * a.width + k] = (float)dVector;
      }
    }
    __syncthreads();
  }
}

// The gradients of keys and values, after those of scores. A block takes a step of a sequence.
extern "C" __global__ void attentionKeys(Attention a) {
  for (i64 at = blockIdx.x; at < a.tk * a.n; at += gridDim.x) {
    const i64 step = at / a.n;
    const i64 sequence = at % a.n;
    const bool valid = step < keyCount(a, sequence);
    const float* key = a.keys + at * a.width;
    for (i64 k = threadIdx.x; a.dKeys != nullptr && k < a.width; k += BLOCK) {
      double sum = 0;
      for (i64 q = 0; valid && q < a.tq; q++) {
        const i64 row = q * a.n + sequence;
        const double g = a.dScores[row * a.tk + step];
        if (a.additive) {
          const double h = hidden(queryOf(a, row), key, k);
          sum += g * a.vector[k] * (1 - h * h);
        } else {
          sum += g * askedBy(a, row)[k];
        }
      }
      a.dKeys[at * a.width + k] = (float)sum;
    }
    for (i64 e = threadIdx.x; a.dValues != nullptr && e < a.depth; e += BLOCK) {
      double sum = 0;
      for (i64 q = 0; valid && q < a.tq; q++) {
        const i64 row = q * a.n + sequence;
        sum += (double)a.weights[row * a.tk + step] * a.dContext[row * a.depth + e];
      }
      a.dValues[at * a.depth + e] = (float)sum;
    }
  }
}
