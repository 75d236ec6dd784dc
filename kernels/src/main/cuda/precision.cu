// Products in half precision and bfloat16: their factors are rounded to 16 bits, to the nearest and
// to even if there are two, by arithmetic on bits, as NVRTC has no types for them without CUDA's
// headers. Gradients are multiplied by the loss scale before they are rounded to half precision, so
// that small ones do not vanish, and divided by it after.
#include "gatun.cuh"

typedef unsigned short u16;

// The slots of dev.gatun.backend.cuda.LossScale.
constexpr int SCALE = 0;
constexpr int GOOD_UPDATES = 1;

// PyTorch's GradScaler, with an end on either side: the inverse stays a normal float, and a gradient
// that is not finite without half precision too does not drive the scale to zero.
constexpr double GROWTH_INTERVAL = 2000;
constexpr double LEAST_SCALE = 1;
constexpr double MOST_SCALE = 1.2676506002282294e30;  // 2^100

constexpr u32 SIGN = 0x80000000u;
constexpr u32 INFINITE = 0x7F800000u;

struct Half {
  static __device__ inline u16 round(float x) {
    const u32 bits = __float_as_uint(x);
    const u16 sign = (u16)((bits & SIGN) >> 16);
    const u32 size = bits & ~SIGN;
    if (size > INFINITE) {
      return 0x7E00;  // NaN
    }
    if (size >= 0x47800000u) {  // 65,536
      return sign | 0x7C00;
    }
    if (size < 0x38800000u) {
      // Below 2^-14 numbers lie 2^-24 apart, as floats do from a half to one: adding one rounds.
      const float sum = __uint_as_float(size) + 0.5f;
      return sign | (u16)(__float_as_uint(sum) - __float_as_uint(0.5f));
    }
    const u32 up = size + 0xFFF + (size >> 13 & 1);
    return sign | (u16)((up - 0x38000000u) >> 13);  // the exponent's bias is 15, not 127
  }

  static __device__ inline float widen(u16 x) {
    const u32 sign = (u32)(x & 0x8000) << 16;
    const u32 exponent = x >> 10 & 31;
    const u32 fraction = x & 1023;
    const u32 size = exponent == 0    ? __float_as_uint((float)fraction * 5.9604644775390625e-8f)
                     : exponent == 31 ? INFINITE | fraction << 13
                                      : (exponent + 112) << 23 | fraction << 13;
    return __uint_as_float(sign | size);
  }
};

struct Brain {
  static __device__ inline u16 round(float x) {
    const u32 bits = __float_as_uint(x);
    if ((bits & ~SIGN) > INFINITE) {
      return 0x7FC0;  // NaN
    }
    return (u16)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }

  static __device__ inline float widen(u16 x) { return __uint_as_float((u32)x << 16); }
};

// y [rows, columns] = x, whose rows are width apart, times the loss scale (null: 1), and inverse [1]
// = 1 / scale for the product that comes next. Every thread writes the same there.
template <class T>
__device__ inline void roundRows(
    i64 rows, int columns, const float* x, i64 width, u16* y, const double* state, float* inverse) {
  const float scale = state == nullptr ? 1 : (float)state[SCALE];
  if (state != nullptr && firstIndex() == 0) {
    *inverse = 1 / scale;
  }
  for (i64 i = firstIndex(); i < rows * columns; i += indexStride()) {
    y[i] = T::round(x[i / columns * width + i % columns] * scale);
  }
}

extern "C" __global__ void roundHalf(
    i64 rows, int columns, const float* x, i64 width, u16* y, const double* state, float* inverse) {
  roundRows<Half>(rows, columns, x, width, y, state, inverse);
}

extern "C" __global__ void roundBrain(
    i64 rows, int columns, const float* x, i64 width, u16* y, const double* state, float* inverse) {
  roundRows<Brain>(rows, columns, x, width, y, state, inverse);
}

// y [n] = x, divided by the loss scale (null: 1), or added to what is there.
template <class T>
__device__ inline void widen(i64 n, const u16* x, float* y, const double* state, int add) {
  const float inverse = state == nullptr ? 1 : 1 / (float)state[SCALE];
  for (i64 i = firstIndex(); i < n; i += indexStride()) {
    const float value = T::widen(x[i]) * inverse;
    y[i] = add ? y[i] + value : value;
  }
}

extern "C" __global__ void widenHalf(i64 n, const u16* x, float* y, const double* state, int add) {
  widen<Half>(n, x, y, state, add);
}

extern "C" __global__ void widenBrain(i64 n, const u16* x, float* y, const double* state, int add) {
  widen<Brain>(n, x, y, state, add);
}

// After an update that control tells of: halves the scale where a gradient was not finite, doubles it
// after enough without. One thread.
extern "C" __global__ void adjustLossScale(const double* control, double* state) {
  if (firstIndex() == 0) {
    const double scale = state[SCALE];
    const double good = state[GOOD_UPDATES] + 1;
    if (control[NON_FINITE] != -1) {
      state[SCALE] = scale / 2 < LEAST_SCALE ? LEAST_SCALE : scale / 2;
      state[GOOD_UPDATES] = 0;
    } else if (good >= GROWTH_INTERVAL) {
      state[SCALE] = scale * 2 > MOST_SCALE ? MOST_SCALE : scale * 2;
      state[GOOD_UPDATES] = 0;
    } else {
      state[GOOD_UPDATES] = good;
    }
  }
}
