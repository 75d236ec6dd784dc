package dev.gatun.kernels;

import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * tanh, sigmoid and exp from additions, multiplications, divisions and blends only, because {@code
 * lanewise(TANH)} and {@code lanewise(EXP)} give other bits in the interpreter than compiled.
 *
 * <p>Errors below are the largest over the whole float range, tested against {@link Math}.
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
  private static final float EXP_LARGEST = 89f;
  private static final float EXP_SMALLEST = -104f;

  private Activations() {}

  /** Hyperbolic tangent: absolute and relative error below 3e-7, ±1 beyond ±7.9, NaN for NaN. */
  static FloatVector tanh(FloatVector x) {
    FloatVector u = x.mul(x);
    FloatVector p = FloatVector.broadcast(F, P6).fma(u, FloatVector.broadcast(F, P5));
    p = p.fma(u, FloatVector.broadcast(F, P4));
    p = p.fma(u, FloatVector.broadcast(F, P3));
    p = p.fma(u, FloatVector.broadcast(F, P2));
    p = p.fma(u, FloatVector.broadcast(F, P1));
    p = p.fma(u, FloatVector.broadcast(F, P0));
    FloatVector q = FloatVector.broadcast(F, Q3).fma(u, FloatVector.broadcast(F, Q2));
    q = q.fma(u, FloatVector.broadcast(F, Q1));
    q = q.fma(u, FloatVector.broadcast(F, Q0));
    FloatVector t = p.mul(x).div(q);
    t = t.blend(1f, x.compare(VectorOperators.GT, TANH_SATURATION));
    return t.blend(-1f, x.compare(VectorOperators.LT, -TANH_SATURATION));
  }

  /**
   * Logistic function as (1 + tanh(x/2)) / 2: absolute error below 2e-7, exactly 0 and 1 beyond
   * ∓15.8, NaN for NaN.
   */
  static FloatVector sigmoid(FloatVector x) {
    FloatVector half = FloatVector.broadcast(F, 0.5f);
    return tanh(x.mul(half)).fma(half, half);
  }

  /**
   * Exponential: relative error below 2e-7 where the result is normal, subnormal results rounded, 0
   * below -104, +inf from 88.73 on, NaN for NaN.
   */
  static FloatVector exp(FloatVector x) {
    x = x.blend(EXP_LARGEST, x.compare(VectorOperators.GT, EXP_LARGEST));
    x = x.blend(EXP_SMALLEST, x.compare(VectorOperators.LT, EXP_SMALLEST));
    FloatVector rounder = FloatVector.broadcast(F, ROUNDER);
    FloatVector shifted = x.fma(FloatVector.broadcast(F, LOG2_E), rounder);
    FloatVector n = shifted.sub(rounder);
    FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), x);
    r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
    FloatVector p = FloatVector.broadcast(F, E6).fma(r, FloatVector.broadcast(F, E5));
    p = p.fma(r, FloatVector.broadcast(F, E4));
    p = p.fma(r, FloatVector.broadcast(F, E3));
    p = p.fma(r, FloatVector.broadcast(F, E2));
    p = p.mul(r).fma(r, r).add(1f);
    // 2^n in two factors: n reaches 128 and -150, outside a float's exponent.
    IntVector exponent = shifted.reinterpretAsInts().sub(ROUNDER_BITS);
    IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
    return p.mul(powerOfTwo(half)).mul(powerOfTwo(exponent.sub(half)));
  }

  private static FloatVector powerOfTwo(IntVector exponent) {
    return exponent.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }

  /** y[n] = tanh(x[n]), float32 at addresses; x and y may be the same. */
  public static void tanh(long n, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      Species.store(tanh(Species.load(x)), y);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      Species.store(tanh(Species.load(x, tail)), y, tail);
    }
  }

  /** y[n] = sigmoid(x[n]), float32 at addresses; x and y may be the same. */
  public static void sigmoid(long n, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      Species.store(sigmoid(Species.load(x)), y);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      Species.store(sigmoid(Species.load(x, tail)), y, tail);
    }
  }

  /** y[n] = exp(x[n]), float32 at addresses; x and y may be the same. */
  public static void exp(long n, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      Species.store(exp(Species.load(x)), y);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      Species.store(exp(Species.load(x, tail)), y, tail);
    }
  }

  /** y[n] = sigmoid(x[n] + y[n]), in place: gates that are the sum of two products. */
  static void sigmoidOfSum(long n, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      Species.store(sigmoid(Species.load(x).add(Species.load(y))), y);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      Species.store(sigmoid(Species.load(x, tail).add(Species.load(y, tail))), y, tail);
    }
  }
}
