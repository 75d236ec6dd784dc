// The steps of an LSTM.
#include "cells.cuh"

// v times the weight of a peephole: number 0 of i, 1 of f, 2 of o.
__device__ inline float peephole(const Pass& p, const At& at, int number, float v) {
  return p.peephole == nullptr ? 0 : p.peephole[number * p.hidden + at.unit] * v;
}

// NaN stays.
__device__ inline float limited(float c, float limit) {
  return c > limit ? limit : c < -limit ? -limit : c;
}

// c of an active step before zoneout.
__device__ inline float cellNew(const Pass& p, const At& at, int n, int step, i64 e) {
  return p.cellNew == nullptr ? p.c[slot(p, n, step + 1, p.hidden) + e]
                              : p.cellNew[at.saved * p.hidden + at.unit];
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
      const float vi = inputShare(p, at, 0) + recurrentShare(p, at, 0);
      const float vf = inputShare(p, at, 1) + recurrentShare(p, at, 1);
      const float i = sigmoid(vi + peephole(p, at, 0, before));
      const float f = sigmoid(vf + peephole(p, at, 1, before));
      const float g = tanhf(inputShare(p, at, 2) + recurrentShare(p, at, 2));
      const i64 random = at.time * p.hidden + at.unit;
      cell = limited(f * before + i * factor(p, p.candidate, random) * g, (float)p.limit);
      const float vo = inputShare(p, at, 3) + recurrentShare(p, at, 3);
      o = sigmoid(vo + peephole(p, at, 2, cell));
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
    if (p.cellNew != nullptr) {
      p.cellNew[at.saved * p.hidden + at.unit] = cell;
    }
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
    const float dao = dm * squashed * o * (1 - o);
    const float dNew =
        (p.dCell == nullptr ? dm * o * (1 - squashed * squashed) : p.dCell[e]) +
        peephole(p, at, 2, dao);
    const bool free = !(fabsf(cellNew(p, at, n, step, e)) >= (float)p.limit);
    const float dc = free ? take * p.dc[e] + dNew : 0;
    const float dai = dc * mask * g * i * (1 - i);
    const float daf = dc * p.c[slot(p, n, step, p.hidden) + e] * f * (1 - f);
    const float dag = dc * mask * i * (1 - g * g);
    p.dc[e] = (1 - take) * p.dc[e] + dc * f + peephole(p, at, 0, dai) + peephole(p, at, 1, daf);
    back(p, at, 0, dai, dai);
    back(p, at, 1, daf, daf);
    back(p, at, 2, dag, dag);
    back(p, at, 3, dao, dao);
  });
}
