// The steps of recurrent cells between their matrix products: docs/equations.md as code. A step
// works on the n sequences of a call; the reverse direction starts at each sequence's own end.
// Lengths are read here alone, so that the host never waits for them.
//
// Two orders of rows: by time as in x, row = time * n + sequence, and by step as the direction
// goes, row = step * n + sequence. A step beyond the end of a sequence stands for the row of the
// same number in x, its padding: states pass through it unchanged, gradients through it are zero.
#include "gatun.cuh"

// A random mask; dev.gatun.backend.Regularization.Mask has the numbers of its elements.
struct Mask {
  u64 first;      // its first element
  u64 threshold;  // round((1 - rate) 2^32)
  double rate;    // 0: none
};

// One layer and direction. dev.gatun.backend.cuda.CellPass writes it: 8 bytes each, in this order.
// What is called saved has T * N rows, and N in inference.
struct Pass {
  i64 hidden;       // H
  i64 out;          // P or H
  i64 gates;        // G
  i64 direction;    // 0 forward, 1 reverse
  i64 outputWidth;  // D * out
  i64 state;        // layer * D + direction, its place in the states
  i64 training;     // whether masks are drawn and all steps are kept
  i64 projected;    // whether h is a product with the LSTM's o * tanh(c)
  i64 relu;         // of the simple cells
  const int* lengths;  // [N]; null: all are t
  const float* inputGain;  // the gains and shifts of layer normalisation; null: 1 and 0
  const float* inputBias;
  const float* recurrentGain;
  const float* recurrentBias;
  const float* cellGain;
  const float* cellShift;
  const float* h0;  // the states of the whole stack; null: zero, or not wanted
  const float* c0;
  float* hn;
  float* cn;
  const float* dhn;
  const float* dcn;
  float* dh0;
  float* dc0;
  float* y;         // [T * N, D * out], and its gradient; null: zero
  const float* dy;
  float* a;         // [T * N, G*H] by time: W x
  float* u;         // [N, G*H]: R h; saved where it is normalised
  float* h;         // [T + 1, N, out] by step, h[0] the initial one; in inference two take turns
  float* c;
  float* hSeen;     // [T + 1, N, out]: what R sees of h; null: h itself
  float* kept;      // saved gates [rows, G*H], overwritten with dL/du
  float* inner;     // saved [rows, H]: o * tanh(c); GRU: u_n; reset-before: r * h
  float* squashed;  // saved [rows, H]: tanh(c)
  float* cellHat;   // saved [rows, H]: c, then c normalised; null: it is not
  float* da;        // [T * N, G*H] by time: dL/da; kept itself where both are the same
  float* dh;        // [N, out]: dL/dh passed to the step before, and dL/dc
  float* dc;
  float* dInner;    // [N, H]; null: dL/dh itself
  float* dOut;      // [rows, out]: dL/d of the projected h
  float* dNormed;   // [rows, H]: dL/d of the normalised c
  float* dCell;     // [N, H]: its share of dL/dc
  float* dSeen;     // [N, out]: dL/dhSeen; null: part of dh
  u64 seed;
  i64 maskLayer;
  const i64* maskStep;
  Mask stateMask;
  Mask cellZoneout;
  Mask stateZoneout;
  Mask candidate;
};

__device__ inline bool keeps(const Pass& p, const Mask& mask, i64 e) {
  return keeps(p.seed, (int)p.maskLayer, p.maskStep, mask.first + e, mask.threshold);
}

// What inverted dropout multiplies element e by.
__device__ inline float factor(const Pass& p, const Mask& mask, i64 e) {
  const bool all = mask.rate == 0 || !p.training;
  return all ? 1 : keeps(p, mask, e) ? (float)(1 / (1 - mask.rate)) : 0;
}

// How much of a new value zoneout takes: the expectation outside training.
__device__ inline float fresh(const Pass& p, const Mask& mask, i64 e) {
  if (mask.rate == 0) {
    return 1;
  }
  if (!p.training) {
    return (float)(1 - mask.rate);
  }
  return keeps(p, mask, e) ? 1 : 0;
}

