// The operations of dev.gatun.backend.Backend but recurrent stacks and matrix products. Memory is
// float32 and row-major, sums are taken in double and in an order that the shape and the grid
// alone give. Grids are one-dimensional, of any size, with BLOCK threads to a block.
#include "gatun.cuh"

template <class T>
__device__ inline void fill(i64 n, T* y, T value) {
  for (i64 i = firstIndex(); i < n; i += indexStride()) {
    y[i] = value;
  }
}

extern "C" __global__ void fillFloat(i64 n, float* y, float value) { fill(n, y, value); }
extern "C" __global__ void fillDouble(i64 n, double* y, double value) { fill(n, y, value); }
extern "C" __global__ void fillInt(i64 n, int* y, int value) { fill(n, y, value); }
extern "C" __global__ void fillLong(i64 n, i64* y, i64 value) { fill(n, y, value); }

template <class From, class To>
__device__ inline void convert(i64 n, const From* x, To* y) {
  for (i64 i = firstIndex(); i < n; i += indexStride()) {
    y[i] = (To)x[i];
  }
}

extern "C" __global__ void toDouble(i64 n, const float* x, double* y) { convert(n, x, y); }
extern "C" __global__ void toFloat(i64 n, const double* x, float* y) { convert(n, x, y); }

// y [rows, columns] += bias [columns] in each row.
extern "C" __global__ void addBias(i64 rows, int columns, const float* bias, float* y) {
  for (i64 i = firstIndex(); i < rows * columns; i += indexStride()) {
    y[i] += bias[i % columns];
  }
}

// sums [columns] += the sum of x [rows, columns] over its rows. A block takes 32 columns, which a
// warp reads side by side, and its warps every eighth row.
extern "C" __global__ void columnSums(i64 rows, int columns, const float* x, float* sums) {
  sumOverRows(rows, columns, sums, [=](i64 row, i64 column) { return x[row * columns + column]; });
}

// y [rows, width] = table [vocabulary, width] at the rows ids. The host cannot look at an id
// without waiting: one that is outside gives NaN, which the loss shows.
extern "C" __global__ void embedding(
    i64 rows, int width, int vocabulary, const int* ids, const float* table, float* y) {
  for (i64 i = firstIndex(); i < rows * width; i += indexStride()) {
    const i64 id = ids[i / width];
    y[i] = id >= 0 && id < vocabulary ? table[id * width + i % width] : nanf("");
  }
}

// Adds each row of dy [rows, width] to the row of dTable [vocabulary, width] that its id names, but
// those of padding. A block owns a row of the table and adds to it in the order of the ids, without atomics.
extern "C" __global__ void embeddingBackward(
    i64 rows, int width, int vocabulary, const int* ids, const float* dy, float* dTable,
    int padding) {
  __shared__ int some[BLOCK];
  for (i64 id = blockIdx.x; id < vocabulary; id += gridDim.x) {
    if (id == padding) {
      continue;  // the whole block
    }
    for (int first = 0; first < width; first += BLOCK) {
      const int column = first + threadIdx.x;
      double sum = 0;
      for (i64 from = 0; from < rows; from += BLOCK) {
        const i64 left = rows - from;
        const int count = left < BLOCK ? (int)left : BLOCK;
        if ((int)threadIdx.x < count) {
          some[threadIdx.x] = ids[from + threadIdx.x];
        }
        __syncthreads();
        for (int k = 0; column < width && k < count; k++) {
          if (some[k] == id) {
            sum += dy[(from + k) * width + column];
          }
        }
        __syncthreads();
      }
      if (column < width) {
        float* to = dTable + id * width + column;
        *to = (float)(*to + sum);
      }
    }
  }
}

// y[i] = scale x[i] where the mask keeps element i, else 0; y may be x.
//
// scale: 1 / (1 - rate); threshold: round((1 - rate) 2^32); step: the training step. A thread
// takes the four elements of a block of random words.
extern "C" __global__ void dropout(
    i64 n,
    const float* x,
    float* y,
    float scale,
    u64 threshold,
    u64 seed,
    int layer,
    const i64* step) {
  const u64 counter = maskCounter(layer, step);
  for (i64 block = firstIndex(); 4 * block < n; block += indexStride()) {
    const PhiloxBlock random = philox(seed, block, counter);
    for (int k = 0; k < 4; k++) {
      const i64 i = 4 * block + k;
      if (i < n) {
        y[i] = random.word[k] < threshold ? x[i] * scale : 0;
      }
    }
  }
}

