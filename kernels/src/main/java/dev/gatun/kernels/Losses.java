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

/** Losses over rows of float32 at addresses. */
public final class Losses {
  private Losses() {}

  /** (p - t)². */
  public static final int SQUARED = 0;

  /** |p - t|. */
  public static final int ABSOLUTE = 1;

  /** Huber's, its delta the parameter. */
  public static final int HUBER = 2;

  /** The pinball loss, its level the parameter. */
  public static final int QUANTILE = 3;

  /** Binary cross-entropy with logits, the weight of positive targets the parameter. */
  public static final int LOGISTIC = 4;

  /** A Gaussian's negative log-likelihood, the least logarithm of a variance the parameter. */
  public static final int GAUSSIAN = 5;

  /**
   * The sum over rows and columns of weight·f(p, t), in double, and its gradient. A row of weight 0
   * is padding: its values are not looked at, its gradient is 0.
   *
   * @param kind f, one of the constants here
   * @param rows rows of t, [rows, cols] without gaps, in an order fixed by rows and cols
   * @param stride floats from one row of p and dp to the next; {@link #GAUSSIAN} finds logarithms
   *     of variances cols after the means
   * @param p predictions
   * @param t targets
   * @param weights [rows], a weight for each row; 0 where all are 1
   * @param scale of the gradient alone
   * @param dp out: the gradient; may be p; 0 where none is wanted
   */
  public static double rows(
      int kind,
      double parameter,
      int rows,
      int cols,
      int stride,
      long p,
      long t,
      long weights,
      float scale,
      long dp) {
    double sum = 0;
    for (int r = 0; r < rows; r++) {
      float weight = weights == 0 ? 1 : Species.getFloat(weights + 4L * r);
      long from = 4L * stride * r;
      long d = dp == 0 ? 0 : dp + from;
      if (weight != 0) {
        long target = t + 4L * cols * r;
        sum += weight * row(kind, parameter, cols, p + from, target, weight * scale, d);
      } else if (dp != 0) {
        Elementwise.fill(kind == GAUSSIAN ? 2L * cols : cols, d, 0f);
      }
    }
    return sum;
  }

  private static double row(
      int kind, double parameter, int n, long p, long t, float factor, long dp) {
    return switch (kind) {
      case SQUARED -> {
        double sum = sumOfSquaredDifferences(n, p, t);
        if (dp != 0) {
          gradient(n, p, t, 2 * factor, dp);
        }
        yield sum;
      }
      case ABSOLUTE -> ElementLosses.absolute(n, p, t, factor, dp);
      case HUBER -> ElementLosses.huber(parameter, n, p, t, factor, dp);
      case QUANTILE -> ElementLosses.quantile(parameter, n, p, t, factor, dp);
      case LOGISTIC -> ElementLosses.logistic(parameter, n, p, t, factor, dp);
      case GAUSSIAN ->
          ElementLosses.gaussian(
              parameter, n, p, p + 4L * n, t, factor, dp, dp == 0 ? 0 : dp + 4L * n);
      default -> throw new IllegalArgumentException("no loss " + kind);
    };
  }

  private static double sumOfSquaredDifferences(int n, long p, long t) {
    double tail = 0;
    int i = 0;
    DoubleVector s = DoubleVector.zero(D);
    for (; i <= n - HALF_LANES; i += HALF_LANES, p += HALF_BYTES, t += HALF_BYTES) {
      FloatVector a = fromMemorySegment(HALF, ALL, p, ORDER);
      FloatVector b = fromMemorySegment(HALF, ALL, t, ORDER);
      DoubleVector d = (DoubleVector) a.sub(b).castShape(D, 0);
      s = d.fma(d, s);
    }
    for (; i < n; i++, p += 4, t += 4) {
      double d = Species.getFloat(p) - Species.getFloat(t);
      tail = Math.fma(d, d, tail);
    }
    s = HALF_LANES >= 8 ? s.add(s.rearrange(Species.ROTATE_4_DOUBLES)) : s;
    s = HALF_LANES >= 4 ? s.add(s.rearrange(Species.ROTATE_2_DOUBLES)) : s;
    return (s.lane(0) + s.lane(1)) + tail;
  }

  private static void gradient(int n, long p, long t, float factor, long dp) {
    int i = 0;
    for (; i <= n - LANES; i += LANES, p += BYTES, t += BYTES, dp += BYTES) {
      fromMemorySegment(F, ALL, p, ORDER)
          .sub(fromMemorySegment(F, ALL, t, ORDER))
          .mul(factor)
          .intoMemorySegment(ALL, dp, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      fromMemorySegment(F, ALL, p, ORDER, tail)
          .sub(fromMemorySegment(F, ALL, t, ORDER, tail))
          .mul(factor)
          .intoMemorySegment(ALL, dp, ORDER, tail);
    }
  }
}
