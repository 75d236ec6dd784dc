// Updates of flat parameters by the rules of dev.gatun.backend.UpdateRule: one pass for all of them,
// whatever their number, and for LAMB, which needs norms of tensors, two more.
#include "gatun.cuh"

// A range that is updated alike: see dev.gatun.backend.UpdatePart. In ascending order.
struct UpdatePart {
  i64 start;
  i64 end;
  double rate;
  double decay;
  i64 row;     // elements of a row, of a part that goes by rows; else 0
  int* marks;  // for each row whether it has a gradient
};

// The rules by the numbers that CudaUpdater gives them.
enum Rule { SGD, ADAM, NADAM, ADAGRAD, ADADELTA, RMSPROP, LION, LAMB };

// Numbers of a rule, in its own order.
struct RuleNumbers {
  double a;
  double b;
  double epsilon;
  double c;
};

// What depends on the update alone. root: of 1 - beta2^t; of a direction (now g + late m) / (sqrt(v)
// / root + epsilon).
struct StepNumbers {
  double rate;
  float factor;
  float root;
  float now;
  float late;
};

__device__ inline double nadamMomentum(double beta, double decay, double t) {
  return beta * (1 - 0.5 * pow(0.96, t * decay));
}

__device__ inline StepNumbers stepNumbers(int rule, RuleNumbers x, const double* control) {
  const double t = control[UPDATES];
  StepNumbers step = {control[RATE], (float)control[FACTOR], 1, 0, 1};
  if (rule == ADAM || rule == NADAM || rule == LAMB) {
    step.root = (float)sqrt(1 - pow(x.b, t));
    step.late = (float)(1 / (1 - pow(x.a, t)));
  }
  if (rule == NADAM) {
    double product = 1;
    for (double i = 1; i <= t && product > 1e-18; i++) {
      product *= nadamMomentum(x.a, x.c, i);
    }
    const double ahead = nadamMomentum(x.a, x.c, t + 1);
    step.now = (float)((1 - nadamMomentum(x.a, x.c, t)) / (1 - product));
    step.late = (float)(ahead / (1 - product * ahead));
  }
  if (rule == ADAGRAD) {
    step.rate /= 1 + (t - 1) * x.c;
  }
  return step;
}