// One unit of one sequence in a step.
struct At {
  i64 sequence;
  i64 unit;
  bool active;  // whether the sequence has this step
  i64 saved;    // its row by step
  i64 time;     // its row by time
};

__device__ inline At locate(const Pass& p, int t, int n, int step, i64 width, i64 e) {
  const i64 sequence = e / width;
  const int length = p.lengths == nullptr || p.lengths[sequence] > t ? t : p.lengths[sequence];
  const bool active = step < length;
  const i64 time = active && p.direction ? length - 1 - step : step;
  const i64 saved = (p.training ? (i64)step * n : 0) + sequence;
  return {sequence, e % width, active, saved, time * n + sequence};
}

// Calls unit(e, at) for every element e of [n, width].
template <class Unit>
__device__ inline void each(const Pass& p, int t, int n, int step, i64 width, Unit unit) {
  for (i64 e = firstIndex(); e < n * width; e += indexStride()) {
    unit(e, locate(p, t, n, step, width, e));
  }
}

// Where the states before a step start, or after the step before it.
__device__ inline i64 slot(const Pass& p, int n, int step, i64 width) {
  return (p.training ? step : step & 1) * n * width;
}

__device__ inline const float* seen(const Pass& p, int n, int step) {
  return p.hSeen == nullptr ? p.h + slot(p, n, step, p.out) : p.hSeen + (i64)step * n * p.out;
}

// W x and R h of a gate, normalised or not, with gain and bias.
__device__ inline float share(const float* v, const float* gain, const float* bias, i64 row) {
  float share = *v;
  if (gain != nullptr) {
    share *= gain[row];
  }
  return bias == nullptr ? share : share + bias[row];
}

__device__ inline float inputShare(const Pass& p, const At& at, int gate) {
  const i64 row = gate * p.hidden + at.unit;
  return share(p.a + at.time * p.gates * p.hidden + row, p.inputGain, p.inputBias, row);
}

__device__ inline float recurrentShare(const Pass& p, const At& at, int gate) {
  const i64 row = gate * p.hidden + at.unit;
  const i64 from = p.recurrentGain == nullptr ? at.sequence : at.saved;
  return share(p.u + from * p.gates * p.hidden + row, p.recurrentGain, p.recurrentBias, row);
}

__device__ inline float& gate(const Pass& p, const At& at, int gate) {
  return p.kept[(at.saved * p.gates + gate) * p.hidden + at.unit];
}

// The end of a step for one unit of h.
__device__ inline void finish(const Pass& p, const At& at, int n, int step, float hNew) {
  const i64 e = at.sequence * p.out + at.unit;
  float h = p.h[slot(p, n, step, p.out) + e];
  if (at.active) {
    const float take = fresh(p, p.stateZoneout, at.time * p.out + at.unit);
    h = take == 1 ? hNew : take * hNew + (1 - take) * h;
  }
  p.h[slot(p, n, step + 1, p.out) + e] = h;
  p.y[at.time * p.outputWidth + p.direction * p.out + at.unit] = at.active ? h : 0;
  if (p.hSeen != nullptr) {
    p.hSeen[(i64)(step + 1) * n * p.out + e] = factor(p, p.stateMask, e) * h;
  }
}

// Before the first step: the initial states. As many threads as n * H.
extern "C" __global__ void beginForward(Pass p, int n) {
  for (i64 e = firstIndex(); e < n * p.hidden; e += indexStride()) {
    if (e < n * p.out) {
      const float h = p.h0 == nullptr ? 0 : p.h0[p.state * n * p.out + e];
      p.h[e] = h;
      if (p.hSeen != nullptr) {
        p.hSeen[e] = factor(p, p.stateMask, e) * h;
      }
    }
    if (p.c != nullptr) {
      p.c[e] = p.c0 == nullptr ? 0 : p.c0[p.state * n * p.hidden + e];
    }
  }
}