template <class T>
__device__ inline void copyBlock(
    i64 rows, int columns, const T* from, i64 fromWidth, T* to, i64 toWidth) {
  for (i64 i = firstIndex(); i < rows * columns; i += indexStride()) {
    const i64 row = i / columns;
    const i64 column = i % columns;
    to[row * toWidth + column] = from[row * fromWidth + column];
  }
}

// Columns of elements of 4 bytes; from and to are the addresses of the first ones.
extern "C" __global__ void copyColumns4(
    i64 rows, int columns, const u32* from, i64 fromWidth, u32* to, i64 toWidth) {
  copyBlock(rows, columns, from, fromWidth, to, toWidth);
}

// As copyColumns4, of 8 bytes.
extern "C" __global__ void copyColumns8(
    i64 rows, int columns, const u64* from, i64 fromWidth, u64* to, i64 toWidth) {
  copyBlock(rows, columns, from, fromWidth, to, toWidth);
}

// Adds columns of from to columns of to; both are the addresses of the first ones.
extern "C" __global__ void addColumns(
    i64 rows, int columns, const float* from, i64 fromWidth, float* to, i64 toWidth) {
  for (i64 i = firstIndex(); i < rows * columns; i += indexStride()) {
    const i64 row = i / columns;
    const i64 column = i % columns;
    to[row * toWidth + column] += from[row * fromWidth + column];
  }
}

// Softmax cross-entropy of logits [rows, classes]: losses [rows], unscaled, for sumLoss, and the
// scaled gradient, which may overwrite the logits; dLogits null: not wanted. The target counts
// (1 - smoothing) times its weight, each class smoothing / classes times its own; weights null: all
// 1. A negative target is ignored. One that is too large gives NaN, as the host cannot look. A
// block takes a row.
extern "C" __global__ void softmaxCrossEntropy(
    i64 rows,
    int classes,
    const float* logits,
    const int* targets,
    const float* weights,
    double smoothing,
    const double* scale,
    double* losses,
    float* dLogits) {
  const double share = smoothing / classes;
  for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* x = logits + row * classes;
    const int target = targets[row];
    const bool wrong = target >= classes;
    float most = x[0];
    for (int k = threadIdx.x; k < classes; k += BLOCK) {
      most = fmaxf(most, x[k]);
    }
    // Taken off first, so that exp does not overflow.
    const float max = blockReduce(most, [](float a, float b) { return fmaxf(a, b); });
    double sum = 0;
    for (int k = threadIdx.x; k < classes; k += BLOCK) {
      sum += expf(x[k] - max);
    }
    sum = blockSum(sum);
    const bool valid = target >= 0 && !wrong;
    const double own =
        valid ? (1 - smoothing) * (weights == nullptr ? 1 : weights[target]) : 0;
    double total = 0;
    double dot = 0;
    if (share > 0) {  // the same for every thread
      for (int k = threadIdx.x; k < classes; k += BLOCK) {
        const double part = weights == nullptr ? share : share * weights[k];
        total += part;
        dot += part * ((double)x[k] - max);
      }
      total = blockSum(total);
      dot = blockSum(dot);
    }
    total += own;
    if (threadIdx.x == 0) {
      double loss = 0;
      if (target >= 0) {
        loss = wrong ? nanf("") : total * log(sum) - dot - own * ((double)x[target] - max);
      }
      losses[row] = loss;
    }
    __syncthreads();  // before the gradient overwrites the logits
    if (dLogits != nullptr) {
      const float all = target < 0 ? 0 : wrong ? nanf("") : (float)*scale;
      const float each = (float)(total / sum);
      for (int k = threadIdx.x; k < classes; k += BLOCK) {
        const float part = (float)(weights == nullptr ? share : share * weights[k]);
        const float gradient = expf(x[k] - max) * each - (k == target ? (float)own : 0) - part;
        dLogits[row * classes + k] = target < 0 ? 0 : all * gradient;
      }
    }
  }
}

// A loss of one number and its slope.
struct Point {
  double loss;
  double slope;
};

// By dev.gatun.backend.ElementLoss, except the Gaussian's, which takes two numbers.
__device__ inline Point pointLoss(int kind, double parameter, double p, double t) {
  const double d = p - t;
  const double size = fabs(d);
  const double sign = d > 0 ? 1 : d < 0 ? -1 : d;  // NaN stays
  switch (kind) {
    case 0:
      return {d * d, 2 * d};
    case 1:
      return {size, sign};
    case 2:
      return size > parameter ? Point{parameter * (size - parameter / 2), sign * parameter}
                              : Point{d * d / 2, d};
    case 3:
      return {d > 0 ? (1 - parameter) * d : -parameter * d,
              d > 0 ? 1 - parameter : d < 0 ? -parameter : d};
    default: {
      const double slope = 1 + (parameter - 1) * t;
      const double small = exp(-fabs(p));
      const double share = (p >= 0 ? small : 1) / (1 + small);
      return {(1 - t) * p + slope * ((p < 0 ? -p : 0) + log1p(small)), (1 - t) - slope * share};
    }
  }
}

