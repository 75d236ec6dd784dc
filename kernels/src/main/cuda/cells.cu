// What the passes of all cells share, and the simple cells.
#include "cells.cuh"

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

// Before a step: h fades to exp(-z) h, where it lies; z [T * N, out] by time.
extern "C" __global__ void fadeState(Pass p, int t, int n, int step, const float* z) {
  each(p, t, n, step, p.out, [&](i64 e, const At& at) {
    if (at.active) {
      const float left = expf(-z[at.time * p.out + at.unit]);
      p.h[slot(p, n, step, p.out) + e] *= left;
      if (p.hSeen != nullptr) {
        p.hSeen[slot(p, n, step, p.out) + e] *= left;
      }
    }
  });
}

// After its backward: from dL/d of what was left of h to dL/dh and dL/dz; dz null: not wanted.
extern "C" __global__ void fadeStateBackward(
    Pass p, int t, int n, int step, const float* z, float* dz) {
  each(p, t, n, step, p.out, [&](i64 e, const At& at) {
    const i64 row = at.time * p.out + at.unit;
    const float dh = p.dh[e];
    if (at.active) {
      p.dh[e] = expf(-z[row]) * dh;
    }
    if (dz != nullptr) {
      dz[row] = at.active ? -dh * p.h[slot(p, n, step, p.out) + e] : 0.0f;
    }
  });
}

// dh += the masked gradient of the h that R saw. Of n * out.
extern "C" __global__ void addSeen(Pass p, int n) {
  for (i64 e = firstIndex(); e < n * p.out; e += indexStride()) {
    p.dh[e] += factor(p, p.stateMask, e) * p.dSeen[e];
  }
}

extern "C" __global__ void simpleForward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64, const At& at) {
    float h = 0;
    if (at.active) {
      const float sum = inputShare(p, at, 0) + recurrentShare(p, at, 0);
      h = activate(p.activation, sum);
      if (p.kept != nullptr) {
        gate(p, at, 0) = h;
      }
    }
    finish(p, at, n, step, h);
  });
}

extern "C" __global__ void simpleBackward(Pass p, int t, int n, int step) {
  each(p, t, n, step, p.hidden, [&](i64, const At& at) {
    if (!at.active) {
      backZero(p, at);
      return;
    }
    const float h = gate(p, at, 0);
    const float da = through(p, at) * slope(p.activation, h);
    back(p, at, 0, da, da);
  });
}

__device__ inline At locateUnit(const Pass& p, int t, int n, int step, i64 sequence, i64 unit) {
  return locate(p, t, n, step, p.hidden, sequence * p.hidden + unit);
}

// The simple cell whose activation is softmax; a block takes a sequence. u holds the exponentials.
extern "C" __global__ void softmaxForward(Pass p, int t, int n, int step) {
  for (i64 sequence = blockIdx.x; sequence < n; sequence += gridDim.x) {
    float* row = p.u + sequence * p.hidden;
    float largest = logf(0);  // -infinity, for which NVRTC has no macro
    for (i64 unit = threadIdx.x; unit < p.hidden; unit += BLOCK) {
      const At at = locateUnit(p, t, n, step, sequence, unit);
      const float v = at.active ? inputShare(p, at, 0) + recurrentShare(p, at, 0) : 0;
      row[unit] = v;
      largest = v > largest || v != v ? v : largest;
    }
    largest = blockReduce(largest, [](float a, float b) { return a > b || a != a ? a : b; });
    double sum = 0;
    for (i64 unit = threadIdx.x; unit < p.hidden; unit += BLOCK) {
      row[unit] = expf(row[unit] - largest);
      sum += row[unit];
    }
    sum = blockSum(sum);
    for (i64 unit = threadIdx.x; unit < p.hidden; unit += BLOCK) {
      const At at = locateUnit(p, t, n, step, sequence, unit);
      const float h = (float)(row[unit] / sum);
      if (at.active && p.kept != nullptr) {
        gate(p, at, 0) = h;
      }
      finish(p, at, n, step, h);
    }
  }
}

// Its backward; dInner holds dL/dh.
extern "C" __global__ void softmaxBackward(Pass p, int t, int n, int step) {
  for (i64 sequence = blockIdx.x; sequence < n; sequence += gridDim.x) {
    float* d = p.dInner + sequence * p.hidden;
    double sum = 0;
    for (i64 unit = threadIdx.x; unit < p.hidden; unit += BLOCK) {
      const At at = locateUnit(p, t, n, step, sequence, unit);
      d[unit] = at.active ? through(p, at) : 0;
      sum += at.active ? (double)d[unit] * gate(p, at, 0) : 0;
    }
    sum = blockSum(sum);
    for (i64 unit = threadIdx.x; unit < p.hidden; unit += BLOCK) {
      const At at = locateUnit(p, t, n, step, sequence, unit);
      const float da = at.active ? gate(p, at, 0) * (float)(d[unit] - sum) : 0;
      back(p, at, 0, da, da);
    }
  }
}
