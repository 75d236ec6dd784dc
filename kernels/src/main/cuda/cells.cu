// What the passes of all cells share, and the simple cells.
#include "simple.cuh"

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
  const Step s = {p, t, n, step};
  each(s, p.out, [&](const At& at) {
    if (at.active) {
      const float left = expf(-z[at.time * p.out + at.unit]);
      p.h[slot(p, n, step, p.out) + s.e(at)] *= left;
      if (p.hSeen != nullptr) {
        p.hSeen[slot(p, n, step, p.out) + s.e(at)] *= left;
      }
    }
  });
}

// After its backward: from dL/d of what was left of h to dL/dh and dL/dz; dz null: not wanted.
extern "C" __global__ void fadeStateBackward(
    Pass p, int t, int n, int step, const float* z, float* dz) {
  const Step s = {p, t, n, step};
  each(s, p.out, [&](const At& at) {
    const i64 row = at.time * p.out + at.unit;
    const float dh = s.dh(at);
    if (at.active) {
      s.dh(at) = expf(-z[row]) * dh;
    }
    if (dz != nullptr) {
      dz[row] = at.active ? -dh * s.h(at) : 0.0f;
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
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) { Simple::unit(s, at, known<1>(p, at)); });
}

extern "C" __global__ void simpleBackward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  each(s, p.hidden, [&](const At& at) {
    if (at.active) {
      Simple::back(s, at, Simple::saved(s, at));
    } else {
      backZero(s, at);
    }
  });
}

// The simple cell whose activation is softmax; a block takes a sequence. u holds the exponentials.
extern "C" __global__ void softmaxForward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  for (i64 sequence = blockIdx.x; sequence < n; sequence += gridDim.x) {
    const int length = lengthOf(p, t, sequence);
    float* row = p.u + sequence * p.hidden;
    float largest = logf(0);  // -infinity, for which NVRTC has no macro
    for (i64 unit = threadIdx.x; unit < p.hidden; unit += BLOCK) {
      const At at = locate(p, n, step, sequence, unit, length);
      const float v = at.active ? inputShare(p, at, 0) + recurrentShare(s, at, 0) : 0;
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
      const At at = locate(p, n, step, sequence, unit, length);
      const float h = (float)(row[unit] / sum);
      if (at.active && p.kept != nullptr) {
        gate(p, at, 0) = h;
      }
      finish(s, at, fresh(p, p.stateZoneout, at.time * p.out + at.unit), h);
    }
  }
}

// Its backward; dInner holds dL/dh.
extern "C" __global__ void softmaxBackward(Pass p, int t, int n, int step) {
  const Step s = {p, t, n, step};
  for (i64 sequence = blockIdx.x; sequence < n; sequence += gridDim.x) {
    const int length = lengthOf(p, t, sequence);
    float* d = p.dInner + sequence * p.hidden;
    double sum = 0;
    for (i64 unit = threadIdx.x; unit < p.hidden; unit += BLOCK) {
      const At at = locate(p, n, step, sequence, unit, length);
      d[unit] = at.active ? through(s, at) : 0;
      sum += at.active ? (double)d[unit] * gate(p, at, 0) : 0;
    }
    sum = blockSum(sum);
    for (i64 unit = threadIdx.x; unit < p.hidden; unit += BLOCK) {
      const At at = locate(p, n, step, sequence, unit, length);
      const float da = at.active ? gate(p, at, 0) * (float)(d[unit] - sum) : 0;
      back(s, at, 0, da, da);
    }
  }
}
