package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * tanh, sigmoid and exp from additions, multiplications, divisions and blends only, because {@code
 * lanewise(TANH)} and {@code lanewise(EXP)} give other bits in the interpreter than compiled.
 *
 * <p>Errors below are bounds tested against {@link Math} on a million points and the extreme
 * values.
 */
public final class Activations {
  // tanh(x) = x P(x^2) / Q(x^2), minimax in relative error on |x| <= 7.95 by Lawson's iteration
  // (1.7e-9 before rounding); both scaled by 1.046, at which the rounded coefficients err least.
  private static final float P0 = 1.0461539f;
  private static final float P1 = 0.137321f;
  private static final float P2 = 0.0032969958f;
  private static final float P3 = 1.2204758e-5f;
  private static final float P4 = -2.3455994e-8f;
  private static final float P5 = 6.721018e-11f;
  private static final float P6 = -1.2286362e-13f;
  private static final float Q0 = 1.0461539f;
  private static final float Q1 = 0.48603892f;
  private static final float Q2 = 0.025822822f;
  private static final float Q3 = 2.7369487e-4f;

  // From here on the result is 1, which is 2.8e-7 off at most; the quotient stays below 1 before
  // it, so that 1 - tanh^2 is never negative.
  private static final float TANH_SATURATION = 7.9f;

  private static final float LOG2_E = 1.442695f;
  // ln 2 in two parts (Cody and Waite): the first, 0.693359375, has 9 bits.
  private static final float LN2_HIGH = 0.6933594f;
  private static final float LN2_LOW = -2.1219444e-4f;
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  private static final float ROUNDER = 12582912f;
  private static final int ROUNDER_BITS = Float.floatToRawIntBits(ROUNDER);
  // exp(r) = 1 + r + r^2 (E2 + E3 r + ...), minimax on |r| <= ln(2)/2, 3.1e-9 before rounding.
  private static final float E2 = 0.49999994f;
  private static final float E3 = 0.16666521f;
  private static final float E4 = 0.04166839f;
  private static final float E5 = 0.00836871f;
  private static final float E6 = 0.001381461f;
  // 2^r = 1 + R1 r + R2 r^2 ..., minimax in relative error on |r| <= 0.5 by Lawson's iteration
  // (1.1e-7), for sigmoid.
  private static final float R1 = 0.693147f;
  private static final float R2 = 0.24022242f;
  private static final float R3 = 0.055507336f;
  private static final float R4 = 0.009671513f;
  private static final float R5 = 0.0013264727f;
  // Beyond it the exponent of exp(-x) comes near its end, and the result is 0 or 1 (e^-80 = 2e-35).
  private static final float SIGMOID_LARGEST = 80f;
  // From here on exp(x) - 1 is -1 to float32.
  private static final float ELU_SMALLEST = -20f;
  private static final float EXP_LARGEST = 89f;
  private static final float EXP_SMALLEST = -104f;

  private Activations() {}

  /**
   * y[n] = tanh(x[n]), float32 at addresses; x and y may be the same. Absolute and relative error
   * below 3e-7, ±1 beyond ±7.9, NaN for NaN.
   */
  public static void tanh(long n, long x, long y) {
    for (long i = 0; i < n; i += LANES, x += BYTES, y += BYTES) {
      boolean full = n - i >= LANES;
      FloatVector v =
          full
              ? fromMemorySegment(F, ALL, x, ORDER)
              : fromMemorySegment(F, ALL, x, ORDER, F.indexInRange(0L, n - i));
      if (!v.lanewise(VectorOperators.ABS).compare(VectorOperators.LE, TANH_SATURATION).allTrue()) {
        // -0 leaves every number as it is, also -0.
        limitedTanh(Math.min(LANES, n - i), x, y, 1f, 1f, -0f);
        continue;
      }
      FloatVector u = v.mul(v);
      FloatVector p = broadcast(F, P6).fma(u, broadcast(F, P5));
      p = p.fma(u, broadcast(F, P4));
      p = p.fma(u, broadcast(F, P3));
      p = p.fma(u, broadcast(F, P2));
      p = p.fma(u, broadcast(F, P1));
      p = p.fma(u, broadcast(F, P0));
      FloatVector q = broadcast(F, Q3).fma(u, broadcast(F, Q2));
      q = q.fma(u, broadcast(F, Q1));
      q = q.fma(u, broadcast(F, Q0));
      FloatVector t = p.mul(v).div(q);
      if (full) {
        t.intoMemorySegment(ALL, y, ORDER);
      } else {
        t.intoMemorySegment(ALL, y, ORDER, F.indexInRange(0L, n - i));
      }
    }
  }