// After the last step: the last states.
extern "C" __global__ void endForward(Pass p, int t, int n) {
  for (i64 e = firstIndex(); e < n * p.hidden; e += indexStride()) {
    if (e < n * p.out) {
      p.hn[p.state * n * p.out + e] = p.h[slot(p, n, t, p.out) + e];
    }
    if (p.c != nullptr) {
      p.cn[p.state * n * p.hidden + e] = p.c[slot(p, n, t, p.hidden) + e];
    }
  }
}

// h, or what it is projected from, of the c that h sees.
__device__ inline void lstmOutput(
    const Pass& p, const At& at, int n, int step, float o, float cell) {
  const float squashed = tanhf(cell);
  const i64 e = at.saved * p.hidden + at.unit;
  if (p.squashed != nullptr) {
    p.squashed[e] = squashed;
  }
  if (p.projected) {
    p.inner[e] = at.active ? o * squashed : 0;
  } else {
    finish(p, at, n, step, o * squashed);
  }
}

// Gates and c of an LSTM, and h where c is not normalised.
extern "C" __global__ void lstmForward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64 e, const At& at) {
    const float before = p.c[slot(p, n, step, p.hidden) + e];
    float c = before;
    float cell = 0;
    float o = 0;
    if (at.active) {
      const float i = sigmoid(inputShare(p, at, 0) + recurrentShare(p, at, 0));
      const float f = sigmoid(inputShare(p, at, 1) + recurrentShare(p, at, 1));
      const float g = tanhf(inputShare(p, at, 2) + recurrentShare(p, at, 2));
      o = sigmoid(inputShare(p, at, 3) + recurrentShare(p, at, 3));
      const i64 random = at.time * p.hidden + at.unit;
      cell = f * before + i * factor(p, p.candidate, random) * g;
      const float take = fresh(p, p.cellZoneout, random);
      c = take == 1 ? cell : take * cell + (1 - take) * before;
      if (p.kept != nullptr) {
        gate(p, at, 0) = i;
        gate(p, at, 1) = f;
        gate(p, at, 2) = g;
        gate(p, at, 3) = o;
      }
    }
    p.c[slot(p, n, step + 1, p.hidden) + e] = c;
    if (p.cellHat == nullptr) {
      lstmOutput(p, at, n, step, o, cell);
    } else {
      p.cellHat[at.saved * p.hidden + at.unit] = cell;
    }
  });
}

// h of an LSTM whose c has been normalised.
extern "C" __global__ void lstmNormedOutput(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64, const At& at) {
    const float* hat = p.cellHat + at.saved * p.hidden + at.unit;
    const float o = at.active ? gate(p, at, 3) : 0;
    lstmOutput(p, at, n, step, o, share(hat, p.cellGain, p.cellShift, at.unit));
  });
}

// The end of a step with a projection, whose product lies in h[step + 1]. Of n * P.
extern "C" __global__ void projectedOutput(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.out, [&](i64 e, const At& at) {
    finish(p, at, n, step, p.h[slot(p, n, step + 1, p.out) + e]);
  });
}

extern "C" __global__ void gruForward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64 e, const At& at) {
    float h = 0;
    if (at.active) {
      const float r = sigmoid(inputShare(p, at, 0) + recurrentShare(p, at, 0));
      const float z = sigmoid(inputShare(p, at, 1) + recurrentShare(p, at, 1));
      const float inner = recurrentShare(p, at, 2);
      const float candidate = tanhf(inputShare(p, at, 2) + r * inner);
      const float mask = factor(p, p.candidate, at.time * p.hidden + at.unit);
      h = (1 - z) * mask * candidate + z * p.h[slot(p, n, step, p.out) + e];
      if (p.kept != nullptr) {
        gate(p, at, 0) = r;
        gate(p, at, 1) = z;
        gate(p, at, 2) = candidate;
        p.inner[at.saved * p.hidden + at.unit] = inner;
      }
    }
    finish(p, at, n, step, h);
  });
}

