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
 * added to C, or to the row {@code start} + offset where start is not 0. Every accumulator takes
 * the terms in the order of k; what they are added to comes last, because it may have to be fetched
 * from far and the first term would wait for it.
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
    FloatVector s00 = FloatVector.zero(F);
    FloatVector s01 = FloatVector.zero(F);
    FloatVector s02 = FloatVector.zero(F);
    FloatVector s03 = FloatVector.zero(F);
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    FloatVector s12 = FloatVector.zero(F);
    FloatVector s13 = FloatVector.zero(F);
    FloatVector s20 = FloatVector.zero(F);
    FloatVector s21 = FloatVector.zero(F);
    FloatVector s22 = FloatVector.zero(F);
    FloatVector s23 = FloatVector.zero(F);
    FloatVector s30 = FloatVector.zero(F);
    FloatVector s31 = FloatVector.zero(F);
    FloatVector s32 = FloatVector.zero(F);
    FloatVector s33 = FloatVector.zero(F);
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
    long to = c[j] + offset;
    long from = start == 0 ? to : start + offset;
    s00.add(fromMemorySegment(F, ALL, from, ORDER)).intoMemorySegment(ALL, to, ORDER);
    s01.add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
        .intoMemorySegment(ALL, to + BYTES, ORDER);
    s02.add(fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s03.add(fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
    to = c[j + 1] + offset;
    from = start == 0 ? to : start + offset;
    s10.add(fromMemorySegment(F, ALL, from, ORDER)).intoMemorySegment(ALL, to, ORDER);
    s11.add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
        .intoMemorySegment(ALL, to + BYTES, ORDER);
    s12.add(fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s13.add(fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
    to = c[j + 2] + offset;
    from = start == 0 ? to : start + offset;
    s20.add(fromMemorySegment(F, ALL, from, ORDER)).intoMemorySegment(ALL, to, ORDER);
    s21.add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
        .intoMemorySegment(ALL, to + BYTES, ORDER);
    s22.add(fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s23.add(fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
    to = c[j + 3] + offset;
    from = start == 0 ? to : start + offset;
    s30.add(fromMemorySegment(F, ALL, from, ORDER)).intoMemorySegment(ALL, to, ORDER);
    s31.add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
        .intoMemorySegment(ALL, to + BYTES, ORDER);
    s32.add(fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s33.add(fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
  }

  static void rows3(long[] a, int i, long b, long start, long[] c, int j, long offset, int k) {
    long a0 = a[i];
    long a1 = a[i + 1];
    long a2 = a[i + 2];
    FloatVector s00 = FloatVector.zero(F);
    FloatVector s01 = FloatVector.zero(F);
    FloatVector s02 = FloatVector.zero(F);
    FloatVector s03 = FloatVector.zero(F);
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    FloatVector s12 = FloatVector.zero(F);
    FloatVector s13 = FloatVector.zero(F);
    FloatVector s20 = FloatVector.zero(F);
    FloatVector s21 = FloatVector.zero(F);
    FloatVector s22 = FloatVector.zero(F);
    FloatVector s23 = FloatVector.zero(F);
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
    long to = c[j] + offset;
    long from = start == 0 ? to : start + offset;
    s00.add(fromMemorySegment(F, ALL, from, ORDER)).intoMemorySegment(ALL, to, ORDER);
    s01.add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
        .intoMemorySegment(ALL, to + BYTES, ORDER);
    s02.add(fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s03.add(fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
    to = c[j + 1] + offset;
    from = start == 0 ? to : start + offset;
    s10.add(fromMemorySegment(F, ALL, from, ORDER)).intoMemorySegment(ALL, to, ORDER);
    s11.add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
        .intoMemorySegment(ALL, to + BYTES, ORDER);
    s12.add(fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s13.add(fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
    to = c[j + 2] + offset;
    from = start == 0 ? to : start + offset;
    s20.add(fromMemorySegment(F, ALL, from, ORDER)).intoMemorySegment(ALL, to, ORDER);
    s21.add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
        .intoMemorySegment(ALL, to + BYTES, ORDER);
    s22.add(fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s23.add(fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
  }

  static void rows2(long[] a, int i, long b, long start, long[] c, int j, long offset, int k) {
    long a0 = a[i];
    long a1 = a[i + 1];
    FloatVector s00 = FloatVector.zero(F);
    FloatVector s01 = FloatVector.zero(F);
    FloatVector s02 = FloatVector.zero(F);
    FloatVector s03 = FloatVector.zero(F);
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    FloatVector s12 = FloatVector.zero(F);
    FloatVector s13 = FloatVector.zero(F);
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
    long to = c[j] + offset;
    long from = start == 0 ? to : start + offset;
    s00.add(fromMemorySegment(F, ALL, from, ORDER)).intoMemorySegment(ALL, to, ORDER);
    s01.add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
        .intoMemorySegment(ALL, to + BYTES, ORDER);
    s02.add(fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s03.add(fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
    to = c[j + 1] + offset;
    from = start == 0 ? to : start + offset;
    s10.add(fromMemorySegment(F, ALL, from, ORDER)).intoMemorySegment(ALL, to, ORDER);
    s11.add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
        .intoMemorySegment(ALL, to + BYTES, ORDER);
    s12.add(fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s13.add(fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
  }

  /** One row of one panel; {@code start} is what its elements are added to. */
  static void row1(long a0, long b, long start, long c0, int k) {
    FloatVector s00 = FloatVector.zero(F);
    FloatVector s01 = FloatVector.zero(F);
    FloatVector s02 = FloatVector.zero(F);
    FloatVector s03 = FloatVector.zero(F);
    for (int p = 0; p < k; p++) {
      long row = b + PANEL_BYTES * p;
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + 4L * p));
      s00 = x.fma(fromMemorySegment(F, ALL, row, ORDER), s00);
      s01 = x.fma(fromMemorySegment(F, ALL, row + BYTES, ORDER), s01);
      s02 = x.fma(fromMemorySegment(F, ALL, row + 2 * BYTES, ORDER), s02);
      s03 = x.fma(fromMemorySegment(F, ALL, row + 3 * BYTES, ORDER), s03);
    }
    s00.add(fromMemorySegment(F, ALL, start, ORDER)).intoMemorySegment(ALL, c0, ORDER);
    s01.add(fromMemorySegment(F, ALL, start + BYTES, ORDER))
        .intoMemorySegment(ALL, c0 + BYTES, ORDER);
    s02.add(fromMemorySegment(F, ALL, start + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, c0 + 2 * BYTES, ORDER);
    s03.add(fromMemorySegment(F, ALL, start + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, c0 + 3 * BYTES, ORDER);
  }

  /** One row and two panels, b and d, whose columns are neighbours in C. */
  static void row2(long a0, long b, long d, long start, long c0, int k) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    FloatVector s4 = FloatVector.zero(F);
    FloatVector s5 = FloatVector.zero(F);
    FloatVector s6 = FloatVector.zero(F);
    FloatVector s7 = FloatVector.zero(F);
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
    long start1 = start + PANEL_BYTES;
    long c1 = c0 + PANEL_BYTES;
    s0.add(fromMemorySegment(F, ALL, start, ORDER)).intoMemorySegment(ALL, c0, ORDER);
    s1.add(fromMemorySegment(F, ALL, start + BYTES, ORDER))
        .intoMemorySegment(ALL, c0 + BYTES, ORDER);
    s2.add(fromMemorySegment(F, ALL, start + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, c0 + 2 * BYTES, ORDER);
    s3.add(fromMemorySegment(F, ALL, start + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, c0 + 3 * BYTES, ORDER);
    s4.add(fromMemorySegment(F, ALL, start1, ORDER)).intoMemorySegment(ALL, c1, ORDER);
    s5.add(fromMemorySegment(F, ALL, start1 + BYTES, ORDER))
        .intoMemorySegment(ALL, c1 + BYTES, ORDER);
    s6.add(fromMemorySegment(F, ALL, start1 + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, c1 + 2 * BYTES, ORDER);
    s7.add(fromMemorySegment(F, ALL, start1 + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, c1 + 3 * BYTES, ORDER);
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
