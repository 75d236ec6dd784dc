// The simple cells but softmax, of one unit.
#pragma once
#include "cells.cuh"

struct Simple {
  static constexpr int GATES = 1;
  static constexpr bool HAS_C = false;

  template <class S>
  __device__ static void unit(const S& s, const At& at, const Known<1>& k) {
    float h = 0;
    if (at.active) {
      h = activate(s.p.activation, k.input[0] + recurrentShare(s, at, 0));
      if (s.p.kept != nullptr) {
        gate(s.p, at, 0) = h;
      }
    }
    finish(s, at, k.takeH, h);
  }

  // What an active step's backward reads.
  struct Saved {
    float h;
    float dy;
    float takeH;
  };

  template <class S>
  __device__ static Saved saved(const S& s, const At& at) {
    const float take = fresh(s.p, s.p.stateZoneout, at.time * s.p.out + at.unit);
    return {gate(s.p, at, 0), outputGradient(s.p, at), take};
  }

  template <class S>
  __device__ static void back(const S& s, const At& at, const Saved& v) {
    const float da = through(v.takeH, v.dy, s.dh(at)) * slope(s.p.activation, v.h);
    ::back(s, at, 0, da, da);
  }
};
