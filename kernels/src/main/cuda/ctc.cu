// Connectionist temporal classification (Graves et al. 2006, section 4.1): sums over all alignments
// as logarithms in double. Logits are float32 [t, n, v], row step * n + sequence. The states are a
// sequence's labels with a blank before, between and after them: even ones are blanks. Whatever is
// added up is added in an order that the shape alone gives, without atomics.
#include "gatun.cuh"

// What the kernels have in common; each field has 8 bytes, as dev.gatun.backend.cuda.CudaCtc sets
// them. Room: labels that scratch has room for in each sequence.
struct Ctc {
  const float* logits;      // [t, n, v]
  const int* lengths;       // [n]; null: all have t steps
  const int* labels;        // [n, stride], or flat if stride is negative
  i64 labelsSize;           // its elements
  const int* labelLengths;  // [n]
  const double* scale;      // [1]
  double* losses;           // [n]
  double* logSums;          // [t, n]: log of the sum of e^logits
  double* alpha;            // [n, t, 2 room + 1]: forward variables, then each state's share
  double* beta;             // [n, 2, 2 room + 1]: backward variables of two steps
  int* chains;              // [n, room]: see chain()
  i64 t;
  i64 n;
  i64 v;
  i64 blank;
  i64 perLabel;
  i64 stride;
  i64 room;
};

__device__ inline double never() { return log(0.0); }  // -infinity: NVRTC has no macro for it

__device__ inline i64 lengthOf(const Ctc& c, i64 i) {
  return c.lengths == nullptr ? c.t : c.lengths[i];
}

// Which of the labels is a sequence's first. Every thread of the block calls it.
__device__ inline i64 firstLabel(const Ctc& c, i64 i) {
  if (c.stride >= 0) {
    return i * c.stride;
  }
  double before = 0;
  for (i64 k = threadIdx.x; k < i; k += BLOCK) {
    before += c.labelLengths[k];
  }
  return (i64)blockSum(before);  // exact: far below 2^53
}

__device__ inline double weightOf(const Ctc& c, int count) {
  return c.perLabel && count > 1 ? 1.0 / count : 1.0;
}

// The larger one, or NaN.
template <class T>
__device__ inline T larger(T a, T b) {
  return isnan(a) || a > b ? a : b;
}

__device__ inline double logSum(double a, double b, double c) {
  const double max = larger(larger(a, b), c);
  return max == never() ? max : max + log(exp(a - max) + exp(b - max) + exp(c - max));
}

// logSums of all valid rows. A block takes a row.
extern "C" __global__ void ctcNormalize(Ctc c) {
  for (i64 row = blockIdx.x; row < c.t * c.n; row += gridDim.x) {
    if (row / c.n >= lengthOf(c, row % c.n)) {
      continue;  // the whole block
    }
    const float* x = c.logits + row * c.v;
    float most = x[0];
    for (int k = threadIdx.x; k < c.v; k += BLOCK) {
      most = larger(most, x[k]);
    }
    const float max = blockReduce(most, [](float a, float b) { return larger(a, b); });
    double sum = 0;
    for (int k = threadIdx.x; k < c.v; k += BLOCK) {
      sum += expf(x[k] - max);
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0) {
      c.logSums[row] = max + log(sum);
    }
  }
}

// Links each label to the next one that is the same, so that one thread can add up what they share
// in: link for the first of its kind, -1 - link for the others; count where there is no next.
__device__ inline void chain(const int* labels, int count, int* links) {
  for (int i = threadIdx.x; i < count; i += BLOCK) {
    int link = i + 1;
    while (link < count && labels[link] != labels[i]) {
      link++;
    }
    bool first = true;
    for (int k = 0; k < i; k++) {
      first = first && labels[k] != labels[i];
    }
    links[i] = first ? link : -1 - link;
  }
}

// One sequence: what a block works on.
struct Sequence {
  const float* x;         // its first row
  const double* logSums;  // its first one
  const int* labels;
  i64 rowStride;  // floats from one step to the next
  i64 n;
  int blank;
  int states;

