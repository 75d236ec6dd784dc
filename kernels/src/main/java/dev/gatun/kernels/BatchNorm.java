package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.D;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.HALF;
import static dev.gatun.kernels.Species.HALF_LANES;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ORDER;
import static dev.gatun.kernels.Species.getFloat;
import static dev.gatun.kernels.Species.getInt;
import static dev.gatun.kernels.Species.setFloat;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Batch normalisation of some columns of x [t, n, width], float32 at addresses. lengths is
 * int32[n], the valid steps of each sequence, or 0: all. Sums are taken in double, row by row: a
 * caller splits the columns over threads and the bits stay.
 */
public final class BatchNorm {
  private BatchNorm() {}

  /** The valid positions. */
  public static long count(int t, int n, long lengths) {
    long count = 0;
    for (int i = 0; i < n; i++) {
      count += lengths == 0 ? t : getInt(lengths + 4L * i);
    }
    return count;
  }

  private static boolean valid(int step, int sequence, long lengths) {
    return lengths == 0 || step < getInt(lengths + 4L * sequence);
  }

  /** mean[cols], variance[cols]: out, divided by count, which is above 0. */
  public static void moments(
      int t,
      int n,
      int cols,
      int width,
      long count,
      long x,
      long lengths,
      long mean,
      long variance) {
    for (int c = 0; c < cols; c += HALF_LANES) {
      VectorMask<Float> some = HALF.indexInRange(0L, cols - c);
      DoubleVector sum = DoubleVector.zero(D);
      for (int row = 0; row < t * n; row++) {
        if (valid(row / n, row % n, lengths)) {
          long at = x + 4 * ((long) row * width + c);
          sum =
              sum.add((DoubleVector) fromMemorySegment(HALF, ALL, at, ORDER, some).castShape(D, 0));
        }
      }
      DoubleVector m = sum.div((double) count);
      DoubleVector squares = DoubleVector.zero(D);
      for (int row = 0; row < t * n; row++) {
        if (valid(row / n, row % n, lengths)) {
          long at = x + 4 * ((long) row * width + c);
          DoubleVector v =
              (DoubleVector) fromMemorySegment(HALF, ALL, at, ORDER, some).castShape(D, 0);
          DoubleVector d = v.sub(m);
          squares = d.fma(d, squares);
        }
      }
      FloatVector means = (FloatVector) m.castShape(HALF, 0);
      FloatVector variances = (FloatVector) squares.div((double) count).castShape(HALF, 0);
      means.intoMemorySegment(ALL, mean + 4L * c, ORDER, some);
      variances.intoMemorySegment(ALL, variance + 4L * c, ORDER, some);
    }
  }

  /**
   * Moves running statistics towards those of a batch of count positions, the variance as divided
   * by one less; not where they are not finite, or of fewer than two positions.
   */
  public static void move(
      int cols,
      double momentum,
      long count,
      long mean,
      long variance,
      long runningMean,
      long runningVariance) {
    for (long o = 0; count > 1 && o < 4L * cols; o += 4) {
      double m = getFloat(mean + o);
      double v = getFloat(variance + o);
      if (Double.isFinite(m) && Double.isFinite(v)) {
        double unbiased = v * count / (count - 1);
        double oldMean = (1 - momentum) * getFloat(runningMean + o);
        double oldVariance = (1 - momentum) * getFloat(runningVariance + o);
        setFloat(runningMean + o, (float) (oldMean + momentum * m));
        setFloat(runningVariance + o, (float) (oldVariance + momentum * unbiased));
      }
    }
  }

  /** inverse[cols] = 1 / sqrt(variance + epsilon); inverse may be variance. */
  public static void inverse(int cols, double epsilon, long variance, long inverse) {
    for (long o = 0; o < 4L * cols; o += 4) {
      setFloat(inverse + o, (float) (1 / Math.sqrt(getFloat(variance + o) + epsilon)));
    }
  }

  /** y = (x - mean)·inverse·scale + shift on valid positions, else 0. */
  public static void normalize(
      int t,
      int n,
      int cols,
      int width,
      long x,
      long lengths,
      long mean,
      long inverse,
      long scale,
      long shift,
      long y) {
    for (int row = 0; row < t * n; row++) {
      long at = 4L * row * width;
      if (valid(row / n, row % n, lengths)) {
        normalize(cols, x + at, mean, inverse, scale, shift, y + at);
      } else {
        Elementwise.fill(cols, y + at, 0f);
      }
    }
  }

