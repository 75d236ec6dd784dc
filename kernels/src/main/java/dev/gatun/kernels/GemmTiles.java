package dev.gatun.kernels;

import static dev.gatun.kernels.PackedGemm.PANEL;
import static dev.gatun.kernels.PackedGemm.PANEL_BYTES;
import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.FLOAT;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The register tiles of {@link PackedGemm}: R rows of A [k] times one packed panel [k, 4 vectors],
 * added to C. Every accumulator starts as its element of C, or of the row {@code start} + offset
 * where start is not 0, and takes the terms in the order of k.
 *
 * <p>Written out because only named local variables stay in registers, and without helper methods
 * because a tile fills C2's node budget for inlining (see {@link Species}). Four rows at most: a
 * tile of six is no faster where it was measured (225 against 222 GFLOP/s at K = 128), takes C2
 * twice as long, and C1 gives up on it ("out of virtual registers"), which can leave it in the
 * boxing tier for good.
 *
 * <p>C2 must not unroll the loop over k, because it then spills. The body of 4 rows is too large
 * for it; those of 2 and 3 count in a way that it does not take for a counted loop: 174 against 94
 * GFLOP/s for 3 rows of 512 bits, 72 against 48 for 2 of 256 (Zen 5). One row is bound by memory
 * either way.
 */
final class GemmTiles {
  private GemmTiles() {}

