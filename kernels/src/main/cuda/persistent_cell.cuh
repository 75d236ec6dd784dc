// The loops of cells with one product in each step.
#pragma once
#include "persistent_norm.cuh"

template <class Cell>
__device__ inline void forwardAll(const Pass& p, int t, int n, float4* memory) {
  const int size = (int)p.hidden;
  const int gateRows = Cell::GATES * size;
  const int most = longest(p, t, n);
  FORWARD product;
  float4* vectors = product.load(memory, gateRows, size, [&](int row, int column) {
    return p.recurrent[(i64)row * size + column];
  });
  const int width = 4 * product.width();
  float* shares = (float*)(vectors + TILE * product.width());
  float* hats = shares + TILE * gateRows;
  const int fours = product.width() + (gateRows + (p.cellHat == nullptr ? 0 : size) + 3) / 4;
  zero(vectors, TILE * fours);
  __syncthreads();
  Unit units[UNITS];
  findUnits(p, t, n, units);
  const auto tile = [&](int step, int k) {
    return Tile{p, t, n, step, units[k], shares, (float*)vectors, width, hats, nullptr, 0};
  };
  eachUnit(units, [&](int k) { begin(tile(-1, k), Cell::HAS_C); });
  for (int step = 0; step < t; step++) {
    // Asked for before the product, needed after it.
    At at[UNITS];
    Known<Cell::GATES> early[UNITS];
    eachUnit(units, [&](int k) {
      at[k] = units[k].at(p, n, step);
      early[k] = known<Cell::GATES>(p, at[k]);
    });
    __syncthreads();
    if (step < most) {
      product.run(vectors, [&](int b, int row, float sum) { shares[b * gateRows + row] = sum; });
    }
    __syncthreads();
    if (p.recurrentGain != nullptr) {
      normalize(p, n, step, shares, gateRows, p.u, p.recurrentInverses);
      __syncthreads();
    }
    eachUnit(units, [&](int k) { Cell::unit(tile(step, k), at[k], early[k]); });
    if constexpr (Cell::HAS_C) {
      if (p.cellHat != nullptr) {
        __syncthreads();
        normalize(p, n, step, hats, size, p.cellHat, p.cellInverses);
        __syncthreads();
        eachUnit(units, [&](int k) { Cell::normedOutput(tile(step, k), at[k], early[k].takeH); });
      }
    }
  }
  eachUnit(units, [&](int k) { end(p, n, units[k], Cell::HAS_C); });
}

// dL/d of an LSTM's c through the normalisation that h saw it by; dms gets dL/dh of the cell.
template <class Cell, class TileOf>
__device__ inline void normedBack(
    const Pass& p,
    int n,
    int step,
    const Unit* units,
    const At* at,
    const typename Cell::Saved* saved,
    float* dHats,
    float* dms,
    TileOf tile) {
  const int size = (int)p.hidden;
  eachUnit(units, [&](int k) {
    float d = 0;
    if (at[k].active) {
      dms[k] = through(saved[k].takeH, saved[k].dy, tile(step, k).dh(at[k]));
      d = Cell::straight(saved[k], dms[k]);
    }
    dHats[units[k].b * size + units[k].unit] = d;
    p.dNormed[at[k].saved * size + units[k].unit] = d;
  });
  __syncthreads();
  normalizeBack(n, step, dHats, size, size, p.cellHat, p.cellInverses, p.cellGain, nullptr);
  __syncthreads();
}

template <class Cell>
__device__ inline void backwardAll(const Pass& p, int t, int n, float4* memory) {
  const int size = (int)p.hidden;
  const int gateRows = Cell::GATES * size;
  const int most = longest(p, t, n);
  BACKWARD product;
  float4* vectors = product.load(memory, size, gateRows, [&](int row, int column) {
    return p.recurrent[(i64)column * size + row];
  });
  const int width = 4 * product.width();
  float* dSeen = (float*)(vectors + TILE * product.width());
  float* dHats = dSeen + TILE * size;
  zero(vectors, TILE * (product.width() + (2 * size + 3) / 4));
  __syncthreads();
  Unit units[UNITS];
  findUnits(p, t, n, units);
  const auto tile = [&](int step, int k) {
    return Tile{p, t, n, step, units[k], nullptr, (float*)vectors, width, dHats, nullptr, 0};
  };
  const auto multiply = [&] {
    product.run(vectors, [&](int b, int row, float sum) { dSeen[b * size + row] = sum; });
  };
  const auto seen = [&](int k) {
    units[k].dh += units[k].seen * dSeen[units[k].b * size + units[k].unit];
  };
  eachUnit(units, [&](int k) { beginBack(p, n, units[k], Cell::HAS_C); });
  for (int step = t - 1; step >= 0; step--) {
    At at[UNITS];
    typename Cell::Saved saved[UNITS];
    eachUnit(units, [&](int k) {
      at[k] = units[k].at(p, n, step);
      saved[k] = {};
      if (at[k].active) {
        saved[k] = Cell::saved(tile(step, k), at[k]);
      }
    });
    __syncthreads();
    if (step + 1 < most) {
      multiply();
    }
    __syncthreads();
    eachUnit(units, seen);
    float dms[UNITS];
    if constexpr (Cell::HAS_C) {
      if (p.cellHat != nullptr) {
        normedBack<Cell>(p, n, step, units, at, saved, dHats, dms, tile);
      }
    }
    eachUnit(units, [&](int k) {
      const Tile s = tile(step, k);
      if (!at[k].active) {
        backZero(s, at[k]);
        return;
      }
      if constexpr (Cell::HAS_C) {
        if (p.cellHat != nullptr) {
          Cell::back(s, at[k], saved[k], dms[k], s.hat(at[k]));
          return;
        }
      }
      Cell::back(s, at[k], saved[k]);
    });
    if (p.recurrentGain != nullptr) {
      __syncthreads();
      normalizeBack(
          n,
          step,
          (float*)vectors,
          width,
          gateRows,
          p.u,
          p.recurrentInverses,
          p.recurrentGain,
          p.dRecurrent);
    }
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