  private static void normalize(
      int cols, long x, long mean, long inverse, long scale, long shift, long y) {
    for (long c = 0; c < cols; c += LANES) {
      VectorMask<Float> some = F.indexInRange(0L, cols - c);
      long o = 4 * c;
      FloatVector normal =
          fromMemorySegment(F, ALL, x + o, ORDER, some)
              .sub(fromMemorySegment(F, ALL, mean + o, ORDER, some))
              .mul(fromMemorySegment(F, ALL, inverse + o, ORDER, some));
      normal
          .fma(
              fromMemorySegment(F, ALL, scale + o, ORDER, some),
              fromMemorySegment(F, ALL, shift + o, ORDER, some))
          .intoMemorySegment(ALL, y + o, ORDER, some);
    }
  }

  /** sum[cols] = that of dy, dot[cols] = that of dy·(x - mean)·inverse, over valid positions. */
  public static void sums(
      int t,
      int n,
      int cols,
      int width,
      long x,
      long dy,
      long lengths,
      long mean,
      long inverse,
      long sum,
      long dot) {
    for (int c = 0; c < cols; c += HALF_LANES) {
      VectorMask<Float> some = HALF.indexInRange(0L, cols - c);
      DoubleVector s = DoubleVector.zero(D);
      DoubleVector p = DoubleVector.zero(D);
      for (int row = 0; row < t * n; row++) {
        if (valid(row / n, row % n, lengths)) {
          long at = 4 * ((long) row * width + c);
          FloatVector centred =
              fromMemorySegment(HALF, ALL, x + at, ORDER, some)
                  .sub(fromMemorySegment(HALF, ALL, mean + 4L * c, ORDER, some));
          DoubleVector d =
              (DoubleVector) fromMemorySegment(HALF, ALL, dy + at, ORDER, some).castShape(D, 0);
          s = s.add(d);
          p = d.fma((DoubleVector) centred.castShape(D, 0), p);
        }
      }
      ((FloatVector) s.castShape(HALF, 0)).intoMemorySegment(ALL, sum + 4L * c, ORDER, some);
      ((FloatVector) p.castShape(HALF, 0))
          .mul(fromMemorySegment(HALF, ALL, inverse + 4L * c, ORDER, some))
          .intoMemorySegment(ALL, dot + 4L * c, ORDER, some);
    }
  }

  /**
   * dx = scale·inverse·(dy - (sum + xHat·dot) / count) on valid positions, else 0; dx may be dy.
   * The sums become what they are multiplied by: sum / count and dot / count.
   */
  public static void backward(
      int t,
      int n,
      int cols,
      int width,
      long count,
      long x,
      long dy,
      long lengths,
      long mean,
      long inverse,
      long scale,
      long sum,
      long dot,
      long dx) {
    Elementwise.scale(cols, (float) (1.0 / count), sum);
    Elementwise.scale(cols, (float) (1.0 / count), dot);
    for (int row = 0; row < t * n; row++) {
      long at = 4L * row * width;
      if (valid(row / n, row % n, lengths)) {
        backward(cols, x + at, dy + at, mean, inverse, scale, sum, dot, dx + at);
      } else {
        Elementwise.fill(cols, dx + at, 0f);
      }
    }
  }

  private static void backward(
      int cols, long x, long dy, long mean, long inverse, long scale, long sum, long dot, long dx) {
    for (long o = 0; o < 4L * cols; o += BYTES) {
      VectorMask<Float> some = F.indexInRange(0L, cols - o / 4);
      FloatVector i = fromMemorySegment(F, ALL, inverse + o, ORDER, some);
      FloatVector normal =
          fromMemorySegment(F, ALL, x + o, ORDER, some)
              .sub(fromMemorySegment(F, ALL, mean + o, ORDER, some))
              .mul(i);
      FloatVector shared =
          normal.fma(
              fromMemorySegment(F, ALL, dot + o, ORDER, some),
              fromMemorySegment(F, ALL, sum + o, ORDER, some));
      fromMemorySegment(F, ALL, dy + o, ORDER, some)
          .sub(shared)
          .mul(i.mul(fromMemorySegment(F, ALL, scale + o, ORDER, some)))
          .intoMemorySegment(ALL, dx + o, ORDER, some);
    }
  }
}
