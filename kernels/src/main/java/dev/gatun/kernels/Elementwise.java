package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ONE;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Loops over flat or row-by-row float32 memory. Pointers are absolute addresses, n counts floats, a
 * row stride counts floats from one row to the next.
 */
public final class Elementwise {
  private Elementwise() {}

  /** x[n] = value. */
  public static void fill(long n, long x, float value) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES) {
      FloatVector.broadcast(F, value).intoMemorySegment(ALL, x, ORDER);
    }
    for (; i < n; i++, x += Float.BYTES) {
      Species.setFloat(x, value);
    }
  }

  /** y[n] = x[n]; the two may overlap. */
  public static void copy(long n, long x, long y) {
    MemorySegment.copy(ALL, x, ALL, y, 4 * n);
  }

  /** y[n] += x[n]. */
  public static void add(long n, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      fromMemorySegment(F, ALL, y, ORDER)
          .add(fromMemorySegment(F, ALL, x, ORDER))
          .intoMemorySegment(ALL, y, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      fromMemorySegment(F, ALL, y, ORDER, tail)
          .add(fromMemorySegment(F, ALL, x, ORDER, tail))
          .intoMemorySegment(ALL, y, ORDER, tail);
    }
  }

  /** x[n] *= a. */
  public static void scale(long n, float a, long x) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES) {
      fromMemorySegment(F, ALL, x, ORDER).mul(a).intoMemorySegment(ALL, x, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      fromMemorySegment(F, ALL, x, ORDER, tail).mul(a).intoMemorySegment(ALL, x, ORDER, tail);
    }
  }

  /** y[n] += a·x[n], one rounding. */
  public static void axpy(long n, float a, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      FloatVector.broadcast(F, a)
          .fma(fromMemorySegment(F, ALL, x, ORDER), fromMemorySegment(F, ALL, y, ORDER))
          .intoMemorySegment(ALL, y, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      FloatVector.broadcast(F, a)
          .fma(fromMemorySegment(F, ALL, x, ORDER, tail), fromMemorySegment(F, ALL, y, ORDER, tail))
          .intoMemorySegment(ALL, y, ORDER, tail);
    }
  }

  /** y[n] *= x[n]. */
  public static void multiply(long n, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      fromMemorySegment(F, ALL, y, ORDER)
          .mul(fromMemorySegment(F, ALL, x, ORDER))
          .intoMemorySegment(ALL, y, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      fromMemorySegment(F, ALL, y, ORDER, tail)
          .mul(fromMemorySegment(F, ALL, x, ORDER, tail))
          .intoMemorySegment(ALL, y, ORDER, tail);
    }
  }

  /** z[n] = x[n]·y[n]; z may be x or y. */
  public static void product(long n, long x, long y, long z) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES, z += BYTES) {
      FloatVector a = fromMemorySegment(F, ALL, x, ORDER);
      FloatVector b = fromMemorySegment(F, ALL, y, ORDER);
      a.mul(b).intoMemorySegment(ALL, z, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      FloatVector a = fromMemorySegment(F, ALL, x, ORDER, tail);
      FloatVector b = fromMemorySegment(F, ALL, y, ORDER, tail);
      a.mul(b).intoMemorySegment(ALL, z, ORDER, tail);
    }
  }

  /** z[n] += x[n]·y[n], one rounding. */
  public static void addProduct(long n, long x, long y, long z) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES, z += BYTES) {
      FloatVector a = fromMemorySegment(F, ALL, x, ORDER);
      FloatVector b = fromMemorySegment(F, ALL, y, ORDER);
      FloatVector c = fromMemorySegment(F, ALL, z, ORDER);
      a.fma(b, c).intoMemorySegment(ALL, z, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      FloatVector a = fromMemorySegment(F, ALL, x, ORDER, tail);
      FloatVector b = fromMemorySegment(F, ALL, y, ORDER, tail);
      FloatVector c = fromMemorySegment(F, ALL, z, ORDER, tail);
      a.fma(b, c).intoMemorySegment(ALL, z, ORDER, tail);
    }
  }

  /** y[n] = w·x + (1 - w)·other; y may be x or other. Exactly one of them where w is 1 or 0. */
  public static void mix(long n, long w, long x, long other, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, w += BYTES, x += BYTES, other += BYTES, y += BYTES) {
      FloatVector a = fromMemorySegment(F, ALL, w, ORDER);
      FloatVector b = fromMemorySegment(F, ALL, x, ORDER);
      FloatVector c = fromMemorySegment(F, ALL, other, ORDER);
      a.fma(b, ONE.sub(a).mul(c)).intoMemorySegment(ALL, y, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      FloatVector a = fromMemorySegment(F, ALL, w, ORDER, tail);
      FloatVector b = fromMemorySegment(F, ALL, x, ORDER, tail);
      FloatVector c = fromMemorySegment(F, ALL, other, ORDER, tail);
      a.fma(b, ONE.sub(a).mul(c)).intoMemorySegment(ALL, y, ORDER, tail);
    }
  }

  /** The derivative of {@link #mix} from d[n] = dL/dy: other[n] = (1 - w)·d, then d[n] = w·d. */
  public static void split(long n, long w, long d, long other) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, w += BYTES, d += BYTES, other += BYTES) {
      FloatVector a = fromMemorySegment(F, ALL, w, ORDER);
      FloatVector b = fromMemorySegment(F, ALL, d, ORDER);
      ONE.sub(a).mul(b).intoMemorySegment(ALL, other, ORDER);
      a.mul(b).intoMemorySegment(ALL, d, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      FloatVector a = fromMemorySegment(F, ALL, w, ORDER, tail);
      FloatVector b = fromMemorySegment(F, ALL, d, ORDER, tail);
      ONE.sub(a).mul(b).intoMemorySegment(ALL, other, ORDER, tail);
      a.mul(b).intoMemorySegment(ALL, d, ORDER, tail);
    }
  }

  /** x[r, cols] += bias[cols] for every row r. */
  public static void addBias(int rows, int cols, long x, long rowStride, long bias) {
    for (int r = 0; r < rows; r++) {
      add(cols, bias, x + 4 * rowStride * r);
    }
  }

  /**
   * sum[cols] += the sum over rows of x[r, cols], added row by row from the first: a caller splits
   * the columns over threads and the bits stay.
   */
  public static void columnSum(int rows, int cols, long x, long rowStride, long sum) {
    long rowBytes = 4 * rowStride;
    int j = 0;
    for (; j <= cols - 4 * LANES; j += 4 * LANES, x += 4 * BYTES, sum += 4 * BYTES) {
      FloatVector s0 = fromMemorySegment(F, ALL, sum, ORDER);
      FloatVector s1 = fromMemorySegment(F, ALL, sum + BYTES, ORDER);
      FloatVector s2 = fromMemorySegment(F, ALL, sum + 2 * BYTES, ORDER);
      FloatVector s3 = fromMemorySegment(F, ALL, sum + 3 * BYTES, ORDER);
      for (int r = 0; r < rows; r++) {
        long row = x + rowBytes * r;
        s0 = s0.add(fromMemorySegment(F, ALL, row, ORDER));
        s1 = s1.add(fromMemorySegment(F, ALL, row + BYTES, ORDER));
        s2 = s2.add(fromMemorySegment(F, ALL, row + 2 * BYTES, ORDER));
        s3 = s3.add(fromMemorySegment(F, ALL, row + 3 * BYTES, ORDER));
      }
      s0.intoMemorySegment(ALL, sum, ORDER);
      s1.intoMemorySegment(ALL, sum + BYTES, ORDER);
      s2.intoMemorySegment(ALL, sum + 2 * BYTES, ORDER);
      s3.intoMemorySegment(ALL, sum + 3 * BYTES, ORDER);
    }
    for (; j < cols; j += LANES, x += BYTES, sum += BYTES) {
      VectorMask<Float> mask = F.indexInRange(0L, cols - j);
      FloatVector s = fromMemorySegment(F, ALL, sum, ORDER, mask);
      for (int r = 0; r < rows; r++) {
        s = s.add(fromMemorySegment(F, ALL, x + rowBytes * r, ORDER, mask));
      }
      s.intoMemorySegment(ALL, sum, ORDER, mask);
    }
  }

  /**
   * y[i, cols] = table[ids[i], cols]: the forward pass of an embedding. A negative id gives zeros.
   *
   * @param ids address of int32[count], each below the rows of the table
   * @param table address of [V, cols], rows without gaps
   * @param yStride floats from one row of y to the next
   */
  public static void gatherRows(int count, long ids, int cols, long table, long y, long yStride) {
    for (int i = 0; i < count; i++) {
      int id = Species.getInt(ids + 4L * i);
      long to = y + 4 * yStride * i;
      if (id < 0) {
        fill(cols, to, 0f);
      } else {
        copy(cols, table + 4L * cols * id, to);
      }
    }
  }

  /**
   * dTable[ids[i], fromCol..toCol) += dy[i, fromCol..toCol) in the order of i: the backward pass of
   * an embedding, split over threads by columns. Negative ids are passed over.
   *
   * @param ids address of int32[count]
   * @param dyStride floats from one row of dy to the next
   * @param dTable address of [V, cols], rows without gaps
   * @param skip an id that is passed over too
   */
  public static void scatterAddRows(
      int count,
      long ids,
      int cols,
      int fromCol,
      int toCol,
      long dy,
      long dyStride,
      long dTable,
      int skip) {
    for (int i = 0; i < count; i++) {
      int id = Species.getInt(ids + 4L * i);
      if (id >= 0 && id != skip) {
        long from = dy + 4 * dyStride * i + 4L * fromCol;
        add(toCol - fromCol, from, dTable + 4L * cols * id + 4L * fromCol);
      }
    }
  }
}
