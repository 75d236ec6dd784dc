// All steps of a GRU whose reset gate acts before the product in one launch: two products each step.
#include "gru.cuh"
#include "persistent.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK, 1) resetForwardAll(Pass p, int t, int n) {
  extern __shared__ float4 memory[];
  const int size = (int)p.hidden;
  const int most = longest(p, t, n);
  FORWARD product;
  CANDIDATE candidate;
  float4* at = product.load(memory, 2 * size, size, [&](int row, int column) {
    return p.recurrent[(i64)row * size + column];
  });
  float4* vectors = candidate.load(at, size, size, [&](int row, int column) {
    return p.recurrent[(i64)(2 * size + row) * size + column];
  });
  float4* inners = vectors + TILE * product.width();
  float* shares = (float*)(inners + TILE * candidate.width());
  const int innerWidth = 4 * candidate.width();
  zero(vectors, TILE * (product.width() + candidate.width() + (3 * size + 3) / 4));
  __syncthreads();
  Unit units[UNITS];
  findUnits(p, t, n, units);
  const auto tile = [&](int step, int k) {
    const int width = 4 * product.width();
    return Tile{p, t, n, step, units[k], shares, (float*)vectors, width, nullptr, nullptr, 0};
  };
  eachUnit(units, [&](int k) { begin(tile(-1, k), false); });
  for (int step = 0; step < t; step++) {
    At at[UNITS];
    Known<3> early[UNITS];
    eachUnit(units, [&](int k) {
      at[k] = units[k].at(p, n, step);
      early[k] = known<3>(p, at[k]);
    });
    __syncthreads();
    if (step < most) {
      product.run(vectors, [&](int b, int row, float sum) { shares[b * 3 * size + row] = sum; });
    }
    __syncthreads();
    eachUnit(units, [&](int k) {
      const float* input = early[k].input;
      ((float*)inners)[units[k].b * innerWidth + units[k].unit] =
          ResetBefore::reset(tile(step, k), at[k], input[0], input[1]);
    });
    __syncthreads();
    if (step < most) {
      candidate.run(inners, [&](int b, int row, float sum) {
        shares[(b * 3 + 2) * size + row] = sum;
      });
    }
    __syncthreads();
    eachUnit(units, [&](int k) {
      ResetBefore::output(tile(step, k), at[k], early[k].input[2], early[k].takeH);
    });
  }
  eachUnit(units, [&](int k) { end(p, n, units[k], false); });
}

extern "C" __global__ void __launch_bounds__(BLOCK, 1) resetBackwardAll(Pass p, int t, int n) {
  extern __shared__ float4 memory[];
  const int size = (int)p.hidden;
  const int most = longest(p, t, n);
  BACKWARD product;
  CANDIDATE candidate;
  float4* at = product.load(memory, size, 2 * size, [&](int row, int column) {
    return p.recurrent[(i64)column * size + row];
  });
  float4* vectors = candidate.load(at, size, size, [&](int row, int column) {
    return p.recurrent[(i64)(2 * size + column) * size + row];
  });
  float4* candidates = vectors + TILE * product.width();
  float* dSeen = (float*)(candidates + TILE * candidate.width());
  float* dInner = dSeen + TILE * size;
  zero(vectors, TILE * (product.width() + candidate.width() + (2 * size + 3) / 4));
  __syncthreads();
  Unit units[UNITS];
  findUnits(p, t, n, units);
  const auto tile = [&](int step, int k) {
    const int width = 4 * product.width();
    const int apart = 4 * candidate.width();
    float* const apartFrom = (float*)candidates;
    return Tile{p, t, n, step, units[k], nullptr, (float*)vectors, width, nullptr, apartFrom, apart};
  };
  const auto multiply = [&] {
    product.run(vectors, [&](int b, int row, float sum) { dSeen[b * size + row] = sum; });
  };
  float past[UNITS] = {};  // what r lets through to the h that R saw
  const auto seen = [&](int k) {
    units[k].dh += units[k].seen * (dSeen[units[k].b * size + units[k].unit] + past[k]);
  };
  eachUnit(units, [&](int k) { beginBack(p, n, units[k], false); });
  for (int step = t - 1; step >= 0; step--) {
    At at[UNITS];
    ResetBefore::Saved saved[UNITS];
    float r[UNITS] = {};
    float before[UNITS] = {};  // what R saw
    eachUnit(units, [&](int k) {
      const Step s = {p, t, n, step};
      at[k] = units[k].at(p, n, step);
      saved[k] = {};
      if (at[k].active) {
        saved[k] = ResetBefore::saved(s, at[k]);
        r[k] = gate(p, at[k], 0);
        before[k] = s.seen(at[k]);
      }
    });
    __syncthreads();
    if (step + 1 < most) {
      multiply();
    }
    __syncthreads();
    eachUnit(units, [&](int k) {
      seen(k);
      if (at[k].active) {
        ResetBefore::outputBack(tile(step, k), at[k], saved[k]);
      } else {
        backZero(tile(step, k), at[k]);
      }
    });
    __syncthreads();
    if (step < most) {
      candidate.run(candidates, [&](int b, int row, float sum) { dInner[b * size + row] = sum; });
    }
    __syncthreads();
    eachUnit(units, [&](int k) {
      const float d = dInner[units[k].b * size + units[k].unit];
      past[k] =
          at[k].active ? ResetBefore::resetBack(tile(step, k), at[k], r[k], before[k], d) : 0;
    });
  }
  __syncthreads();
  if (most > 0) {
    multiply();
  }
  __syncthreads();
  eachUnit(units, [&](int k) {
    seen(k);
    endBack(p, n, units[k]);
  });
}