  /**
   * y[n] = 1 / (1 + exp(-x[n])), float32 at addresses; x and y may be the same. Absolute error
   * below 2e-7, 0.5 for 0, exactly 0 and 1 beyond ∓80, NaN for NaN.
   */
  public static void sigmoid(long n, long x, long y) {
    for (long i = 0; i < n; i += LANES, x += BYTES, y += BYTES) {
      boolean full = n - i >= LANES;
      FloatVector v =
          full
              ? fromMemorySegment(F, ALL, x, ORDER)
              : fromMemorySegment(F, ALL, x, ORDER, F.indexInRange(0L, n - i));
      if (!v.lanewise(VectorOperators.ABS).compare(VectorOperators.LE, SIGMOID_LARGEST).allTrue()) {
        limitedTanh(Math.min(LANES, n - i), x, y, 0.5f, 0.5f, 0.5f);
        continue;
      }
      // exp(-x) = 2^k 2^r: k is added to the exponent.
      FloatVector k = v.fma(broadcast(F, -LOG2_E), broadcast(F, ROUNDER));
      FloatVector r = v.fma(broadcast(F, -LOG2_E), broadcast(F, ROUNDER).sub(k));
      FloatVector p = broadcast(F, R5).fma(r, broadcast(F, R4));
      p = p.fma(r, broadcast(F, R3));
      p = p.fma(r, broadcast(F, R2));
      p = p.fma(r, broadcast(F, R1));
      p = p.fma(r, broadcast(F, 1f));
      IntVector scale = k.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
      FloatVector e = p.reinterpretAsInts().add(scale).reinterpretAsFloats();
      FloatVector t = broadcast(F, 1f).div(e.add(1f));
      if (full) {
        t.intoMemorySegment(ALL, y, ORDER);
      } else {
        t.intoMemorySegment(ALL, y, ORDER, F.indexInRange(0L, n - i));
      }
    }
  }

  /**
   * y = shift + out·tanh(in·x) for any x. The loops above go without the two limits, a quarter of
   * the time, and come here with the vectors that need them.
   */
  private static void limitedTanh(long n, long x, long y, float in, float out, float shift) {
    for (long i = 0; i < n; i += LANES, x += BYTES, y += BYTES) {
      boolean full = n - i >= LANES;
      FloatVector v =
          full
              ? fromMemorySegment(F, ALL, x, ORDER)
              : fromMemorySegment(F, ALL, x, ORDER, F.indexInRange(0L, n - i));
      v = v.mul(in);
      FloatVector u = v.mul(v);
      FloatVector p = broadcast(F, P6).fma(u, broadcast(F, P5));
      p = p.fma(u, broadcast(F, P4));
      p = p.fma(u, broadcast(F, P3));
      p = p.fma(u, broadcast(F, P2));
      p = p.fma(u, broadcast(F, P1));
      p = p.fma(u, broadcast(F, P0));
      FloatVector q = broadcast(F, Q3).fma(u, broadcast(F, Q2));
      q = q.fma(u, broadcast(F, Q1));
      q = q.fma(u, broadcast(F, Q0));
      FloatVector t = p.mul(v).div(q);
      t = t.blend(1f, v.compare(VectorOperators.GT, TANH_SATURATION));
      t = t.blend(-1f, v.compare(VectorOperators.LT, -TANH_SATURATION));
      t = t.fma(out, shift);
      if (full) {
        t.intoMemorySegment(ALL, y, ORDER);
      } else {
        t.intoMemorySegment(ALL, y, ORDER, F.indexInRange(0L, n - i));
      }
    }
  }

  /**
   * y[n] = exp(x[n]), float32 at addresses; x and y may be the same. Relative error below 2e-7
   * where the result is normal, subnormal results rounded, 0 below -104, +inf from 88.73 on, NaN
   * for NaN.
   */
  public static void exp(long n, long x, long y) {
    sumOfExp(n, x, 0f, y);
  }