// The first half of a reset-before GRU's step: r, z, and r * h for the second product.
extern "C" __global__ void resetForward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64 e, const At& at) {
    float inner = 0;
    if (at.active) {
      const float r = sigmoid(inputShare(p, at, 0) + recurrentShare(p, at, 0));
      gate(p, at, 0) = r;
      gate(p, at, 1) = sigmoid(inputShare(p, at, 1) + recurrentShare(p, at, 1));
      inner = r * seen(p, n, step)[e];
    }
    p.inner[at.saved * p.hidden + at.unit] = inner;
  });
}

// The second half, after the product of r * h.
extern "C" __global__ void resetOutput(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64 e, const At& at) {
    float h = 0;
    if (at.active) {
      const float candidate = tanhf(inputShare(p, at, 2) + recurrentShare(p, at, 2));
      const float z = gate(p, at, 1);
      gate(p, at, 2) = candidate;
      h = (1 - z) * candidate + z * p.h[slot(p, n, step, p.out) + e];
    }
    finish(p, at, n, step, h);
  });
}

extern "C" __global__ void simpleForward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64, const At& at) {
    float h = 0;
    if (at.active) {
      const float sum = inputShare(p, at, 0) + recurrentShare(p, at, 0);
      h = p.relu ? (sum < 0 ? 0 : sum) : tanhf(sum);  // NaN stays, unlike with fmaxf
      if (p.kept != nullptr) {
        gate(p, at, 0) = h;
      }
    }
    finish(p, at, n, step, h);
  });
}

// Before the last step's backward: dL/d(last states).
extern "C" __global__ void beginBackward(Pass p, int n) {
  for (i64 e = firstIndex(); e < n * p.hidden; e += indexStride()) {
    if (e < n * p.out) {
      p.dh[e] = p.dhn == nullptr ? 0 : p.dhn[p.state * n * p.out + e];
    }
    if (p.c != nullptr) {
      p.dc[e] = p.dcn == nullptr ? 0 : p.dcn[p.state * n * p.hidden + e];
    }
  }
}

// After the first step's: dL/d(initial states).
extern "C" __global__ void endBackward(Pass p, int n) {
  for (i64 e = firstIndex(); e < n * p.hidden; e += indexStride()) {
    if (p.dh0 != nullptr && e < n * p.out) {
      p.dh0[p.state * n * p.out + e] = p.dh[e];
    }
    if (p.dc0 != nullptr) {
      p.dc0[p.state * n * p.hidden + e] = p.dc[e];
    }
  }
}

// dL/dh of an active step, what goes through the cell of it; what zoneout passes by stays in dh.
__device__ inline float through(const Pass& p, const At& at) {
  float* dh = p.dh + at.sequence * p.out + at.unit;
  float sum = *dh;
  if (p.dy != nullptr) {
    sum += p.dy[at.time * p.outputWidth + p.direction * p.out + at.unit];
  }
  const float take = fresh(p, p.stateZoneout, at.time * p.out + at.unit);
  *dh = (1 - take) * sum;
  return take * sum;
}

// dL/da and dL/du of a gate, zero on padding.
__device__ inline void back(const Pass& p, const At& at, int number, float da, float du) {
  gate(p, at, number) = du;
  if (p.da != p.kept) {
    p.da[(at.time * p.gates + number) * p.hidden + at.unit] = da;
  }
}

__device__ inline void backZero(const Pass& p, const At& at) {
  for (int number = 0; number < p.gates; number++) {
    back(p, at, number, 0, 0);
  }
}

// dL/d of the projected h, for its two products. Of n * P.
extern "C" __global__ void projectedBackward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.out, [&](i64, const At& at) {
    p.dOut[at.saved * p.out + at.unit] = at.active ? through(p, at) : 0;
  });
}

// dL/d of an LSTM's normalised c.
extern "C" __global__ void lstmNormedBackward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64 e, const At& at) {
    const i64 saved = at.saved * p.hidden + at.unit;
    float d = 0;
    if (at.active) {
      if (!p.projected) {
        p.dInner[e] = through(p, at);
      }
      const float squashed = p.squashed[saved];
      d = p.dInner[e] * gate(p, at, 3) * (1 - squashed * squashed);
    }
    p.dNormed[saved] = d;
  });
}

