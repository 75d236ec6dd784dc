// Both GRUs, of one unit.
#pragma once
#include "cells.cuh"

// Reset after the product.
struct Gru {
  static constexpr int GATES = 3;
  static constexpr bool HAS_C = false;

  template <class S>
  __device__ static void unit(const S& s, const At& at, const Known<3>& k) {
    const Pass& p = s.p;
    float h = 0;
    if (at.active) {
      const float r = sigmoid(k.input[0] + recurrentShare(s, at, 0));
      const float z = sigmoid(k.input[1] + recurrentShare(s, at, 1));
      const float inner = recurrentShare(s, at, 2);
      const float candidate = tanhf(k.input[2] + r * inner);
      h = (1 - z) * k.mask * candidate + z * s.h(at);
      if (p.kept != nullptr) {
        gate(p, at, 0) = r;
        gate(p, at, 1) = z;
        gate(p, at, 2) = candidate;
        p.inner[at.saved * p.hidden + at.unit] = inner;
      }
    }
    finish(s, at, k.takeH, h);
  }

  // What an active step's backward reads.
  struct Saved {
    float r;
    float z;
    float candidate;
    float inner;
    float before;
    float mask;
    float dy;
    float takeH;
  };

  template <class S>
  __device__ static Saved saved(const S& s, const At& at) {
    const Pass& p = s.p;
    return {
        gate(p, at, 0),
        gate(p, at, 1),
        gate(p, at, 2),
        p.inner[at.saved * p.hidden + at.unit],
        p.h[slot(p, s.n, s.step, p.out) + at.sequence * p.out + at.unit],
        factor(p, p.candidate, at.time * p.hidden + at.unit),
        outputGradient(p, at),
        fresh(p, p.stateZoneout, at.time * p.out + at.unit)};
  }

  template <class S>
  __device__ static void back(const S& s, const At& at, const Saved& v) {
    float& carried = s.dh(at);
    const float dh = through(v.takeH, v.dy, carried);
    const float dan = dh * (1 - v.z) * v.mask * (1 - v.candidate * v.candidate);
    const float dar = dan * v.inner * v.r * (1 - v.r);
    const float daz = dh * (v.before - v.mask * v.candidate) * v.z * (1 - v.z);
    carried += dh * v.z;
    ::back(s, at, 0, dar, dar);
    ::back(s, at, 1, daz, daz);
    ::back(s, at, 2, dan, dan * v.r);
  }
};

// Reset before the product, in two halves: between them lies that of r * h.
struct ResetBefore {
  // r, z, and r * h, which it gives.
  template <class S>
  __device__ static float reset(const S& s, const At& at, float inputR, float inputZ) {
    float inner = 0;
    if (at.active) {
      const float r = sigmoid(inputR + recurrentShare(s, at, 0));
      const float z = sigmoid(inputZ + recurrentShare(s, at, 1));
      gate(s.p, at, 0) = r;
      gate(s.p, at, 1) = z;
      s.setGate(z);
      inner = r * s.seen(at);
    }
    s.p.inner[at.saved * s.p.hidden + at.unit] = inner;
    return inner;
  }

  template <class S>
  __device__ static void output(const S& s, const At& at, float inputN, float take) {
    float h = 0;
    if (at.active) {
      const float candidate = tanhf(inputN + recurrentShare(s, at, 2));
      const float z = s.keptGate(at, 1);
      gate(s.p, at, 2) = candidate;
      h = (1 - z) * candidate + z * s.h(at);
    }
    finish(s, at, take, h);
  }

  // What an active step's backward reads.
  struct Saved {
    float z;
    float candidate;
    float before;
    float dy;
    float takeH;
  };

  template <class S>
  __device__ static Saved saved(const S& s, const At& at) {
    const Pass& p = s.p;
    return {
        gate(p, at, 1),
        gate(p, at, 2),
        p.h[slot(p, s.n, s.step, p.out) + at.sequence * p.out + at.unit],
        outputGradient(p, at),
        fresh(p, p.stateZoneout, at.time * p.out + at.unit)};
  }

  // z and n; r stays for the other half.
  template <class S>
  __device__ static void outputBack(const S& s, const At& at, const Saved& v) {
    float& carried = s.dh(at);
    const float dh = through(v.takeH, v.dy, carried);
    const float daz = dh * (v.before - v.candidate) * v.z * (1 - v.z);
    const float dan = dh * (1 - v.z) * (1 - v.candidate * v.candidate);
    carried += dh * v.z;
    back(s, at, 1, daz, daz);
    back(s, at, 2, dan, dan);
  }

  // r, of dInner = R_n' da_n; gives what r lets through to the h that R saw.
  template <class S>
  __device__ static float resetBack(
      const S& s, const At& at, float r, float seen, float dInner) {
    const float dar = dInner * seen * r * (1 - r);
    back(s, at, 0, dar, dar);
    return dInner * r;
  }
};
