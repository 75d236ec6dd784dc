package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.D;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.HALF;
import static dev.gatun.kernels.Species.HALF_BYTES;
import static dev.gatun.kernels.Species.HALF_LANES;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * What is done to flat float32 weights and gradients besides the optimizer's rule. Pointers are
 * absolute addresses, n counts floats.
 */
public final class Weights {
  private Weights() {}

  /** x[n] = max(-limit, min(limit, x)); NaN stays. */
  public static void clamp(long n, float limit, long x) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES) {
      fromMemorySegment(F, ALL, x, ORDER).min(limit).max(-limit).intoMemorySegment(ALL, x, ORDER);
    }
    for (; i < n; i++, x += Float.BYTES) {
      Species.setFloat(x, Math.max(-limit, Math.min(limit, Species.getFloat(x))));
    }
  }

  /** a[n] += weight·(x[n] - a[n]). */
  public static void average(long n, float weight, long x, long a) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, a += BYTES) {
      FloatVector old = fromMemorySegment(F, ALL, a, ORDER);
      fromMemorySegment(F, ALL, x, ORDER)
          .sub(old)
          .mul(weight)
          .add(old)
          .intoMemorySegment(ALL, a, ORDER);
    }
    for (; i < n; i++, x += Float.BYTES, a += Float.BYTES) {
      float old = Species.getFloat(a);
      Species.setFloat(a, (Species.getFloat(x) - old) * weight + old);
    }
  }

  /** g[n] += l1·sign(p[n]) + l2·p[n], the gradient of l1·|p| + l2/2·p². */
  public static void penalize(long n, float l1, float l2, long p, long g) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, p += BYTES, g += BYTES) {
      FloatVector value = fromMemorySegment(F, ALL, p, ORDER);
      VectorMask<Float> above = value.compare(VectorOperators.GT, 0f);
      VectorMask<Float> below = value.compare(VectorOperators.LT, 0f);
      FloatVector slope = value.mul(l2);
      slope = slope.add(l1, above).sub(l1, below);
      slope.add(fromMemorySegment(F, ALL, g, ORDER)).intoMemorySegment(ALL, g, ORDER);
    }
    for (; i < n; i++, p += Float.BYTES, g += Float.BYTES) {
      float value = Species.getFloat(p);
      float slope = value * l2 + (value > 0 ? l1 : value < 0 ? -l1 : 0);
      Species.setFloat(g, slope + Species.getFloat(g));
    }
  }

  /** The sum of |x[n]|, added in double. */
  public static double sumOfAbsolutes(long n, long x) {
    DoubleVector s0 = DoubleVector.zero(D);
    DoubleVector s1 = s0;
    long i = 0;
    for (; i <= n - 2L * HALF_LANES; i += 2L * HALF_LANES, x += 2 * HALF_BYTES) {
      DoubleVector a = (DoubleVector) fromMemorySegment(HALF, ALL, x, ORDER).castShape(D, 0);
      DoubleVector b =
          (DoubleVector) fromMemorySegment(HALF, ALL, x + HALF_BYTES, ORDER).castShape(D, 0);
      s0 = s0.add(a.abs());
      s1 = s1.add(b.abs());
    }
    double tail = 0;
    for (; i < n; i++, x += Float.BYTES) {
      tail += Math.abs(Species.getFloat(x));
    }
    DoubleVector s = s0.add(s1);
    s = HALF_LANES >= 8 ? s.add(s.rearrange(Species.ROTATE_4_DOUBLES)) : s;
    s = HALF_LANES >= 4 ? s.add(s.rearrange(Species.ROTATE_2_DOUBLES)) : s;
    return (s.lane(0) + s.lane(1)) + tail;
  }
}
