// All steps of a layer and direction in one launch. A block keeps TILE sequences from the first step
// to the last and R beside them, in registers and, what does not fit there, in shared memory; no
// block waits for another. docs/decisions/0014-persistent-cells.md says why so.
#pragma once
#include "cells.cuh"

// What a stack's shape gives, defined in front of the source by dev.gatun.backend.cuda.PersistentShape;
// these are only for a source compiled by itself.
#ifndef TILE
#define TILE 1  // sequences of a block
#define UNITS 1  // units of a thread: TILE * H / BLOCK, rounded up
#define FORWARD Product<1, 1, 1>
#define BACKWARD Product<1, 1, 1>
#define CANDIDATE Product<1, 1, 1>
#endif

constexpr u32 WARP = 32;
constexpr u32 ALL_LANES = 0xFFFFFFFFu;

__device__ inline float4 zero4() { return make_float4(0, 0, 0, 0); }

// A matrix that stays, times vectors in shared memory, one of each sequence. LANES neighbouring
// threads share ROWS rows; a thread has every LANES-th four columns of them, HELD fours in registers.
// Both factors are read as fours, by neighbours side by side: no two meet in a bank.
template <int ROWS, int LANES, int HELD>
struct Product {
  static constexpr int APART = BLOCK / LANES;  // from one row of a thread to its next
  // Sums that a thread adds to in turn, enough to have four additions on the way.
  static constexpr int CHAINS = ROWS * TILE >= 4 ? 1 : ROWS * TILE >= 2 ? 2 : 4;

  float4 held[HELD][ROWS];
  float4* rest;  // shared [fours - HELD, ROWS, BLOCK]
  int fours;     // of columns, of a thread
  int outputs;

  // The fours of a vector, the last ones zero.
  __device__ int width() const { return fours * LANES; }

  // Reads element(row, column) of [outputs, inputs]; what is behind the memory that it takes.
  template <class Element>
  __device__ float4* load(float4* memory, int rows, int inputs, Element element) {
    const int lane = threadIdx.x % LANES;
    outputs = rows;
    fours = (inputs + 4 * LANES - 1) / (4 * LANES);
    rest = memory;
    const auto four = [&](int g, int r) {
      const int row = r * APART + threadIdx.x / LANES;
      const int from = 4 * (g * LANES + lane);
      const auto at = [&](int column) {
        return row < rows && column < inputs ? element(row, column) : 0.0f;
      };
      return make_float4(at(from), at(from + 1), at(from + 2), at(from + 3));
    };
#pragma unroll
    for (int g = 0; g < HELD; g++) {
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        held[g][r] = four(g, r);
      }
    }
    for (int g = HELD; g < fours; g++) {
      for (int r = 0; r < ROWS; r++) {
        *at(g, r) = four(g, r);
      }
    }
    return memory + (fours > HELD ? (fours - HELD) * ROWS * BLOCK : 0);
  }

  __device__ float4* at(int g, int r) const {
    return rest + ((g - HELD) * ROWS + r) * BLOCK + threadIdx.x;
  }

  __device__ static void add(float* sum, const float4& w, const float4& x) {
    sum[0] += w.x * x.x;
    sum[1 % CHAINS] += w.y * x.y;
    sum[2 % CHAINS] += w.z * x.z;
    sum[3 % CHAINS] += w.w * x.w;
  }

  // Calls put(b, row, sum) for each row of each vector of [TILE, width], by one thread.
  template <class Put>
  __device__ void run(const float4* vectors, Put put) const {
    const int lane = threadIdx.x % LANES;
    float sum[TILE][ROWS][CHAINS] = {};
#pragma unroll
    for (int g = 0; g < HELD; g++) {
#pragma unroll
      for (int b = 0; b < TILE; b++) {
        const float4 x = vectors[b * width() + g * LANES + lane];
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
          add(sum[b][r], held[g][r], x);
        }
      }
    }
    // Shared memory is the limit here, not latency: unrolled it would only take registers.
#pragma unroll 1
    for (int g = HELD; g < fours; g++) {
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        const float4 w = *at(g, r);
#pragma unroll
        for (int b = 0; b < TILE; b++) {
          add(sum[b][r], w, vectors[b * width() + g * LANES + lane]);
        }
      }
    }
#pragma unroll
    for (int b = 0; b < TILE; b++) {
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        float total = sum[b][r][0];
#pragma unroll
        for (int chain = 1; chain < CHAINS; chain++) {
          total += sum[b][r][chain];
        }
#pragma unroll
        for (int by = LANES / 2; by > 0; by /= 2) {
          total += __shfl_xor_sync(ALL_LANES, total, by);
        }
        const int row = r * APART + threadIdx.x / LANES;
        if (r % LANES == lane && row < outputs) {
          put(b, row, total);
        }
      }
    }
  }
};

// One unit of one sequence, which one thread keeps for all steps.
struct Unit {
  bool exists;
  int b;  // the sequence's place in the tile
  int unit;
  i64 sequence;
  int length;
  float seen;  // how much R sees of h
  float h;
  float c;
  float dh;
  float dc;
  float gate;  // that the second half of a step needs