// The first part that ends after an element; it may begin after it too.
__device__ inline int partOf(int count, const UpdatePart* parts, i64 element) {
  int low = 0;
  int high = count - 1;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (parts[middle].end <= element) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

__device__ inline float mean(float* moment, float keep, float fresh, float value) {
  const float next = keep * *moment + fresh * value;
  *moment = next;
  return next;
}

// What the rate is multiplied with; the moments of the element, m to most, move on.
__device__ inline float direction(
    int rule, RuleNumbers x, const StepNumbers& step, float g, float* m, float* v, float* most) {
  const float epsilon = (float)x.epsilon;
  const float keepA = (float)x.a;
  const float freshA = (float)(1 - x.a);
  switch (rule) {
    case SGD: {
      if (x.a == 0) {
        return g;
      }
      *m = keepA * *m + g;
      return x.b != 0 ? g + keepA * *m : *m;
    }
    case ADAM:
    case NADAM:
    case LAMB: {
      *m += freshA * (g - *m);
      float square = mean(v, (float)x.b, (float)(1 - x.b), g * g);
      if (rule == ADAM && x.c != 0) {
        square = fmaxf(*most, square);
        *most = square;
      }
      return (step.now * g + step.late * *m) / (sqrtf(square) / step.root + epsilon);
    }
    case ADAGRAD: {
      *m += g * g;
      return g / (sqrtf(*m) + epsilon);
    }
    case ADADELTA: {
      const float square = mean(m, keepA, freshA, g * g);
      const float d = sqrtf(*v + epsilon) / sqrtf(square + epsilon) * g;
      mean(v, keepA, freshA, d * d);
      return d;
    }
    case RMSPROP: {
      float square = mean(m, keepA, freshA, g * g);
      if (x.c != 0) {
        *v += freshA * (g - *v);
        square = fmaxf(0, square - *v * *v);  // rounding may leave less than nothing
      }
      const float d = g / (sqrtf(square) + epsilon);
      if (x.b == 0) {
        return d;
      }
      float* velocity = x.c != 0 ? most : v;
      *velocity = (float)x.b * *velocity + d;
      return *velocity;
    }
    default: {  // LION
      const float c = *m + freshA * (g - *m);
      *m += (float)(1 - x.b) * (g - *m);
      return c > 0 ? 1 : c < 0 ? -1 : c;
    }
  }
}

// Marks the rows of each part (grid's y) that goes by rows, a block for each row.
extern "C" __global__ void touchedRows(const UpdatePart* parts, const float* gradients) {
  const UpdatePart part = parts[blockIdx.y];
  const i64 rows = part.row > 0 ? (part.end - part.start) / part.row : 0;
  for (i64 r = blockIdx.x; r < rows; r += gridDim.x) {
    double other = 0;
    for (i64 c = threadIdx.x; c < part.row; c += BLOCK) {
      other += gradients[part.start + r * part.row + c] != 0 ? 1 : 0;
    }
    other = blockSum(other);
    if (threadIdx.x == 0) {
      part.marks[r] = other != 0;
    }
  }
}

// Every rule but LAMB in one pass; LAMB's first: its directions take the gradients' place. Moments
// that a rule has not are null. Elements of no part stay.
extern "C" __global__ void update(
    int rule,
    i64 n,
    int count,
    const UpdatePart* parts,
    float* parameters,
    float* gradients,
    float* m,
    float* v,
    float* most,
    const double* control,
    double a,
    double b,
    double epsilon,
    double c,
    double weightDecay,
    int decoupled) {
  const RuleNumbers x = {a, b, epsilon, c};
  // By one thread of a block: a power in double costs more than the rest of an element.
  __shared__ StepNumbers step;
  if (threadIdx.x == 0) {
    step = stepNumbers(rule, x, control);
  }
  __syncthreads();
  const bool skip = control[NON_FINITE] != -1;
  float none = 0;
  for (i64 i = firstIndex(); i < n; i += indexStride()) {
    const UpdatePart part = parts[partOf(count, parts, i)];
    if (i < part.start || i >= part.end) {
      continue;
    }
    if (skip) {
      gradients[i] = 0;
      continue;
    }
    if (part.row > 0 && part.marks[(i - part.start) / part.row] == 0) {
      continue;
    }
    const float p = parameters[i];
    const double rate = step.rate * part.rate;
    const double decay = weightDecay * part.decay;
    const float g =
        step.factor * gradients[i] + (decoupled ? 0 : (float)decay * p);
    const float d = direction(
        rule,
        x,
        step,
        g,
        m == nullptr ? &none : m + i,
        v == nullptr ? &none : v + i,
        most == nullptr ? &none : most + i);
    if (rule == LAMB) {
      gradients[i] = d + (float)decay * p;
    } else {
      const float shrink = decoupled ? (float)(1 - rate * decay) : 1;
      parameters[i] = shrink * p - (float)rate * d;
      gradients[i] = 0;
    }
  }
}

// LAMB's second pass: sums of squares of parameters and directions, of each part (grid's y) and
// block (grid's x), [parts, blocks] each.
extern "C" __global__ void lambSquares(
    const UpdatePart* parts,
    const float* parameters,
    const float* directions,
    double* parameterSums,
    double* directionSums) {
  const UpdatePart part = parts[blockIdx.y];
  double own = 0;
  double step = 0;
  for (i64 i = part.start + firstIndex(); i < part.end; i += indexStride()) {
    own += (double)parameters[i] * parameters[i];
    step += (double)directions[i] * directions[i];
  }
  own = blockSum(own);
  step = blockSum(step);
  if (threadIdx.x == 0) {
    const i64 at = (i64)blockIdx.y * gridDim.x + blockIdx.x;
    parameterSums[at] = own;
    directionSums[at] = step;
  }
}

// LAMB's last pass, on a grid as lambSquares'.
extern "C" __global__ void lambApply(
    const UpdatePart* parts,
    float* parameters,
    float* directions,
    const double* parameterSums,
    const double* directionSums,
    const double* control) {
  const UpdatePart part = parts[blockIdx.y];
  __shared__ float far;
  if (threadIdx.x == 0) {
    double own = 0;
    double step = 0;
    for (u32 block = 0; block < gridDim.x; block++) {
      own += parameterSums[(i64)blockIdx.y * gridDim.x + block];
      step += directionSums[(i64)blockIdx.y * gridDim.x + block];
    }
    const double trust = own == 0 || step == 0 ? 1 : sqrt(own / step);
    far = (float)(control[RATE] * part.rate * trust);
  }
  __syncthreads();
  const bool skip = control[NON_FINITE] != -1;
  for (i64 i = part.start + firstIndex(); i < part.end; i += indexStride()) {
    if (!skip) {
      parameters[i] -= far * directions[i];
    }
    directions[i] = 0;
  }
}
