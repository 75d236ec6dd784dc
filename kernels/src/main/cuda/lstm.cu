// The steps of an LSTM.
#include "lstm.cuh"

// Gates and c, and h where c is not normalised.
extern "C" __global__ void lstmForward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) { Lstm::unit(s, at, known<4>(p, at)); });
}

// h of normalised c.
extern "C" __global__ void lstmNormedOutput(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) {
    Lstm::normedOutput(s, at, fresh(p, p.stateZoneout, at.time * p.out + at.unit));
  });
}

// The end of a step with a projection, whose product lies in h[step + 1]. Of n * P.
extern "C" __global__ void projectedOutput(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.out, [&](const At& at) {
    const float take = fresh(p, p.stateZoneout, at.time * p.out + at.unit);
    finish(s, at, take, p.h[slot(p, n, step + 1, p.out) + s.e(at)]);
  });
}

// dL/d of the projected h, for its two products. Of n * P.
extern "C" __global__ void projectedBackward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.out, [&](const At& at) {
    p.dOut[at.saved * p.out + at.unit] = at.active ? through(s, at) : 0;
  });
}

// dL/d of the normalised c.
extern "C" __global__ void lstmNormedBackward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) {
    float d = 0;
    if (at.active) {
      if (!p.projected) {
        p.dInner[s.cell(at)] = through(s, at);
      }
      const float squashed = p.squashed[at.saved * p.hidden + at.unit];
      d = p.dInner[s.cell(at)] * gate(p, at, 3) * (1 - squashed * squashed);
    }
    p.dNormed[at.saved * p.hidden + at.unit] = d;
  });
}

extern "C" __global__ void lstmBackward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) {
    if (!at.active) {
      backZero(s, at);
      return;
    }
    const Lstm::Saved v = Lstm::saved(s, at);
    const float dm = p.dInner == nullptr ? through(v.takeH, v.dy, s.dh(at)) : p.dInner[s.cell(at)];
    const float dCell = p.dCell == nullptr ? Lstm::straight(v, dm) : p.dCell[s.cell(at)];
    Lstm::back(s, at, v, dm, dCell);
  });
}