  __device__ double logP(i64 step, int s) const {
    const int k = s % 2 == 0 ? blank : labels[s / 2];
    return x[step * rowStride + k] - logSums[step * n];
  }

  // Whether a path may go from state s - 2 to s: no blank has to part the two.
  __device__ bool skips(int s) const {
    return s > 2 && s % 2 == 1 && labels[s / 2] != labels[s / 2 - 1];
  }
};

__device__ inline void forwardStep(
    const Sequence& q, i64 step, const double* before, double* alpha) {
  for (int s = threadIdx.x; s < q.states; s += BLOCK) {
    double reached = s < 2 ? 0 : never();
    if (step > 0) {
      reached = logSum(
          before[s], s > 0 ? before[s - 1] : never(), q.skips(s) ? before[s - 2] : never());
    }
    alpha[s] = reached + q.logP(step, s);
  }
  __syncthreads();
}

// beta of a step from that of the step after it, and the share of each state: the probability of
// being in it, given the labels.
__device__ inline void backwardStep(
    const Sequence& q,
    i64 step,
    i64 length,
    const double* after,
    double* beta,
    double* alpha,
    double logProbability) {
  for (int s = threadIdx.x; s < q.states; s += BLOCK) {
    double b = s >= q.states - 2 ? 0 : never();
    if (step + 1 < length) {
      const bool next = s + 1 < q.states;
      const bool over = s + 2 < q.states && q.skips(s + 2);
      b = logSum(
          after[s] + q.logP(step + 1, s),
          next ? after[s + 1] + q.logP(step + 1, s + 1) : never(),
          over ? after[s + 2] + q.logP(step + 1, s + 2) : never());
    }
    beta[s] = b;
    alpha[s] = exp(alpha[s] + b - logProbability);
  }
  __syncthreads();
}

// Losses, and where shares are wanted those of each state; after ctcNormalize. A block takes a
// sequence. The host cannot look at lengths and labels: where one is outside its range the loss is
// NaN.
extern "C" __global__ void ctcAlign(Ctc c, int shares) {
  const i64 i = blockIdx.x;
  const i64 length = lengthOf(c, i);
  const int count = c.labelLengths[i];
  const i64 first = firstLabel(c, i);
  const int* labels = c.labels + first;
  double* loss = c.losses + i;
  bool wrong = length < 0 || length > c.t || count < 0 || count > c.room || first < 0 ||
               first + count > c.labelsSize;
  int repeats = 0;
  for (int k = threadIdx.x; !wrong && k < count; k += BLOCK) {
    wrong = labels[k] < 0 || labels[k] >= c.v || labels[k] == c.blank;
    repeats += k > 0 && labels[k] == labels[k - 1];
  }
  wrong = blockReduce((int)wrong, [](int a, int b) { return a | b; });
  repeats = blockReduce(repeats, [](int a, int b) { return a + b; });
  if (wrong || length < count + repeats || length == 0) {
    if (threadIdx.x == 0) {
      *loss = wrong ? nanf("") : length < count + repeats ? -never() : 0;
    }
    return;
  }
  const i64 width = 2 * c.room + 1;
  const Sequence q{
      c.logits + i * c.v, c.logSums + i, labels, c.n * c.v, c.n, (int)c.blank, 2 * count + 1};
  double* alpha = c.alpha + i * c.t * width;
  for (i64 step = 0; step < length; step++) {
    double* now = alpha + step * width;
    forwardStep(q, step, now - width, now);
  }
  const double* last = alpha + (length - 1) * width;
  const double logProbability =
      logSum(last[q.states - 1], count > 0 ? last[q.states - 2] : never(), never());
  __syncthreads();  // before the last step's become shares
  if (threadIdx.x == 0) {
    *loss = 0 - logProbability;
  }
  if (!shares || logProbability == never()) {
    return;
  }
  chain(labels, count, c.chains + i * c.room);
  double* beta = c.beta + i * 2 * width;
  for (i64 step = length - 1; step >= 0; step--) {
    double* now = beta + step % 2 * width;
    const double* after = beta + (step + 1) % 2 * width;
    backwardStep(q, step, length, after, now, alpha + step * width, logProbability);
  }
}