// The sums of a weighted loss of prediction [rows, columns] in rows of stride floats, one of each
// block, unscaled, for sumLoss, and the scaled gradient d, laid out as the prediction. kind and
// parameter as RowKernels gives them; kind 5 is the Gaussian's, which finds the logarithm of the
// variance, at least parameter, columns after the mean. rowWeights null: all 1; d null: not wanted.
extern "C" __global__ void elementLoss(
    int kind,
    double parameter,
    i64 rows,
    int columns,
    int stride,
    const float* prediction,
    const float* target,
    const float* rowWeights,
    const double* scale,
    double* losses,
    float* d) {
  double sum = 0;
  for (i64 i = firstIndex(); i < rows * columns; i += indexStride()) {
    const i64 row = i / columns;
    const i64 at = row * stride + i % columns;
    const double weight = rowWeights == nullptr ? 1 : rowWeights[row];
    const double slope = *scale * weight;
    if (weight == 0) {
      if (d != nullptr) {
        d[at] = 0;
        if (kind == 5) {
          d[at + columns] = 0;
        }
      }
    } else if (kind == 5) {
      const double s = prediction[at + columns];
      const double logVariance = s < parameter ? parameter : s;
      const double error = (double)prediction[at] - target[i];
      const double z = error * exp(-logVariance);
      sum += weight * (logVariance + error * z) / 2;
      if (d != nullptr) {
        d[at] = (float)(slope * z);
        d[at + columns] = (float)(slope * (1 - error * z) / 2);
      }
    } else {
      const Point point = pointLoss(kind, parameter, prediction[at], target[i]);
      sum += weight * point.loss;
      if (d != nullptr) {
        d[at] = (float)(slope * point.slope);
      }
    }
  }
  sum = blockSum(sum);
  if (threadIdx.x == 0) {
    losses[blockIdx.x] = sum;
  }
}

// loss [1] = scale [1] times the sum of losses [n]. One block.
extern "C" __global__ void sumLoss(
    i64 n, const double* losses, const double* scale, double* loss) {
  double sum = 0;
  for (i64 i = threadIdx.x; i < n; i += BLOCK) {
    sum += losses[i];
  }
  sum = blockSum(sum);
  if (threadIdx.x == 0) {
    *loss = *scale * sum;
  }
}

__device__ inline i64 firstOf(i64 a, i64 b) {
  return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

// The first pass of an update: the sum of squares of what each block reads, and the index of the
// first gradient of it that is not finite, or -1.
extern "C" __global__ void squares(i64 n, const float* gradients, double* sums, i64* nonFinite) {
  double sum = 0;
  i64 first = -1;
  for (i64 i = firstIndex(); i < n; i += indexStride()) {
    const double g = gradients[i];
    sum += g * g;
    if (first < 0 && !isfinite(g)) {
      first = i;
    }
  }
  sum = blockSum(sum);
  first = blockReduce(first, [](i64 a, i64 b) { return firstOf(a, b); });
  if (threadIdx.x == 0) {
    sums[blockIdx.x] = sum;
    nonFinite[blockIdx.x] = first;
  }
}

// The second pass, over what the blocks of squares wrote. One block.
extern "C" __global__ void prepareUpdate(
    i64 blocks, const double* sums, const i64* nonFinite, double maxNorm, double* control) {
  double sum = 0;
  i64 first = -1;
  for (i64 i = threadIdx.x; i < blocks; i += BLOCK) {
    sum += sums[i];
    first = firstOf(first, nonFinite[i]);
  }
  sum = blockSum(sum);
  first = blockReduce(first, [](i64 a, i64 b) { return firstOf(a, b); });
  if (threadIdx.x == 0) {
    const double norm = sqrt(sum);
    const double ratio = maxNorm / (norm + 1e-6);  // as PyTorch's clip_grad_norm_
    control[NORM] = norm;
    control[NON_FINITE] = (double)first;
    control[FACTOR] = ratio > 1 ? 1 : ratio;  // NaN stays, unlike with fmin
    if (first < 0) {
      control[UPDATES] += 1;
    }
  }
}
