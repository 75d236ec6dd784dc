// An LSTM, of one unit.
#pragma once
#include "cells.cuh"

// v times the weight of a peephole: number 0 of i, 1 of f, 2 of o.
__device__ inline float peephole(const Pass& p, const At& at, int number, float v) {
  return p.peephole == nullptr ? 0 : p.peephole[number * p.hidden + at.unit] * v;
}

// NaN stays.
__device__ inline float limited(float c, float limit) {
  return c > limit ? limit : c < -limit ? -limit : c;
}

struct Lstm {
  static constexpr int GATES = 4;
  static constexpr bool HAS_C = true;

  // h, or what it is projected from, of the c that h sees.
  template <class S>
  __device__ static void output(const S& s, const At& at, float take, float o, float cell) {
    const Pass& p = s.p;
    const float squashed = tanhf(cell);
    const i64 e = at.saved * p.hidden + at.unit;
    if (p.squashed != nullptr) {
      p.squashed[e] = squashed;
    }
    if (p.projected) {
      p.inner[e] = at.active ? o * squashed : 0;
    } else {
      finish(s, at, take, o * squashed);
    }
  }

  // Gates and c, and h where c is not normalised.
  template <class S>
  __device__ static void unit(const S& s, const At& at, const Known<4>& k) {
    const Pass& p = s.p;
    const float before = s.c(at);
    float c = before;
    float cell = 0;
    float o = 0;
    if (at.active) {
      const float vi = k.input[0] + recurrentShare(s, at, 0);
      const float vf = k.input[1] + recurrentShare(s, at, 1);
      const float i = sigmoid(vi + peephole(p, at, 0, before));
      const float f = sigmoid(vf + peephole(p, at, 1, before));
      const float g = tanhf(k.input[2] + recurrentShare(s, at, 2));
      cell = limited(f * before + i * k.mask * g, (float)p.limit);
      const float vo = k.input[3] + recurrentShare(s, at, 3);
      o = sigmoid(vo + peephole(p, at, 2, cell));
      c = k.takeC == 1 ? cell : k.takeC * cell + (1 - k.takeC) * before;
      if (p.kept != nullptr) {
        gate(p, at, 0) = i;
        gate(p, at, 1) = f;
        gate(p, at, 2) = g;
        gate(p, at, 3) = o;
      }
    }
    s.setC(at, c);
    if (p.cellNew != nullptr) {
      p.cellNew[at.saved * p.hidden + at.unit] = cell;
    }
    if (p.cellHat == nullptr) {
      output(s, at, k.takeH, o, cell);
    } else {
      s.setHat(at, cell);
      s.setGate(o);
    }
  }

  // h of normalised c.
  template <class S>
  __device__ static void normedOutput(const S& s, const At& at, float take) {
    const float o = at.active ? s.keptGate(at, 3) : 0;
    output(s, at, take, o, share(s.hat(at), s.p.cellGain, s.p.cellShift, at.unit));
  }

  // What an active step's backward reads.
  struct Saved {
    float i;
    float f;
    float g;
    float o;
    float squashed;
    float before;
    float cell;  // c before zoneout
    float mask;
    float takeC;
    float dy;
    float takeH;
  };

  template <class S>
  __device__ static Saved saved(const S& s, const At& at) {
    const Pass& p = s.p;
    const i64 e = at.sequence * p.hidden + at.unit;
    const i64 row = at.saved * p.hidden + at.unit;
    const i64 random = at.time * p.hidden + at.unit;
    return {
        gate(p, at, 0),
        gate(p, at, 1),
        gate(p, at, 2),
        gate(p, at, 3),
        p.squashed[row],
        p.c[slot(p, s.n, s.step, p.hidden) + e],
        p.cellNew == nullptr ? p.c[slot(p, s.n, s.step + 1, p.hidden) + e] : p.cellNew[row],
        factor(p, p.candidate, random),
        fresh(p, p.cellZoneout, random),
        p.projected ? 0 : outputGradient(p, at),
        p.projected ? 1 : fresh(p, p.stateZoneout, at.time * p.out + at.unit)};
  }

  // Of dm, dL/d(o * tanh(c)), and dCell, the share of dL/dc that comes by it.
  template <class S>
  __device__ static void back(const S& s, const At& at, const Saved& v, float dm, float dCell) {
    const Pass& p = s.p;
    float& carried = s.dc(at);
    const float dao = dm * v.squashed * v.o * (1 - v.o);
    const float dNew = dCell + peephole(p, at, 2, dao);
    const bool free = !(fabsf(v.cell) >= (float)p.limit);
    const float dc = free ? v.takeC * carried + dNew : 0;
    const float dai = dc * v.mask * v.g * v.i * (1 - v.i);
    const float daf = dc * v.before * v.f * (1 - v.f);
    const float dag = dc * v.mask * v.i * (1 - v.g * v.g);
    carried =
        (1 - v.takeC) * carried + dc * v.f + peephole(p, at, 0, dai) + peephole(p, at, 1, daf);
    ::back(s, at, 0, dai, dai);
    ::back(s, at, 1, daf, daf);
    ::back(s, at, 2, dag, dag);
    ::back(s, at, 3, dao, dao);
  }

  // dL/d of the c that h sees; dCell itself where c is not normalised.
  __device__ static float straight(const Saved& v, float dm) {
    return dm * v.o * (1 - v.squashed * v.squashed);
  }

  // Where c is not normalised and h not projected.
  template <class S>
  __device__ static void back(const S& s, const At& at, const Saved& v) {
    const float dm = through(v.takeH, v.dy, s.dh(at));
    back(s, at, v, dm, straight(v, dm));
  }
};