extern "C" __global__ void lstmBackward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64 e, const At& at) {
    if (!at.active) {
      backZero(p, at);
      return;
    }
    const float dm = p.dInner == nullptr ? through(p, at) : p.dInner[e];
    const float i = gate(p, at, 0);
    const float f = gate(p, at, 1);
    const float g = gate(p, at, 2);
    const float o = gate(p, at, 3);
    const float squashed = p.squashed[at.saved * p.hidden + at.unit];
    const i64 random = at.time * p.hidden + at.unit;
    const float mask = factor(p, p.candidate, random);
    const float take = fresh(p, p.cellZoneout, random);
    const float dc =
        take * p.dc[e] + (p.dCell == nullptr ? dm * o * (1 - squashed * squashed) : p.dCell[e]);
    const float dai = dc * mask * g * i * (1 - i);
    const float daf = dc * p.c[slot(p, n, step, p.hidden) + e] * f * (1 - f);
    const float dag = dc * mask * i * (1 - g * g);
    const float dao = dm * squashed * o * (1 - o);
    p.dc[e] = (1 - take) * p.dc[e] + dc * f;
    back(p, at, 0, dai, dai);
    back(p, at, 1, daf, daf);
    back(p, at, 2, dag, dag);
    back(p, at, 3, dao, dao);
  });
}

extern "C" __global__ void gruBackward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64 e, const At& at) {
    if (!at.active) {
      backZero(p, at);
      return;
    }
    const float dh = through(p, at);
    const float r = gate(p, at, 0);
    const float z = gate(p, at, 1);
    const float candidate = gate(p, at, 2);
    const float mask = factor(p, p.candidate, at.time * p.hidden + at.unit);
    const float before = p.h[slot(p, n, step, p.out) + e];
    const float dan = dh * (1 - z) * mask * (1 - candidate * candidate);
    const float dar = dan * p.inner[at.saved * p.hidden + at.unit] * r * (1 - r);
    const float daz = dh * (before - mask * candidate) * z * (1 - z);
    p.dh[e] += dh * z;
    back(p, at, 0, dar, dar);
    back(p, at, 1, daz, daz);
    back(p, at, 2, dan, dan * r);
  });
}

// The first half of a reset-before GRU's backward; r stays for the second.
extern "C" __global__ void resetOutputBackward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64 e, const At& at) {
    if (!at.active) {
      backZero(p, at);
      return;
    }
    const float dh = through(p, at);
    const float z = gate(p, at, 1);
    const float candidate = gate(p, at, 2);
    const float before = p.h[slot(p, n, step, p.out) + e];
    const float daz = dh * (before - candidate) * z * (1 - z);
    const float dan = dh * (1 - z) * (1 - candidate * candidate);
    p.dh[e] += dh * z;
    back(p, at, 1, daz, daz);
    back(p, at, 2, dan, dan);
  });
}

// The second half, after R_n' da_n lies in dInner; the product with the rest of R is added.
extern "C" __global__ void resetBackward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64 e, const At& at) {
    float dSeen = 0;
    if (at.active) {
      const float r = gate(p, at, 0);
      const float dar = p.dInner[e] * seen(p, n, step)[e] * r * (1 - r);
      dSeen = p.dInner[e] * r;
      back(p, at, 0, dar, dar);
    }
    if (p.dSeen != nullptr) {
      p.dSeen[e] = dSeen;
    } else {
      p.dh[e] += dSeen;
    }
  });
}

extern "C" __global__ void simpleBackward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64, const At& at) {
    if (!at.active) {
      backZero(p, at);
      return;
    }
    const float h = gate(p, at, 0);
    const float slope = p.relu ? h > 0 : 1 - h * h;
    const float da = through(p, at) * slope;
    back(p, at, 0, da, da);
  });
}

// dh += the masked gradient of the h that R saw. Of n * out.
extern "C" __global__ void addSeen(Pass p, int n) {
  for (i64 e = firstIndex(); e < n * p.out; e += indexStride()) {
    p.dh[e] += factor(p, p.stateMask, e) * p.dSeen[e];
  }
}
