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
 * Sums and searches over flat float32 memory. A sum's order depends on n and the vector width only,
 * so a caller that cuts its memory by shape gets the same bits on any number of threads.
 */
public final class Reductions {
  private Reductions() {}

  /** The sum of x[n]², squared and added in double. */
  public static double sumOfSquares(long n, long x) {
    DoubleVector s0 = DoubleVector.zero(D);
    DoubleVector s1 = s0;
    DoubleVector s2 = s0;
    DoubleVector s3 = s0;
    long i = 0;
    for (; i <= n - 4L * HALF_LANES; i += 4L * HALF_LANES, x += 4 * HALF_BYTES) {
      DoubleVector a = (DoubleVector) fromMemorySegment(HALF, ALL, x, ORDER).castShape(D, 0);
      DoubleVector b =
          (DoubleVector) fromMemorySegment(HALF, ALL, x + HALF_BYTES, ORDER).castShape(D, 0);
      DoubleVector c =
          (DoubleVector) fromMemorySegment(HALF, ALL, x + 2 * HALF_BYTES, ORDER).castShape(D, 0);
      DoubleVector d =
          (DoubleVector) fromMemorySegment(HALF, ALL, x + 3 * HALF_BYTES, ORDER).castShape(D, 0);
      s0 = a.fma(a, s0);
      s1 = b.fma(b, s1);
      s2 = c.fma(c, s2);
      s3 = d.fma(d, s3);
    }
    double tail = 0;
    for (; i < n; i++, x += 4) {
      double v = Species.getFloat(x);
      tail = Math.fma(v, v, tail);
    }
    DoubleVector s = s0.add(s1).add(s2.add(s3));
    s = HALF_LANES >= 8 ? s.add(s.rearrange(Species.ROTATE_4_DOUBLES)) : s;
    s = HALF_LANES >= 4 ? s.add(s.rearrange(Species.ROTATE_2_DOUBLES)) : s;
    return (s.lane(0) + s.lane(1)) + tail;
  }

  /** x[n]·y[n], added in float32. */
  public static float dot(int n, long x, long y) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = s0;
    int i = 0;
    for (; i <= n - 2 * LANES; i += 2 * LANES, x += 2 * BYTES, y += 2 * BYTES) {
      FloatVector a = fromMemorySegment(F, ALL, x, ORDER);
      FloatVector b = fromMemorySegment(F, ALL, x + BYTES, ORDER);
      s0 = a.fma(fromMemorySegment(F, ALL, y, ORDER), s0);
      s1 = b.fma(fromMemorySegment(F, ALL, y + BYTES, ORDER), s1);
    }
    for (; i < n; i += LANES, x += BYTES, y += BYTES) {
      VectorMask<Float> rest = F.indexInRange(0L, n - i);
      FloatVector a = fromMemorySegment(F, ALL, x, ORDER, rest);
      s0 = a.fma(fromMemorySegment(F, ALL, y, ORDER, rest), s0);
    }
    FloatVector s = s0.add(s1);
    s = LANES >= 16 ? s.add(s.rearrange(Species.ROTATE_8)) : s;
    s = LANES >= 8 ? s.add(s.rearrange(Species.ROTATE_4)) : s;
    return (s.lane(0) + s.lane(2)) + (s.lane(1) + s.lane(3));
  }

  /** The index of the first NaN or infinity in x[n], or -1. */
  public static long firstNonFinite(long n, long x) {
    long i = 0;
    long block = 4L * LANES;
    for (; i <= n - block; i += block) {
      long from = x + 4 * i;
      FloatVector a = fromMemorySegment(F, ALL, from, ORDER);
      FloatVector b = fromMemorySegment(F, ALL, from + BYTES, ORDER);
      FloatVector c = fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER);
      FloatVector d = fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER);
      // v - v is 0, and NaN where v is not finite.
      FloatVector difference = a.sub(a).add(b.sub(b)).add(c.sub(c).add(d.sub(d)));
      if (difference.compare(VectorOperators.NE, 0f).anyTrue()) {
        break;
      }
    }
    for (; i < n; i++) {
      if (!Float.isFinite(Species.getFloat(x + 4 * i))) {
        return i;
      }
    }
    return -1;
  }

  /** The index of the largest of x[n], the first of equal ones; 0 where all are NaN. */
  public static int largest(int n, long x) {
    int best = 0;
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      float value = Species.getFloat(x + 4L * i);
      if (value > largest) {
        largest = value;
        best = i;
      }
    }
    return best;
  }
}