  __device__ At at(const Pass& p, int n, int step) const {
    return locate(p, n, step, sequence, unit, length);
  }
  __device__ i64 state(const Pass& p, int n) const {
    return (p.state * n + sequence) * p.hidden + unit;
  }
};

// A step of those; see Step. There is no projection: out is H.
struct Tile {
  const Pass& p;
  const int t;
  const int n;
  const int step;
  Unit& own;
  float* shares;     // [TILE, G*H]: R h
  float* vectors;    // [TILE, width]: what the next product multiplies
  int width;
  float* hats;       // [TILE, H]
  float* candidate;  // [TILE, candidateWidth]: dL/du of gate 2 where it is apart; else null
  int candidateWidth;

  __device__ i64 e(const At& at) const { return at.sequence * p.hidden + at.unit; }
  __device__ float u(const At&, i64 row) const {
    return shares[own.b * (int)(p.gates * p.hidden) + row];
  }
  __device__ float h(const At&) const { return own.h; }
  __device__ float c(const At&) const { return own.c; }
  __device__ float seen(const At&) const { return own.seen * own.h; }
  __device__ void setC(const At& at, float c) const {
    own.c = c;
    if (p.training) {
      p.c[(i64)(step + 1) * n * p.hidden + e(at)] = c;
    }
  }
  __device__ void setH(const At& at, float h) const {
    own.h = h;
    const float seen = own.seen * h;
    vectors[own.b * width + own.unit] = seen;
    if (p.training) {
      p.h[(i64)(step + 1) * n * p.hidden + e(at)] = h;
      if (p.hSeen != nullptr) {
        p.hSeen[(i64)(step + 1) * n * p.hidden + e(at)] = seen;
      }
    }
  }
  __device__ void setHat(const At&, float c) const {
    hats[own.b * (int)p.hidden + own.unit] = c;
  }
  __device__ float hat(const At&) const { return hats[own.b * (int)p.hidden + own.unit]; }
  __device__ void setGate(float gate) const { own.gate = gate; }
  __device__ float keptGate(const At&, int) const { return own.gate; }
  __device__ float& dh(const At&) const { return own.dh; }
  __device__ float& dc(const At&) const { return own.dc; }
  __device__ void setDu(const At&, int number, float du) const {
    if (number == 2 && candidate != nullptr) {
      candidate[own.b * candidateWidth + own.unit] = du;
    } else {
      vectors[own.b * width + number * (int)p.hidden + own.unit] = du;
    }
  }
};

__device__ inline void zero(float4* memory, int count) {
  for (int i = threadIdx.x; i < count; i += BLOCK) {
    memory[i] = zero4();
  }
}

// Calls work(k) for each of the thread's units, k known when compiling: units are registers.
template <class Work>
__device__ inline void eachUnit(const Unit* units, Work work) {
#pragma unroll
  for (int k = 0; k < UNITS; k++) {
    if (units[k].exists) {
      work(k);
    }
  }
}

__device__ inline void findUnits(const Pass& p, int t, int n, Unit* units) {
#pragma unroll
  for (int k = 0; k < UNITS; k++) {
    const int e = k * BLOCK + (int)threadIdx.x;
    Unit& unit = units[k];
    unit = {};
    unit.b = e / (int)p.hidden;
    unit.unit = e % (int)p.hidden;
    unit.sequence = (i64)blockIdx.x * TILE + unit.b;
    unit.exists = unit.b < TILE && unit.sequence < n;
    if (unit.exists) {
      unit.length = lengthOf(p, t, unit.sequence);
      unit.seen = factor(p, p.stateMask, unit.sequence * p.hidden + unit.unit);
    }
  }
}

// The steps of the block's longest sequence: behind them nothing is multiplied.
__device__ inline int longest(const Pass& p, int t, int n) {
  int most = 0;
  for (int b = 0; b < TILE; b++) {
    const i64 sequence = (i64)blockIdx.x * TILE + b;
    const int length = sequence < n ? lengthOf(p, t, sequence) : 0;
    most = length > most ? length : most;
  }
  return most;
}

__device__ inline float given(const float* states, i64 e) {
  return states == nullptr ? 0 : states[e];
}

// Before the first step: the end of step -1.
__device__ inline void begin(const Tile& s, bool hasC) {
  const Pass& p = s.p;
  const At at = s.own.at(p, s.n, 0);
  s.setH(at, given(p.h0, s.own.state(p, s.n)));
  if (hasC) {
    s.setC(at, given(p.c0, s.own.state(p, s.n)));
  }
}

// After the last step.
__device__ inline void end(const Pass& p, int n, const Unit& unit, bool hasC) {
  p.hn[unit.state(p, n)] = unit.h;
  if (hasC) {
    p.cn[unit.state(p, n)] = unit.c;
  }
}

__device__ inline void beginBack(const Pass& p, int n, Unit& unit, bool hasC) {
  unit.dh = given(p.dhn, unit.state(p, n));
  unit.dc = hasC ? given(p.dcn, unit.state(p, n)) : 0;
}

__device__ inline void endBack(const Pass& p, int n, const Unit& unit) {
  if (p.dh0 != nullptr) {
    p.dh0[unit.state(p, n)] = unit.dh;
  }
  if (p.dc0 != nullptr) {
    p.dc0[unit.state(p, n)] = unit.dc;
  }
}