// d [t, n, v] = the gradient: weighted softmax less the share of each class (equation 16); after
// ctcAlign. It may be the logits. A block takes a row.
extern "C" __global__ void ctcGradient(Ctc c, float* d) {
  for (i64 row = blockIdx.x; row < c.t * c.n; row += gridDim.x) {
    const i64 i = row % c.n;
    const i64 step = row / c.n;
    const int count = c.labelLengths[i];
    const int* labels = c.labels + firstLabel(c, i);
    const double loss = c.losses[i];
    const double weight = *c.scale * weightOf(c, count);
    const float* x = c.logits + row * c.v;
    float* to = d + row * c.v;
    if (!isfinite(loss) || step >= lengthOf(c, i)) {
      for (int k = threadIdx.x; k < c.v; k += BLOCK) {
        to[k] = isnan(loss) ? nanf("") : 0;
      }
      continue;  // the whole block
    }
    const double logSum = c.logSums[row];
    for (int k = threadIdx.x; k < c.v; k += BLOCK) {
      to[k] = (float)(weight * expf((float)(x[k] - logSum)));
    }
    const double* share = c.alpha + (i * c.t + step) * (2 * c.room + 1);
    const int* links = c.chains + i * c.room;
    double blanks = 0;
    for (int s = threadIdx.x; s <= count; s += BLOCK) {
      blanks += share[2 * s];
    }
    blanks = blockSum(blanks);  // its barriers part the writes before from those below
    for (int k = threadIdx.x; k < count; k += BLOCK) {
      if (links[k] >= 0) {
        double sum = 0;
        for (int j = k; j < count; j = links[j] < 0 ? -1 - links[j] : links[j]) {
          sum += share[2 * j + 1];
        }
        to[labels[k]] = (float)(to[labels[k]] - weight * sum);
      }
    }
    if (threadIdx.x == 0) {
      to[c.blank] = (float)(to[c.blank] - weight * blanks);
    }
  }
}

// loss [1] = scale times the weighted sum of losses, those of impossible alignments left out and
// added to impossible [1]. One block.
extern "C" __global__ void ctcSum(Ctc c, double* loss, i64* impossible) {
  double sum = 0;
  double missing = 0;
  for (int i = threadIdx.x; i < c.n; i += BLOCK) {
    const double each = c.losses[i];
    if (isinf(each)) {
      missing += 1;
    } else {
      sum += weightOf(c, c.labelLengths[i]) * each;
    }
  }
  sum = blockSum(sum);
  missing = blockSum(missing);
  if (threadIdx.x == 0) {
    *loss = *c.scale * sum;
    *impossible += (i64)missing;
  }
}

// flat = the labels of all sequences without what pads them. A block takes a sequence.
extern "C" __global__ void ctcFlatten(Ctc c, int* flat) {
  const i64 i = blockIdx.x;
  const int* from = c.labels + i * c.stride;
  Ctc packed = c;
  packed.stride = -1;
  int* to = flat + firstLabel(packed, i);
  for (int k = threadIdx.x; k < c.labelLengths[i]; k += BLOCK) {
    to[k] = from[k];
  }
}

// What cuDNN gives into what is wanted: losses = costs [n], and d [t, n, v] weighted, with zeros
// beyond a sequence's steps and where its cost is infinite.
extern "C" __global__ void ctcWeigh(Ctc c, const float* costs, float* d) {
  for (i64 k = firstIndex(); k < c.t * c.n * c.v; k += indexStride()) {
    const i64 i = k / c.v % c.n;
    const bool zero = isinf(costs[i]) || k / c.v / c.n >= lengthOf(c, i);
    d[k] = zero ? 0 : (float)(*c.scale * weightOf(c, c.labelLengths[i]) * d[k]);
    if (k < c.n) {
      c.losses[k] = costs[k];
    }
  }
}
