package dev.gatun.kernels;

import static dev.gatun.kernels.PackedGemm.PANEL;
import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.FLOAT;
import static dev.gatun.kernels.Species.I;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/**
 * The register tiles of {@link RoundedGemm}, written out as those of {@link GemmTiles} are: one row
 * by one or two panels, two rows by one. A bfloat16 sum starts as its element of C; an int8 sum
 * starts at zero, and its scale times it is added to C.
 */
final class RoundedTiles {
  /** The half of a word that is a bfloat16 as a float has it. */
  private static final int UPPER = 0xFFFF0000;

  private RoundedTiles() {}

  static void bfloat16Row(long a0, long b, long c, int k) {
    FloatVector s0 = fromMemorySegment(F, ALL, c, ORDER);
    FloatVector s1 = fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector s2 = fromMemorySegment(F, ALL, c + 2 * BYTES, ORDER);
    FloatVector s3 = fromMemorySegment(F, ALL, c + 3 * BYTES, ORDER);
    for (int p = 0; p < k; p++) {
      long row = b + 2L * PANEL * p;
      IntVector w0 = IntVector.fromMemorySegment(I, ALL, row, ORDER);
      IntVector w1 = IntVector.fromMemorySegment(I, ALL, row + BYTES, ORDER);
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + 4L * p));
      s0 = x.fma(w0.lanewise(LSHL, 16).reinterpretAsFloats(), s0);
      s1 = x.fma(w0.and(UPPER).reinterpretAsFloats(), s1);
      s2 = x.fma(w1.lanewise(LSHL, 16).reinterpretAsFloats(), s2);
      s3 = x.fma(w1.and(UPPER).reinterpretAsFloats(), s3);
    }
    s0.intoMemorySegment(ALL, c, ORDER);
    s1.intoMemorySegment(ALL, c + BYTES, ORDER);
    s2.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
    s3.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
  }

  /** One row and two panels, b and d, whose columns are neighbours in C. */
  static void bfloat16Row2(long a0, long b, long d, long c, int k) {
    FloatVector s0 = fromMemorySegment(F, ALL, c, ORDER);
    FloatVector s1 = fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector s2 = fromMemorySegment(F, ALL, c + 2 * BYTES, ORDER);
    FloatVector s3 = fromMemorySegment(F, ALL, c + 3 * BYTES, ORDER);
    FloatVector s4 = fromMemorySegment(F, ALL, c + 4 * BYTES, ORDER);
    FloatVector s5 = fromMemorySegment(F, ALL, c + 5 * BYTES, ORDER);
    FloatVector s6 = fromMemorySegment(F, ALL, c + 6 * BYTES, ORDER);
    FloatVector s7 = fromMemorySegment(F, ALL, c + 7 * BYTES, ORDER);
    for (int p = 0; p < k; p++) {
      long left = b + 2L * PANEL * p;
      long right = d + 2L * PANEL * p;
      IntVector w0 = IntVector.fromMemorySegment(I, ALL, left, ORDER);
      IntVector w1 = IntVector.fromMemorySegment(I, ALL, left + BYTES, ORDER);
      IntVector z0 = IntVector.fromMemorySegment(I, ALL, right, ORDER);
      IntVector z1 = IntVector.fromMemorySegment(I, ALL, right + BYTES, ORDER);
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + 4L * p));
      s0 = x.fma(w0.lanewise(LSHL, 16).reinterpretAsFloats(), s0);
      s1 = x.fma(w0.and(UPPER).reinterpretAsFloats(), s1);
      s2 = x.fma(w1.lanewise(LSHL, 16).reinterpretAsFloats(), s2);
      s3 = x.fma(w1.and(UPPER).reinterpretAsFloats(), s3);
      s4 = x.fma(z0.lanewise(LSHL, 16).reinterpretAsFloats(), s4);
      s5 = x.fma(z0.and(UPPER).reinterpretAsFloats(), s5);
      s6 = x.fma(z1.lanewise(LSHL, 16).reinterpretAsFloats(), s6);
      s7 = x.fma(z1.and(UPPER).reinterpretAsFloats(), s7);
    }
    s0.intoMemorySegment(ALL, c, ORDER);
    s1.intoMemorySegment(ALL, c + BYTES, ORDER);
    s2.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
    s3.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
    s4.intoMemorySegment(ALL, c + 4 * BYTES, ORDER);
    s5.intoMemorySegment(ALL, c + 5 * BYTES, ORDER);
    s6.intoMemorySegment(ALL, c + 6 * BYTES, ORDER);
    s7.intoMemorySegment(ALL, c + 7 * BYTES, ORDER);
  }

  static void bfloat16Rows2(long a0, long a1, long b, long c0, long c1, int k) {
    FloatVector s00 = fromMemorySegment(F, ALL, c0, ORDER);
    FloatVector s01 = fromMemorySegment(F, ALL, c0 + BYTES, ORDER);
    FloatVector s02 = fromMemorySegment(F, ALL, c0 + 2 * BYTES, ORDER);
    FloatVector s03 = fromMemorySegment(F, ALL, c0 + 3 * BYTES, ORDER);
    FloatVector s10 = fromMemorySegment(F, ALL, c1, ORDER);
    FloatVector s11 = fromMemorySegment(F, ALL, c1 + BYTES, ORDER);
    FloatVector s12 = fromMemorySegment(F, ALL, c1 + 2 * BYTES, ORDER);
    FloatVector s13 = fromMemorySegment(F, ALL, c1 + 3 * BYTES, ORDER);
    for (int p = 0; p < k; p++) {
      long row = b + 2L * PANEL * p;
      IntVector w0 = IntVector.fromMemorySegment(I, ALL, row, ORDER);
      IntVector w1 = IntVector.fromMemorySegment(I, ALL, row + BYTES, ORDER);
      FloatVector b0 = w0.lanewise(LSHL, 16).reinterpretAsFloats();
      FloatVector b1 = w0.and(UPPER).reinterpretAsFloats();
      FloatVector b2 = w1.lanewise(LSHL, 16).reinterpretAsFloats();
      FloatVector b3 = w1.and(UPPER).reinterpretAsFloats();
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + 4L * p));
      s00 = x.fma(b0, s00);
      s01 = x.fma(b1, s01);
      s02 = x.fma(b2, s02);
      s03 = x.fma(b3, s03);
      x = broadcast(F, ALL.get(FLOAT, a1 + 4L * p));
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

  /** One row of the first {@code columns} columns of one vector, 0 to 3, of a panel. */
  static void bfloat16Tail(long a0, long b, long c, int k, int vector, int columns) {
    VectorMask<Float> mask = F.indexInRange(0, columns);
    int shift = vector % 2 == 0 ? 16 : 0;
    FloatVector s = fromMemorySegment(F, ALL, c, ORDER, mask);
    for (int p = 0; p < k; p++) {
      long row = b + 2L * PANEL * p + BYTES * (vector / 2);
      IntVector w = IntVector.fromMemorySegment(I, ALL, row, ORDER).lanewise(LSHL, shift);
      FloatVector f = w.and(UPPER).reinterpretAsFloats();
      s = broadcast(F, ALL.get(FLOAT, a0 + 4L * p)).fma(f, s);
    }
    s.intoMemorySegment(ALL, c, ORDER, mask);
  }

  static void int8Row(long a0, long b, long scale, long c, int k) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int p = 0; p < k; p++) {
      long row = b + (long) PANEL * p;
      IntVector w = IntVector.fromMemorySegment(I, ALL, row, ORDER);
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + 4L * p));
      s0 = x.fma((FloatVector) w.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0), s0);
      s1 = x.fma((FloatVector) w.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0), s1);
      s2 = x.fma((FloatVector) w.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0), s2);
      s3 = x.fma((FloatVector) w.lanewise(ASHR, 24).convert(I2F, 0), s3);
    }
    s0.fma(fromMemorySegment(F, ALL, scale, ORDER), fromMemorySegment(F, ALL, c, ORDER))
        .intoMemorySegment(ALL, c, ORDER);
    s1.fma(
            fromMemorySegment(F, ALL, scale + BYTES, ORDER),
            fromMemorySegment(F, ALL, c + BYTES, ORDER))
        .intoMemorySegment(ALL, c + BYTES, ORDER);
    s2.fma(
            fromMemorySegment(F, ALL, scale + 2 * BYTES, ORDER),
            fromMemorySegment(F, ALL, c + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
    s3.fma(
            fromMemorySegment(F, ALL, scale + 3 * BYTES, ORDER),
            fromMemorySegment(F, ALL, c + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
  }

  /** One row and two panels, b and d, whose columns are neighbours in C. */
  static void int8Row2(long a0, long b, long d, long scale, long c, int k) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector s4 = s0;
    FloatVector s5 = s0;
    FloatVector s6 = s0;
    FloatVector s7 = s0;
    for (int p = 0; p < k; p++) {
      long left = b + (long) PANEL * p;
      long right = d + (long) PANEL * p;
      IntVector w = IntVector.fromMemorySegment(I, ALL, left, ORDER);
      IntVector z = IntVector.fromMemorySegment(I, ALL, right, ORDER);
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + 4L * p));
      s0 = x.fma((FloatVector) w.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0), s0);
      s1 = x.fma((FloatVector) w.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0), s1);
      s2 = x.fma((FloatVector) w.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0), s2);
      s3 = x.fma((FloatVector) w.lanewise(ASHR, 24).convert(I2F, 0), s3);
      s4 = x.fma((FloatVector) z.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0), s4);
      s5 = x.fma((FloatVector) z.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0), s5);
      s6 = x.fma((FloatVector) z.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0), s6);
      s7 = x.fma((FloatVector) z.lanewise(ASHR, 24).convert(I2F, 0), s7);
    }
    s0.fma(fromMemorySegment(F, ALL, scale, ORDER), fromMemorySegment(F, ALL, c, ORDER))
        .intoMemorySegment(ALL, c, ORDER);
    s1.fma(
            fromMemorySegment(F, ALL, scale + BYTES, ORDER),
            fromMemorySegment(F, ALL, c + BYTES, ORDER))
        .intoMemorySegment(ALL, c + BYTES, ORDER);
    s2.fma(
            fromMemorySegment(F, ALL, scale + 2 * BYTES, ORDER),
            fromMemorySegment(F, ALL, c + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
    s3.fma(
            fromMemorySegment(F, ALL, scale + 3 * BYTES, ORDER),
            fromMemorySegment(F, ALL, c + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
    s4.fma(
            fromMemorySegment(F, ALL, scale + 4 * BYTES, ORDER),
            fromMemorySegment(F, ALL, c + 4 * BYTES, ORDER))
        .intoMemorySegment(ALL, c + 4 * BYTES, ORDER);
    s5.fma(
            fromMemorySegment(F, ALL, scale + 5 * BYTES, ORDER),
            fromMemorySegment(F, ALL, c + 5 * BYTES, ORDER))
        .intoMemorySegment(ALL, c + 5 * BYTES, ORDER);
    s6.fma(
            fromMemorySegment(F, ALL, scale + 6 * BYTES, ORDER),
            fromMemorySegment(F, ALL, c + 6 * BYTES, ORDER))
        .intoMemorySegment(ALL, c + 6 * BYTES, ORDER);
    s7.fma(
            fromMemorySegment(F, ALL, scale + 7 * BYTES, ORDER),
            fromMemorySegment(F, ALL, c + 7 * BYTES, ORDER))
        .intoMemorySegment(ALL, c + 7 * BYTES, ORDER);
  }

  static void int8Rows2(long a0, long a1, long b, long scale, long c0, long c1, int k) {
    FloatVector s00 = FloatVector.zero(F);
    FloatVector s01 = s00;
    FloatVector s02 = s00;
    FloatVector s03 = s00;
    FloatVector s10 = s00;
    FloatVector s11 = s00;
    FloatVector s12 = s00;
    FloatVector s13 = s00;
    for (int p = 0; p < k; p++) {
      long row = b + (long) PANEL * p;
      IntVector w = IntVector.fromMemorySegment(I, ALL, row, ORDER);
      FloatVector b0 = (FloatVector) w.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0);
      FloatVector b1 = (FloatVector) w.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0);
      FloatVector b2 = (FloatVector) w.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0);
      FloatVector b3 = (FloatVector) w.lanewise(ASHR, 24).convert(I2F, 0);
      FloatVector x = broadcast(F, ALL.get(FLOAT, a0 + 4L * p));
      s00 = x.fma(b0, s00);
      s01 = x.fma(b1, s01);
      s02 = x.fma(b2, s02);
      s03 = x.fma(b3, s03);
      x = broadcast(F, ALL.get(FLOAT, a1 + 4L * p));
      s10 = x.fma(b0, s10);
      s11 = x.fma(b1, s11);
      s12 = x.fma(b2, s12);
      s13 = x.fma(b3, s13);
    }
    FloatVector scale0 = fromMemorySegment(F, ALL, scale, ORDER);
    FloatVector scale1 = fromMemorySegment(F, ALL, scale + BYTES, ORDER);
    FloatVector scale2 = fromMemorySegment(F, ALL, scale + 2 * BYTES, ORDER);
    FloatVector scale3 = fromMemorySegment(F, ALL, scale + 3 * BYTES, ORDER);
    s00.fma(scale0, fromMemorySegment(F, ALL, c0, ORDER)).intoMemorySegment(ALL, c0, ORDER);
    s01.fma(scale1, fromMemorySegment(F, ALL, c0 + BYTES, ORDER))
        .intoMemorySegment(ALL, c0 + BYTES, ORDER);
    s02.fma(scale2, fromMemorySegment(F, ALL, c0 + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, c0 + 2 * BYTES, ORDER);
    s03.fma(scale3, fromMemorySegment(F, ALL, c0 + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, c0 + 3 * BYTES, ORDER);
    s10.fma(scale0, fromMemorySegment(F, ALL, c1, ORDER)).intoMemorySegment(ALL, c1, ORDER);
    s11.fma(scale1, fromMemorySegment(F, ALL, c1 + BYTES, ORDER))
        .intoMemorySegment(ALL, c1 + BYTES, ORDER);
    s12.fma(scale2, fromMemorySegment(F, ALL, c1 + 2 * BYTES, ORDER))
        .intoMemorySegment(ALL, c1 + 2 * BYTES, ORDER);
    s13.fma(scale3, fromMemorySegment(F, ALL, c1 + 3 * BYTES, ORDER))
        .intoMemorySegment(ALL, c1 + 3 * BYTES, ORDER);
  }

  /** One row of the first {@code columns} columns of one vector, 0 to 3, of a panel. */
  static void int8Tail(long a0, long b, long scale, long c, int k, int vector, int columns) {
    VectorMask<Float> mask = F.indexInRange(0, columns);
    int shift = 24 - 8 * vector;
    FloatVector s = FloatVector.zero(F);
    for (int p = 0; p < k; p++) {
      long row = b + (long) PANEL * p;
      IntVector w = IntVector.fromMemorySegment(I, ALL, row, ORDER).lanewise(LSHL, shift);
      FloatVector f = (FloatVector) w.lanewise(ASHR, 24).convert(I2F, 0);
      s = broadcast(F, ALL.get(FLOAT, a0 + 4L * p)).fma(f, s);
    }
    s =
        s.fma(
            fromMemorySegment(F, ALL, scale, ORDER, mask),
            fromMemorySegment(F, ALL, c, ORDER, mask));
    s.intoMemorySegment(ALL, c, ORDER, mask);
  }
}
