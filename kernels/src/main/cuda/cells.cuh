// The steps of recurrent cells between their matrix products: docs/equations.md as code. A step
// works on the n sequences of a call; the reverse direction starts at each sequence's own end.
// Lengths are read here alone, so that the host never waits for them.
//
// Two orders of rows: by time as in x, row = time * n + sequence, and by step as the direction
// goes, row = step * n + sequence. A step beyond the end of a sequence stands for the row of the
// same number in x, its padding: states pass through it unchanged, gradients through it are zero.
#pragma once
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
  i64 activation;   // of the simple cells
  const int* lengths;  // [N]; null: all are t
  const float* inputGain;  // the gains and shifts of layer normalisation; null: 1 and 0
  const float* inputBias;
  const float* recurrentGain;
  const float* recurrentBias;
  const float* cellGain;
  const float* cellShift;
  const float* peephole;  // [3H], of i, f and o; null: none
  double limit;           // of the absolute value of c; infinity: none
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
  float* cellNew;   // saved [rows, H]: c before zoneout; null: c itself
  float* cellHat;   // saved [rows, H]: c, then c normalised; null: it is not
  float* da;        // [T * N, G*H] by time: dL/da; kept itself where both are the same
  float* dh;        // [N, out]: dL/dh passed to the step before, and dL/dc
  float* dc;
  float* dInner;    // [N, H]; null: dL/dh itself
  float* dOut;      // [rows, out]: dL/d of the projected h
  float* dNormed;   // [rows, H]: dL/d of the normalised c
  float* dCell;     // [N, H]: its share of dL/dc
  float* dSeen;     // [N, out]: dL/dhSeen; null: part of dh
  const float* recurrent;    // [G*H, out]: R as the cells see it
  float* recurrentInverses;  // [rows]: 1 / deviation of u, and of the normalised c
  float* cellInverses;
  float* dRecurrent;  // [rows, G*H]: dL/d(R h) before its normalisation
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

__device__ inline int lengthOf(const Pass& p, int t, i64 sequence) {
  return p.lengths == nullptr || p.lengths[sequence] > t ? t : p.lengths[sequence];
}

__device__ inline At locate(const Pass& p, int n, int step, i64 sequence, i64 unit, int length) {
  const bool active = step < length;
  const i64 time = active && p.direction ? length - 1 - step : step;
  const i64 saved = (p.training ? (i64)step * n : 0) + sequence;
  return {sequence, unit, active, saved, time * n + sequence};
}

// Where the states before a step start, or after the step before it.
__device__ inline i64 slot(const Pass& p, int n, int step, i64 width) {
  return (p.training ? step : step & 1) * n * width;
}

__device__ inline float& gate(const Pass& p, const At& at, int gate) {
  return p.kept[(at.saved * p.gates + gate) * p.hidden + at.unit];
}

// A step that is a launch of its own: what one leaves to the next lies in global memory. Tile of
// persistent.cuh is the other kind: cells are written for both.
struct Step {
  const Pass& p;
  const int t;
  const int n;
  const int step;

  __device__ i64 e(const At& at) const { return at.sequence * p.out + at.unit; }
  __device__ i64 cell(const At& at) const { return at.sequence * p.hidden + at.unit; }

  // Of R h, normalised or not.
  __device__ float u(const At& at, i64 row) const {
    const i64 from = p.recurrentGain == nullptr ? at.sequence : at.saved;
    return p.u[from * p.gates * p.hidden + row];
  }

  // The states before the step, what R saw of h, and the states after it.
  __device__ float h(const At& at) const { return p.h[slot(p, n, step, p.out) + e(at)]; }
  __device__ float c(const At& at) const { return p.c[slot(p, n, step, p.hidden) + cell(at)]; }
  __device__ float seen(const At& at) const {
    return p.hSeen == nullptr ? h(at) : p.hSeen[(i64)step * n * p.out + e(at)];
  }
  __device__ void setC(const At& at, float c) const {
    p.c[slot(p, n, step + 1, p.hidden) + cell(at)] = c;
  }
  __device__ void setH(const At& at, float h) const {
    p.h[slot(p, n, step + 1, p.out) + e(at)] = h;
    if (p.hSeen != nullptr) {
      p.hSeen[(i64)(step + 1) * n * p.out + e(at)] = factor(p, p.stateMask, e(at)) * h;
    }
  }