  static void rows4(long[] a, int i, long b, long start, long[] c, int j, long offset, int k) {
    long a0 = a[i];
    long a1 = a[i + 1];
    long a2 = a[i + 2];
    long a3 = a[i + 3];
    long c0 = c[j] + offset;
    long c1 = c[j + 1] + offset;
    long c2 = c[j + 2] + offset;
    long c3 = c[j + 3] + offset;
    long t0 = start == 0 ? c0 : start + offset;
    long t1 = start == 0 ? c1 : start + offset;
    long t2 = start == 0 ? c2 : start + offset;
    long t3 = start == 0 ? c3 : start + offset;
    FloatVector s00 = fromMemorySegment(F, ALL, t0, ORDER);
    FloatVector s01 = fromMemorySegment(F, ALL, t0 + BYTES, ORDER);
    FloatVector s02 = fromMemorySegment(F, ALL, t0 + 2 * BYTES, ORDER);
    FloatVector s03 = fromMemorySegment(F, ALL, t0 + 3 * BYTES, ORDER);
    FloatVector s10 = fromMemorySegment(F, ALL, t1, ORDER);
    FloatVector s11 = fromMemorySegment(F, ALL, t1 + BYTES, ORDER);
    FloatVector s12 = fromMemorySegment(F, ALL, t1 + 2 * BYTES, ORDER);
    FloatVector s13 = fromMemorySegment(F, ALL, t1 + 3 * BYTES, ORDER);
    FloatVector s20 = fromMemorySegment(F, ALL, t2, ORDER);
    FloatVector s21 = fromMemorySegment(F, ALL, t2 + BYTES, ORDER);
    FloatVector s22 = fromMemorySegment(F, ALL, t2 + 2 * BYTES, ORDER);
    FloatVector s23 = fromMemorySegment(F, ALL, t2 + 3 * BYTES, ORDER);
    FloatVector s30 = fromMemorySegment(F, ALL, t3, ORDER);
    FloatVector s31 = fromMemorySegment(F, ALL, t3 + BYTES, ORDER);
    FloatVector s32 = fromMemorySegment(F, ALL, t3 + 2 * BYTES, ORDER);
    FloatVector s33 = fromMemorySegment(F, ALL, t3 + 3 * BYTES, ORDER);
    for (int p = 0; p < k; p++) {
      long row = b + PANEL_BYTES * p;
      long o = 4L * p;
      FloatVector b0 = fromMemorySegment(F, ALL, row, ORDER);
      FloatVector b1 = fromMemorySegment(F, ALL, row + BYTES, ORDER);
      FloatVector b2 = fromMemorySegment(F, ALL, row + 2 * BYTES, ORDER);
      FloatVector b3 = fromMemorySegment(F, ALL, row + 3 * BYTES, ORDER);
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + o));
      s00 = x.fma(b0, s00);
      s01 = x.fma(b1, s01);
      s02 = x.fma(b2, s02);
      s03 = x.fma(b3, s03);
      x = broadcast(F, ALL.get(FLOAT, a1 + o));
      s10 = x.fma(b0, s10);
      s11 = x.fma(b1, s11);
      s12 = x.fma(b2, s12);
      s13 = x.fma(b3, s13);
      x = broadcast(F, ALL.get(FLOAT, a2 + o));
      s20 = x.fma(b0, s20);
      s21 = x.fma(b1, s21);
      s22 = x.fma(b2, s22);
      s23 = x.fma(b3, s23);
      x = broadcast(F, ALL.get(FLOAT, a3 + o));
      s30 = x.fma(b0, s30);
      s31 = x.fma(b1, s31);
      s32 = x.fma(b2, s32);
      s33 = x.fma(b3, s33);
    }
    s00.intoMemorySegment(ALL, c0, ORDER);
    s01.intoMemorySegment(ALL, c0 + BYTES, ORDER);
    s02.intoMemorySegment(ALL, c0 + 2 * BYTES, ORDER);
    s03.intoMemorySegment(ALL, c0 + 3 * BYTES, ORDER);
    s10.intoMemorySegment(ALL, c1, ORDER);
    s11.intoMemorySegment(ALL, c1 + BYTES, ORDER);
    s12.intoMemorySegment(ALL, c1 + 2 * BYTES, ORDER);
    s13.intoMemorySegment(ALL, c1 + 3 * BYTES, ORDER);
    s20.intoMemorySegment(ALL, c2, ORDER);
    s21.intoMemorySegment(ALL, c2 + BYTES, ORDER);
    s22.intoMemorySegment(ALL, c2 + 2 * BYTES, ORDER);
    s23.intoMemorySegment(ALL, c2 + 3 * BYTES, ORDER);
    s30.intoMemorySegment(ALL, c3, ORDER);
    s31.intoMemorySegment(ALL, c3 + BYTES, ORDER);
    s32.intoMemorySegment(ALL, c3 + 2 * BYTES, ORDER);
    s33.intoMemorySegment(ALL, c3 + 3 * BYTES, ORDER);
  }

  static void rows3(long[] a, int i, long b, long start, long[] c, int j, long offset, int k) {
    long a0 = a[i];
    long a1 = a[i + 1];
    long a2 = a[i + 2];
    long c0 = c[j] + offset;
    long c1 = c[j + 1] + offset;
    long c2 = c[j + 2] + offset;
    long t0 = start == 0 ? c0 : start + offset;
    long t1 = start == 0 ? c1 : start + offset;
    long t2 = start == 0 ? c2 : start + offset;
    FloatVector s00 = fromMemorySegment(F, ALL, t0, ORDER);
    FloatVector s01 = fromMemorySegment(F, ALL, t0 + BYTES, ORDER);
    FloatVector s02 = fromMemorySegment(F, ALL, t0 + 2 * BYTES, ORDER);
    FloatVector s03 = fromMemorySegment(F, ALL, t0 + 3 * BYTES, ORDER);
    FloatVector s10 = fromMemorySegment(F, ALL, t1, ORDER);
    FloatVector s11 = fromMemorySegment(F, ALL, t1 + BYTES, ORDER);
    FloatVector s12 = fromMemorySegment(F, ALL, t1 + 2 * BYTES, ORDER);
    FloatVector s13 = fromMemorySegment(F, ALL, t1 + 3 * BYTES, ORDER);
    FloatVector s20 = fromMemorySegment(F, ALL, t2, ORDER);
    FloatVector s21 = fromMemorySegment(F, ALL, t2 + BYTES, ORDER);
    FloatVector s22 = fromMemorySegment(F, ALL, t2 + 2 * BYTES, ORDER);
    FloatVector s23 = fromMemorySegment(F, ALL, t2 + 3 * BYTES, ORDER);
    long end = 4L * k;
    for (long o = 0; o != end; o += 4) {
      long row = b + PANEL * o;
      FloatVector b0 = fromMemorySegment(F, ALL, row, ORDER);
      FloatVector b1 = fromMemorySegment(F, ALL, row + BYTES, ORDER);
      FloatVector b2 = fromMemorySegment(F, ALL, row + 2 * BYTES, ORDER);
      FloatVector b3 = fromMemorySegment(F, ALL, row + 3 * BYTES, ORDER);
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + o));
      s00 = x.fma(b0, s00);
      s01 = x.fma(b1, s01);
      s02 = x.fma(b2, s02);
      s03 = x.fma(b3, s03);
      x = broadcast(F, ALL.get(FLOAT, a1 + o));
      s10 = x.fma(b0, s10);
      s11 = x.fma(b1, s11);
      s12 = x.fma(b2, s12);
      s13 = x.fma(b3, s13);
      x = broadcast(F, ALL.get(FLOAT, a2 + o));
      s20 = x.fma(b0, s20);
      s21 = x.fma(b1, s21);
      s22 = x.fma(b2, s22);
      s23 = x.fma(b3, s23);
    }
    s00.intoMemorySegment(ALL, c0, ORDER);
    s01.intoMemorySegment(ALL, c0 + BYTES, ORDER);
    s02.intoMemorySegment(ALL, c0 + 2 * BYTES, ORDER);
    s03.intoMemorySegment(ALL, c0 + 3 * BYTES, ORDER);
    s10.intoMemorySegment(ALL, c1, ORDER);
    s11.intoMemorySegment(ALL, c1 + BYTES, ORDER);
    s12.intoMemorySegment(ALL, c1 + 2 * BYTES, ORDER);
    s13.intoMemorySegment(ALL, c1 + 3 * BYTES, ORDER);
    s20.intoMemorySegment(ALL, c2, ORDER);
    s21.intoMemorySegment(ALL, c2 + BYTES, ORDER);
    s22.intoMemorySegment(ALL, c2 + 2 * BYTES, ORDER);
    s23.intoMemorySegment(ALL, c2 + 3 * BYTES, ORDER);
  }

  static void rows2(long[] a, int i, long b, long start, long[] c, int j, long offset, int k) {
    long a0 = a[i];
    long a1 = a[i + 1];
    long c0 = c[j] + offset;
    long c1 = c[j + 1] + offset;
    long t0 = start == 0 ? c0 : start + offset;
    long t1 = start == 0 ? c1 : start + offset;
    FloatVector s00 = fromMemorySegment(F, ALL, t0, ORDER);
    FloatVector s01 = fromMemorySegment(F, ALL, t0 + BYTES, ORDER);
    FloatVector s02 = fromMemorySegment(F, ALL, t0 + 2 * BYTES, ORDER);
    FloatVector s03 = fromMemorySegment(F, ALL, t0 + 3 * BYTES, ORDER);
    FloatVector s10 = fromMemorySegment(F, ALL, t1, ORDER);
    FloatVector s11 = fromMemorySegment(F, ALL, t1 + BYTES, ORDER);
    FloatVector s12 = fromMemorySegment(F, ALL, t1 + 2 * BYTES, ORDER);
    FloatVector s13 = fromMemorySegment(F, ALL, t1 + 3 * BYTES, ORDER);
    long end = 4L * k;
    for (long o = 0; o != end; o += 4) {
      long row = b + PANEL * o;
      FloatVector b0 = fromMemorySegment(F, ALL, row, ORDER);
      FloatVector b1 = fromMemorySegment(F, ALL, row + BYTES, ORDER);
      FloatVector b2 = fromMemorySegment(F, ALL, row + 2 * BYTES, ORDER);
      FloatVector b3 = fromMemorySegment(F, ALL, row + 3 * BYTES, ORDER);
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + o));
      s00 = x.fma(b0, s00);
      s01 = x.fma(b1, s01);
      s02 = x.fma(b2, s02);
      s03 = x.fma(b3, s03);
      x = broadcast(F, ALL.get(FLOAT, a1 + o));
      s10 = x.fma(b0, s10);
      s11 = x.fma(b1, s11);
      s12 = x.fma(b2, s12);
      s13 = x.fma(b3, s13);
    }
    s00.intoMemorySegment(ALL, c0, ORDER);
    s01.intoMemorySegment(ALL, c0 + BYTES, ORDER);
    s02.intoMemorySegment(ALL, c0 + 2 * BYTES, ORDER);
    s03.intoMemorySegment(ALL, c0 + 3 * BYTES, ORDER);
    s10.intoMemorySegment(ALL, c1, ORDER);
    s11.intoMemorySegment(ALL, c1 + BYTES, ORDER);
    s12.intoMemorySegment(ALL, c1 + 2 * BYTES, ORDER);
    s13.intoMemorySegment(ALL, c1 + 3 * BYTES, ORDER);
  }

  /** One row of one panel; {@code start} is where its elements start from. */
  static void row1(long a0, long b, long start, long c0, int k) {
    FloatVector s00 = fromMemorySegment(F, ALL, start, ORDER);
    FloatVector s01 = fromMemorySegment(F, ALL, start + BYTES, ORDER);
    FloatVector s02 = fromMemorySegment(F, ALL, start + 2 * BYTES, ORDER);
    FloatVector s03 = fromMemorySegment(F, ALL, start + 3 * BYTES, ORDER);
    for (int p = 0; p < k; p++) {
      long row = b + PANEL_BYTES * p;
      long o = 4L * p;
      FloatVector b0 = fromMemorySegment(F, ALL, row, ORDER);
      FloatVector b1 = fromMemorySegment(F, ALL, row + BYTES, ORDER);
      FloatVector b2 = fromMemorySegment(F, ALL, row + 2 * BYTES, ORDER);
      FloatVector b3 = fromMemorySegment(F, ALL, row + 3 * BYTES, ORDER);
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + o));
      s00 = x.fma(b0, s00);
      s01 = x.fma(b1, s01);
      s02 = x.fma(b2, s02);
      s03 = x.fma(b3, s03);
    }
    s00.intoMemorySegment(ALL, c0, ORDER);
    s01.intoMemorySegment(ALL, c0 + BYTES, ORDER);
    s02.intoMemorySegment(ALL, c0 + 2 * BYTES, ORDER);
    s03.intoMemorySegment(ALL, c0 + 3 * BYTES, ORDER);
  }

  /** One row and two panels, b and d, whose columns are neighbours in C. */
  static void row2(long a0, long b, long d, long start, long c0, int k) {
    long c1 = c0 + PANEL_BYTES;
    long start1 = start + PANEL_BYTES;
    FloatVector s0 = fromMemorySegment(F, ALL, start, ORDER);
    FloatVector s1 = fromMemorySegment(F, ALL, start + BYTES, ORDER);
    FloatVector s2 = fromMemorySegment(F, ALL, start + 2 * BYTES, ORDER);
    FloatVector s3 = fromMemorySegment(F, ALL, start + 3 * BYTES, ORDER);
    FloatVector s4 = fromMemorySegment(F, ALL, start1, ORDER);
    FloatVector s5 = fromMemorySegment(F, ALL, start1 + BYTES, ORDER);
    FloatVector s6 = fromMemorySegment(F, ALL, start1 + 2 * BYTES, ORDER);
    FloatVector s7 = fromMemorySegment(F, ALL, start1 + 3 * BYTES, ORDER);
    for (int p = 0; p < k; p++) {
      long left = b + PANEL_BYTES * p;
      long right = d + PANEL_BYTES * p;
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + 4L * p));
      s0 = x.fma(fromMemorySegment(F, ALL, left, ORDER), s0);
      s1 = x.fma(fromMemorySegment(F, ALL, left + BYTES, ORDER), s1);
      s2 = x.fma(fromMemorySegment(F, ALL, left + 2 * BYTES, ORDER), s2);
      s3 = x.fma(fromMemorySegment(F, ALL, left + 3 * BYTES, ORDER), s3);
      s4 = x.fma(fromMemorySegment(F, ALL, right, ORDER), s4);
      s5 = x.fma(fromMemorySegment(F, ALL, right + BYTES, ORDER), s5);
      s6 = x.fma(fromMemorySegment(F, ALL, right + 2 * BYTES, ORDER), s6);
      s7 = x.fma(fromMemorySegment(F, ALL, right + 3 * BYTES, ORDER), s7);
    }
    s0.intoMemorySegment(ALL, c0, ORDER);
    s1.intoMemorySegment(ALL, c0 + BYTES, ORDER);
    s2.intoMemorySegment(ALL, c0 + 2 * BYTES, ORDER);
    s3.intoMemorySegment(ALL, c0 + 3 * BYTES, ORDER);
    s4.intoMemorySegment(ALL, c1, ORDER);
    s5.intoMemorySegment(ALL, c1 + BYTES, ORDER);
    s6.intoMemorySegment(ALL, c1 + 2 * BYTES, ORDER);
    s7.intoMemorySegment(ALL, c1 + 3 * BYTES, ORDER);
  }

  /**
   * One row of the first {@code columns} columns of one vector of a panel. Four accumulators take
   * the terms in turn, because one would wait for itself; a masked tile of several rows is more
   * than C1 compiles.
   */
  static void tail(long a, long b, long start, long c, int k, int columns) {
    VectorMask<Float> mask = F.indexInRange(0, columns);
    FloatVector s0 = fromMemorySegment(F, ALL, start, ORDER, mask);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = s1;
    FloatVector s3 = s1;
    int p = 0;
    for (; p <= k - 4; p += 4, a += 16, b += 4 * PANEL_BYTES) {
      s0 = broadcast(F, ALL.get(FLOAT, a)).fma(fromMemorySegment(F, ALL, b, ORDER), s0);
      long b1 = b + PANEL_BYTES;
      s1 = broadcast(F, ALL.get(FLOAT, a + 4)).fma(fromMemorySegment(F, ALL, b1, ORDER), s1);
      long b2 = b1 + PANEL_BYTES;
      s2 = broadcast(F, ALL.get(FLOAT, a + 8)).fma(fromMemorySegment(F, ALL, b2, ORDER), s2);
      long b3 = b2 + PANEL_BYTES;
      s3 = broadcast(F, ALL.get(FLOAT, a + 12)).fma(fromMemorySegment(F, ALL, b3, ORDER), s3);
    }
    for (; p < k; p++, a += 4, b += PANEL_BYTES) {
      s0 = broadcast(F, ALL.get(FLOAT, a)).fma(fromMemorySegment(F, ALL, b, ORDER), s0);
    }
    s0.add(s1).add(s2.add(s3)).intoMemorySegment(ALL, c, ORDER, mask);
  }
}
