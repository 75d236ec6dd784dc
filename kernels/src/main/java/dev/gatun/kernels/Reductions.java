package dev.gatun.kernels;

import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.D;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.HALF_BYTES;
import static dev.gatun.kernels.Species.HALF_LANES;
import static dev.gatun.kernels.Species.LANES;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
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
      DoubleVector a = Species.loadAsDoubles(x);
      DoubleVector b = Species.loadAsDoubles(x + HALF_BYTES);
      DoubleVector c = Species.loadAsDoubles(x + 2 * HALF_BYTES);
      DoubleVector d = Species.loadAsDoubles(x + 3 * HALF_BYTES);
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
    return Species.sum(s0.add(s1).add(s2.add(s3))) + tail;
  }

  /** The index of the first NaN or infinity in x[n], or -1. */
  public static long firstNonFinite(long n, long x) {
    long i = 0;
    long block = 4L * LANES;
    for (; i <= n - block; i += block) {
      long from = x + 4 * i;
      // v - v is 0, and NaN where v is not finite.
      FloatVector a = difference(from).add(difference(from + BYTES));
      FloatVector b = difference(from + 2 * BYTES).add(difference(from + 3 * BYTES));
      if (a.add(b).compare(VectorOperators.NE, FloatVector.zero(F)).anyTrue()) {
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

  private static FloatVector difference(long address) {
    FloatVector v = Species.load(address);
    return v.sub(v);
  }
}