  // An LSTM's c, to be normalised; the gate that the second half of a step needs of the first.
  __device__ void setHat(const At& at, float c) const {
    p.cellHat[at.saved * p.hidden + at.unit] = c;
  }
  __device__ float hat(const At& at) const { return p.cellHat[at.saved * p.hidden + at.unit]; }
  __device__ void setGate(float) const {}
  __device__ float keptGate(const At& at, int number) const { return gate(p, at, number); }

  // Gradients that go from step to step.
  __device__ float& dh(const At& at) const { return p.dh[e(at)]; }
  __device__ float& dc(const At& at) const { return p.dc[cell(at)]; }
  __device__ void setDu(const At&, int, float) const {}
};

// Calls unit(at) for every element of [n, width].
template <class Unit>
__device__ inline void each(const Step& s, i64 width, Unit unit) {
  for (i64 e = firstIndex(); e < s.n * width; e += indexStride()) {
    const i64 sequence = e / width;
    unit(locate(s.p, s.n, s.step, sequence, e % width, lengthOf(s.p, s.t, sequence)));
  }
}

// W x and R h of a gate, normalised or not, with gain and bias.
__device__ inline float share(float v, const float* gain, const float* bias, i64 row) {
  float share = v;
  if (gain != nullptr) {
    share *= gain[row];
  }
  return bias == nullptr ? share : share + bias[row];
}

__device__ inline float inputShare(const Pass& p, const At& at, int gate) {
  const i64 row = gate * p.hidden + at.unit;
  return share(p.a[at.time * p.gates * p.hidden + row], p.inputGain, p.inputBias, row);
}

template <class S>
__device__ inline float recurrentShare(const S& s, const At& at, int gate) {
  const i64 row = gate * s.p.hidden + at.unit;
  return share(s.u(at, row), s.p.recurrentGain, s.p.recurrentBias, row);
}

// What a step reads that does not come from the step before it, so that it may be read early.
template <int GATES>
struct Known {
  float input[GATES];
  float mask;   // of the candidate
  float takeC;  // how much of the new c and h zoneout takes
  float takeH;
};

template <int GATES>
__device__ inline Known<GATES> known(const Pass& p, const At& at) {
  Known<GATES> k = {};
  if (at.active) {
    for (int gate = 0; gate < GATES; gate++) {
      k.input[gate] = inputShare(p, at, gate);
    }
    k.mask = factor(p, p.candidate, at.time * p.hidden + at.unit);
    k.takeC = fresh(p, p.cellZoneout, at.time * p.hidden + at.unit);
    k.takeH = fresh(p, p.stateZoneout, at.time * p.out + at.unit);
  }
  return k;
}

// The end of a step for one unit of h.
template <class S>
__device__ inline void finish(const S& s, const At& at, float take, float hNew) {
  const Pass& p = s.p;
  float h = s.h(at);
  if (at.active) {
    h = take == 1 ? hNew : take * hNew + (1 - take) * h;
  }
  s.setH(at, h);
  p.y[at.time * p.outputWidth + p.direction * p.out + at.unit] = at.active ? h : 0;
}

// dL/dy of a unit.
__device__ inline float outputGradient(const Pass& p, const At& at) {
  return p.dy == nullptr ? 0 : p.dy[at.time * p.outputWidth + p.direction * p.out + at.unit];
}

// dL/dh of an active step, what goes through the cell of it; what zoneout passes by stays in dh.
__device__ inline float through(float take, float dy, float& dh) {
  const float sum = dh + dy;
  dh = (1 - take) * sum;
  return take * sum;
}

template <class S>
__device__ inline float through(const S& s, const At& at) {
  const float take = fresh(s.p, s.p.stateZoneout, at.time * s.p.out + at.unit);
  return through(take, outputGradient(s.p, at), s.dh(at));
}

// dL/da and dL/du of a gate, zero on padding.
template <class S>
__device__ inline void back(const S& s, const At& at, int number, float da, float du) {
  const Pass& p = s.p;
  gate(p, at, number) = du;
  s.setDu(at, number, du);
  if (p.da != p.kept) {
    p.da[(at.time * p.gates + number) * p.hidden + at.unit] = da;
  }
}

template <class S>
__device__ inline void backZero(const S& s, const At& at) {
  for (int number = 0; number < s.p.gates; number++) {
    back(s, at, number, 0, 0);
  }
}