  /**
   * y[n] = x[n] where it is above 0, else exp(x[n]) - 1, float32 at addresses; x and y may be the
   * same. Relative error below 4e-7, NaN for NaN.
   */
  public static void elu(long n, long x, long y) {
    for (long i = 0; i < n; i += LANES, x += BYTES, y += BYTES) {
      boolean full = n - i >= LANES;
      FloatVector x0 =
          full
              ? fromMemorySegment(F, ALL, x, ORDER)
              : fromMemorySegment(F, ALL, x, ORDER, F.indexInRange(0L, n - i));
      FloatVector v = x0.blend(ELU_SMALLEST, x0.compare(VectorOperators.LT, ELU_SMALLEST));
      v = v.blend(0f, v.compare(VectorOperators.GT, 0f));
      FloatVector shifted = v.fma(broadcast(F, LOG2_E), broadcast(F, ROUNDER));
      FloatVector whole = shifted.sub(ROUNDER);
      FloatVector r = whole.fma(broadcast(F, -LN2_HIGH), v);
      r = whole.fma(broadcast(F, -LN2_LOW), r);
      FloatVector p = broadcast(F, E6).fma(r, broadcast(F, E5));
      p = p.fma(r, broadcast(F, E4));
      p = p.fma(r, broadcast(F, E3));
      p = p.fma(r, broadcast(F, E2));
      p = p.mul(r).fma(r, r);
      // exp(v) - 1 = 2^whole (exp(r) - 1) + (2^whole - 1): exact near 0, where whole is 0.
      IntVector exponent = shifted.reinterpretAsInts().sub(ROUNDER_BITS);
      FloatVector scale =
          exponent.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
      FloatVector result = scale.fma(p, scale.sub(1f));
      result = result.blend(x0, x0.compare(VectorOperators.GT, 0f));
      if (full) {
        result.intoMemorySegment(ALL, y, ORDER);
      } else {
        result.intoMemorySegment(ALL, y, ORDER, F.indexInRange(0L, n - i));
      }
    }
  }

  /**
   * y[n] = exp(x[n] - shift) and their sum, in an order that depends on n and the vector width
   * only.
   *
   * @param y may be x; 0 where only the sum is wanted
   */
  static float sumOfExp(long n, long x, float shift, long y) {
    FloatVector sum = FloatVector.zero(F);
    for (long i = 0; i < n; i += LANES, x += BYTES) {
      boolean full = n - i >= LANES;
      FloatVector v =
          full
              ? fromMemorySegment(F, ALL, x, ORDER)
              : fromMemorySegment(F, ALL, x, ORDER, F.indexInRange(0L, n - i));
      v = v.sub(shift);
      v = v.blend(EXP_LARGEST, v.compare(VectorOperators.GT, EXP_LARGEST));
      v = v.blend(EXP_SMALLEST, v.compare(VectorOperators.LT, EXP_SMALLEST));
      FloatVector shifted = v.fma(broadcast(F, LOG2_E), broadcast(F, ROUNDER));
      FloatVector whole = shifted.sub(ROUNDER);
      FloatVector r = whole.fma(broadcast(F, -LN2_HIGH), v);
      r = whole.fma(broadcast(F, -LN2_LOW), r);
      FloatVector p = broadcast(F, E6).fma(r, broadcast(F, E5));
      p = p.fma(r, broadcast(F, E4));
      p = p.fma(r, broadcast(F, E3));
      p = p.fma(r, broadcast(F, E2));
      p = p.mul(r).fma(r, r).add(1f);
      // 2^whole in two factors: it reaches 2^128 and 2^-150, outside a float's exponent.
      IntVector exponent = shifted.reinterpretAsInts().sub(ROUNDER_BITS);
      IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
      IntVector rest = exponent.sub(half);
      p = p.mul(half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
      p = p.mul(rest.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
      if (full) {
        sum = sum.add(p);
        if (y != 0) {
          p.intoMemorySegment(ALL, y + 4 * i, ORDER);
        }
      } else {
        VectorMask<Float> tail = F.indexInRange(0L, n - i);
        sum = sum.add(p, tail);
        if (y != 0) {
          p.intoMemorySegment(ALL, y + 4 * i, ORDER, tail);
        }
      }
    }
    sum = LANES >= 16 ? sum.add(sum.rearrange(Species.ROTATE_8)) : sum;
    sum = LANES >= 8 ? sum.add(sum.rearrange(Species.ROTATE_4)) : sum;
    return (sum.lane(0) + sum.lane(2)) + (sum.lane(1) + sum.lane(3));
  }
}
