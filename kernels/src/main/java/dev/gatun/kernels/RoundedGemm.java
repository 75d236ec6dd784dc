package dev.gatun.kernels;

import static dev.gatun.kernels.PackedGemm.PANEL;
import static dev.gatun.kernels.PackedGemm.PANEL_BYTES;
import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.LANES;

import java.lang.foreign.ValueLayout;

/**
 * {@link PackedGemm} with B kept in bfloat16 or int8: half or a quarter of the bytes to read, which
 * is what one step of a large layer waits for. A stays float32 and so do the sums, whose terms are
 * added in the order of k whatever rows they are computed with.
 *
 * <p>A panel of 4 vectors of columns is stored as vectors of 32-bit integers. In bfloat16 a panel's
 * row is two of them: lane l of the first has column l in its lower half and column LANES + l in
 * its upper half, the second the two vectors after. In int8 it is one, with the four columns l,
 * LANES + l, 2 LANES + l and 3 LANES + l in its bytes, lowest first.
 */
public final class RoundedGemm {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private RoundedGemm() {}

  /**
   * Packs B = W' of W [n, k] row by row, rounded to bfloat16 with ties to even.
   *
   * @param weight address of W, finite
   * @param packed address of half as many floats as {@link PackedGemm#packedFloats} says
   */
  public static void packBfloat16(long weight, int k, int n, long packed) {
    Elementwise.fill(PackedGemm.packedFloats(k, n) / 2, packed, 0f);
    for (int column = 0; column < n; column++) {
      int inPanel = column % PANEL;
      long pair = BYTES * (inPanel / (2 * LANES)) + 4L * (inPanel % LANES);
      long to = packed + 2L * PANEL * k * (column / PANEL) + pair + 2L * (inPanel / LANES % 2);
      for (int p = 0; p < k; p++) {
        int bits = Float.floatToRawIntBits(Species.getFloat(weight + 4 * ((long) column * k + p)));
        int rounded = bits + 0x7FFF + (bits >>> 16 & 1);
        ALL.set(SHORT, to + 2L * PANEL * p, (short) (rounded >>> 16));
      }
    }
  }

  /**
   * Packs B = W' of W [n, k] row by row, rounded to steps of 1/127 of the row's largest magnitude.
   *
   * @param weight address of W, finite
   * @param packed address of a quarter as many floats as {@link PackedGemm#packedFloats} says
   * @param scales address of n floats: what a step is worth
   */
  public static void packInt8(long weight, int k, int n, long packed, long scales) {
    Elementwise.fill(PackedGemm.packedFloats(k, n) / 4, packed, 0f);
    for (int column = 0; column < n; column++) {
      long from = weight + 4L * column * k;
      float largest = 0;
      for (int p = 0; p < k; p++) {
        largest = Math.max(largest, Math.abs(Species.getFloat(from + 4L * p)));
      }
      float scale = largest / 127f;
      Species.setFloat(scales + 4L * column, scale);
      int inPanel = column % PANEL;
      long to = packed + (long) PANEL * k * (column / PANEL) + 4L * (inPanel % LANES);
      to += inPanel / LANES;
      for (int p = 0; scale > 0 && p < k; p++) {
        double steps = Math.rint(Species.getFloat(from + 4L * p) / scale);
        ALL.set(BYTE, to + (long) PANEL * p, (byte) Math.clamp(steps, -127, 127));
      }
    }
  }

  /**
   * C_i[0..n) += A_i[0..k)·B, or with {@code add} false C_i = A_i·B, for the columns of panels
   * fromPanel to toPanel - 1.
   *
   * @param a addresses of the rows of A
   * @param packed as {@link #packBfloat16} left it with the same k and n
   * @param c addresses of the rows of C
   */
  public static void multiplyBfloat16(
      int rows,
      long[] a,
      long packed,
      long[] c,
      int k,
      int n,
      int fromPanel,
      int toPanel,
      boolean add) {
    if (!add) {
      clear(rows, c, n, fromPanel, toPanel);
    }
    long panelBytes = 2L * PANEL * k;
    int whole = Math.min(toPanel, n / PANEL);
    int panel = fromPanel;
    for (; rows == 1 && panel <= whole - 2; panel += 2) {
      long b = packed + panelBytes * panel;
      RoundedTiles.bfloat16Row2(a[0], b, b + panelBytes, c[0] + PANEL_BYTES * panel, k);
    }
    for (; panel < whole; panel++) {
      long b = packed + panelBytes * panel;
      long at = PANEL_BYTES * panel;
      int row = 0;
      for (; row <= rows - 2; row += 2) {
        RoundedTiles.bfloat16Rows2(a[row], a[row + 1], b, c[row] + at, c[row + 1] + at, k);
      }
      if (row < rows) {
        RoundedTiles.bfloat16Row(a[row], b, c[row] + at, k);
      }
    }
    for (int column = panel * PANEL; panel < toPanel && column < n; column += LANES) {
      long b = packed + panelBytes * panel;
      int vector = (column - panel * PANEL) / LANES;
      for (int row = 0; row < rows; row++) {
        long at = c[row] + 4L * column;
        RoundedTiles.bfloat16Tail(a[row], b, at, k, vector, Math.min(LANES, n - column));
      }
    }
  }

  /**
   * As {@link #multiplyBfloat16} with B of {@link #packInt8}.
   *
   * @param scales as {@link #packInt8} left them
   */
  public static void multiplyInt8(
      int rows,
      long[] a,
      long packed,
      long scales,
      long[] c,
      int k,
      int n,
      int fromPanel,
      int toPanel,
      boolean add) {
    if (!add) {
      clear(rows, c, n, fromPanel, toPanel);
    }
    long panelBytes = (long) PANEL * k;
    int whole = Math.min(toPanel, n / PANEL);
    int panel = fromPanel;
    for (; rows == 1 && panel <= whole - 2; panel += 2) {
      long b = packed + panelBytes * panel;
      long at = PANEL_BYTES * panel;
      RoundedTiles.int8Row2(a[0], b, b + panelBytes, scales + at, c[0] + at, k);
    }
    for (; panel < whole; panel++) {
      long b = packed + panelBytes * panel;
      long at = PANEL_BYTES * panel;
      int row = 0;
      for (; row <= rows - 2; row += 2) {
        RoundedTiles.int8Rows2(a[row], a[row + 1], b, scales + at, c[row] + at, c[row + 1] + at, k);
      }
      if (row < rows) {
        RoundedTiles.int8Row(a[row], b, scales + at, c[row] + at, k);
      }
    }
    for (int column = panel * PANEL; panel < toPanel && column < n; column += LANES) {
      long b = packed + panelBytes * panel;
      int vector = (column - panel * PANEL) / LANES;
      for (int row = 0; row < rows; row++) {
        long at = 4L * column;
        int columns = Math.min(LANES, n - column);
        RoundedTiles.int8Tail(a[row], b, scales + at, c[row] + at, k, vector, columns);
      }
    }
  }

  private static void clear(int rows, long[] c, int n, int fromPanel, int toPanel) {
    int from = fromPanel * PANEL;
    int columns = Math.min(n, toPanel * PANEL) - from;
    for (int row = 0; row < rows; row++) {
      Elementwise.fill(columns, c[row] + 4L * from, 0f);
    }
  }
}
