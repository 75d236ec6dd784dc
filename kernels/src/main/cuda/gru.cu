// The steps of both GRUs.
#include "cells.cuh"

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
