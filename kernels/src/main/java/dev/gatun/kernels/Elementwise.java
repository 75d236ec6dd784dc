package dev.gatun.kernels;

import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.LANES;

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
    FloatVector v = FloatVector.broadcast(Species.F, value);
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES) {
      Species.store(v, x);
    }
    if (i < n) {
      Species.store(v, x, Species.first(n - i));
    }
  }

  /** y[n] = x[n]; the two may overlap. */
  public static void copy(long n, long x, long y) {
    MemorySegment.copy(Species.ALL, x, Species.ALL, y, 4 * n);
  }

  /** y[n] += x[n]. */
  public static void add(long n, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      Species.store(Species.load(y).add(Species.load(x)), y);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      Species.store(Species.load(y, tail).add(Species.load(x, tail)), y, tail);
    }
  }

  /** x[n] *= a. */
  public static void scale(long n, float a, long x) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES) {
      Species.store(Species.load(x).mul(a), x);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      Species.store(Species.load(x, tail).mul(a), x, tail);
    }
  }

  /** y[n] += a·x[n], one rounding. */
  public static void axpy(long n, float a, long x, long y) {
    FloatVector factor = FloatVector.broadcast(Species.F, a);
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      Species.store(factor.fma(Species.load(x), Species.load(y)), y);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      Species.store(factor.fma(Species.load(x, tail), Species.load(y, tail)), y, tail);
    }
  }

  /** y[n] *= x[n]. */
  public static void multiply(long n, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      Species.store(Species.load(y).mul(Species.load(x)), y);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      Species.store(Species.load(y, tail).mul(Species.load(x, tail)), y, tail);
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
      FloatVector s0 = Species.load(sum);
      FloatVector s1 = Species.load(sum + BYTES);
      FloatVector s2 = Species.load(sum + 2 * BYTES);
      FloatVector s3 = Species.load(sum + 3 * BYTES);
      for (int r = 0; r < rows; r++) {
        long row = x + rowBytes * r;
        s0 = s0.add(Species.load(row));
        s1 = s1.add(Species.load(row + BYTES));
        s2 = s2.add(Species.load(row + 2 * BYTES));
        s3 = s3.add(Species.load(row + 3 * BYTES));
      }
      Species.store(s0, sum);
      Species.store(s1, sum + BYTES);
      Species.store(s2, sum + 2 * BYTES);
      Species.store(s3, sum + 3 * BYTES);
    }
    for (; j < cols; j += LANES, x += BYTES, sum += BYTES) {
      VectorMask<Float> mask = Species.first(cols - j);
      FloatVector s = Species.load(sum, mask);
      for (int r = 0; r < rows; r++) {
        s = s.add(Species.load(x + rowBytes * r, mask));
      }
      Species.store(s, sum, mask);
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
   */
  public static void scatterAddRows(
      int count, long ids, int cols, int fromCol, int toCol, long dy, long dyStride, long dTable) {
    for (int i = 0; i < count; i++) {
      int id = Species.getInt(ids + 4L * i);
      if (id >= 0) {
        long from = dy + 4 * dyStride * i + 4L * fromCol;
        add(toCol - fromCol, from, dTable + 4L * cols * id + 4L * fromCol);
      }
    }
  }
}
