// The steps of both GRUs.
#include "gru.cuh"

extern "C" __global__ void gruForward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) { Gru::unit(s, at, known<3>(p, at)); });
}

extern "C" __global__ void gruBackward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) {
    if (at.active) {
      Gru::back(s, at, Gru::saved(s, at));
    } else {
      backZero(s, at);
    }
  });
}

// The first half of a reset-before GRU's step: r, z, and r * h for the second product.
extern "C" __global__ void resetForward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) {
    const Known<2> k = known<2>(p, at);
    ResetBefore::reset(s, at, k.input[0], k.input[1]);
  });
}

// The second half, after the product of r * h.
extern "C" __global__ void resetOutput(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) {
    const float take = fresh(p, p.stateZoneout, at.time * p.out + at.unit);
    ResetBefore::output(s, at, at.active ? inputShare(p, at, 2) : 0, take);
  });
}

// The first half of a reset-before GRU's backward; r stays for the second.
extern "C" __global__ void resetOutputBackward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) {
    if (at.active) {
      ResetBefore::outputBack(s, at, ResetBefore::saved(s, at));
    } else {
      backZero(s, at);
    }
  });
}

// The second half, after R_n' da_n lies in dInner; the product with the rest of R is added.
extern "C" __global__ void resetBackward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) {
    float dSeen = 0;
    if (at.active) {
      const float dInner = p.dInner[s.e(at)];
      dSeen = ResetBefore::resetBack(s, at, gate(p, at, 0), s.seen(at), dInner);
    }
    if (p.dSeen != nullptr) {
      p.dSeen[s.e(at)] = dSeen;
    } else {
      s.dh(at) += dSeen;
    }
  });
}
