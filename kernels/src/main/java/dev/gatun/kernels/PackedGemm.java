package dev.gatun.kernels;

import static dev.gatun.kernels.Species.LANES;

/**
 * C = start + A·B in float32 with B packed once and used many times, as the recurrent weights of a
 * sequence are.
 *
 * <p>B [K, N] is cut into panels of {@link #panelColumns()} columns, each stored as [K,
 * panelColumns], the last one padded with zeros. A tile of several rows and one panel stays in
 * registers over the whole of k. An element of C is one accumulator and its terms are added in the
 * order of k by fused multiply-adds, so its bits depend neither on the rows it is computed with nor
 * on how rows and panels are split over calls.
 *
 * <p>Rows are given by address, so that they can be sequences of different lengths and directions.
 * Tiles of 4 rows by 4 vectors of 512 bits reach 85 % of the FMA peak of a busy Zen 5 core.
 */
public final class PackedGemm {
  static final int PANEL = 4 * LANES;
  static final long PANEL_BYTES = 4L * PANEL;

  // Columns times 16 k in a block of a transposing pack: 64 source and 64 destination lines, 8 KB.
  private static final int PACK_BLOCK = 16;

  private PackedGemm() {}

  /** Columns in a panel: 4 vectors, 16 to 64. */
  public static int panelColumns() {
    return PANEL;
  }

  /** Panels that hold n columns. */
  public static int panels(int n) {
    return (n + PANEL - 1) / PANEL;
  }

  /** Floats that {@link #pack} writes for B [k, n]: n is rounded up to whole panels. */
  public static long packedFloats(int k, int n) {
    return (long) panels(n) * PANEL * k;
  }

  /**
   * Packs B [k, n] for {@link #multiply}. For y = x·Wᵀ with W [n, k] row by row, give rowStride 1
   * and colStride k; for y = x·W with W [k, n], rowStride n and colStride 1.
   *
   * @param src address of B[0, 0]
   * @param rowStride floats from B[p, j] to B[p+1, j]
   * @param colStride floats from B[p, j] to B[p, j+1]
   * @param dst address of {@link #packedFloats} floats, overwritten; may not overlap B
   */
  public static void pack(long src, long rowStride, long colStride, int k, int n, long dst) {
    pack(src, rowStride, colStride, k, n, dst, 0, panels(n));
  }

  /** As {@link #pack(long, long, long, int, int, long)}, only panels fromPanel to toPanel - 1. */
  public static void pack(
      long src,
      long rowStride,
      long colStride,
      int k,
      int n,
      long dst,
      int fromPanel,
      int toPanel) {
    for (int panel = fromPanel; panel < toPanel; panel++) {
      long from = src + 4 * colStride * ((long) panel * PANEL);
      long to = dst + PANEL_BYTES * k * panel;
      int columns = Math.min(PANEL, n - panel * PANEL);
      if (columns < PANEL) {
        Elementwise.fill((long) PANEL * k, to, 0f);
      }
      if (colStride == 1) {
        for (int p = 0; p < k; p++) {
          Elementwise.copy(columns, from + 4 * rowStride * p, to + PANEL_BYTES * p);
        }
      } else {
        for (int p = 0; p < k; p += PACK_BLOCK) {
          packBlock(
              from, 4 * rowStride, 4 * colStride, p, Math.min(k, p + PACK_BLOCK), columns, to);
        }
      }
    }
  }

  private static void packBlock(
      long from, long rowBytes, long colBytes, int fromK, int toK, int columns, long to) {
    for (int j = 0; j < columns; j++) {
      long in = from + colBytes * j;
      long out = to + 4L * j;
      for (int p = fromK; p < toK; p++) {
        Species.setFloat(out + PANEL_BYTES * p, Species.getFloat(in + rowBytes * p));
      }
    }
  }

  /** As below, all columns. */
  public static void multiply(
      int rows, long[] a, int aFrom, long packed, long start, long[] c, int cFrom, int k, int n) {
    multiply(rows, a, aFrom, packed, start, c, cFrom, k, n, 0, panels(n));
  }

  /**
   * Writes A' of A [k, m], so that rows of A' are rows for {@link #multiply}.
   *
   * @param stride floats from one row of A to the next
   * @param dst address of A' [m, k]; may not overlap A
   * @param dstStride floats from one row of A' to the next
   */
  public static void transpose(int k, int m, long src, long stride, long dst, long dstStride) {
    for (int p = 0; p < k; p += PACK_BLOCK) {
      int rows = Math.min(PACK_BLOCK, k - p);
      for (int i = 0; i < m; i += PACK_BLOCK) {
        transposeBlock(
            rows,
            Math.min(PACK_BLOCK, m - i),
            src + 4 * (stride * p + i),
            4 * stride,
            dst + 4 * (dstStride * i + p),
            4 * dstStride);
      }
    }
  }

  private static void transposeBlock(
      int rows, int columns, long from, long fromBytes, long to, long toBytes) {
    for (int p = 0; p < rows; p++) {
      long in = from + fromBytes * p;
      long out = to + 4L * p;
      for (int i = 0; i < columns; i++) {
        Species.setFloat(out + toBytes * i, Species.getFloat(in + 4L * i));
      }
    }
  }

  /**
   * C_i[0..n) = start[0..n) + A_i[0..k)·B for {@code rows} rows, only the columns of panels
   * fromPanel to toPanel - 1: for threads that share the rows.
   *
   * @param a addresses of the rows of A, from index aFrom
   * @param packed address of B as packed by {@link #pack} with the same k and n
   * @param start address of what is added to all rows; 0: each starts from what C holds, which is
   *     not read otherwise
   * @param c addresses of the rows of C, from index cFrom; no two alike, none overlapping A or B
   */
  public static void multiply(
      int rows,
      long[] a,
      int aFrom,
      long packed,
      long start,
      long[] c,
      int cFrom,
      int k,
      int n,
      int fromPanel,
      int toPanel) {
    int whole = Math.min(toPanel, n / PANEL);
    int panel = fromPanel;
    if (rows == 1) {
      // One row has too few accumulators in one panel to hide the latency of the FMA.
      for (; panel <= whole - 2; panel += 2) {
        long b = packed + PANEL_BYTES * k * panel;
        long to = c[cFrom] + PANEL_BYTES * panel;
        long from = start == 0 ? to : start + PANEL_BYTES * panel;
        GemmTiles.row2(a[aFrom], b, b + PANEL_BYTES * k, from, to, k);
      }
    }
    for (; panel < whole; panel++) {
      long b = packed + PANEL_BYTES * k * panel;
      int row = 0;
      while (row < rows) {
        row += tile(rows - row, a, aFrom + row, b, start, c, cFrom + row, PANEL_BYTES * panel, k);
      }
    }
    if (panel < toPanel) {
      long b = packed + PANEL_BYTES * k * panel;
      tail(rows, a, aFrom, b, start, c, cFrom, k, n, panel * PANEL);
    }
  }

  /** The last panel where it is not full: vector by vector. */
  private static void tail(
      int rows,
      long[] a,
      int aFrom,
      long panel,
      long start,
      long[] c,
      int cFrom,
      int k,
      int n,
      int firstColumn) {
    long b = panel;
    for (int column = firstColumn; column < n; column += LANES, b += Species.BYTES) {
      int columns = Math.min(LANES, n - column);
      for (int row = 0; row < rows; row++) {
        long to = c[cFrom + row] + 4L * column;
        long from = start == 0 ? to : start + 4L * column;
        GemmTiles.tail(a[aFrom + row], b, from, to, k, columns);
      }
    }
  }

  /** Computes one tile of at most {@code left} rows and returns its rows. */
  private static int tile(
      int left, long[] a, int i, long b, long start, long[] c, int j, long offset, int k) {
    if (left == 1) {
      GemmTiles.row1(a[i], b, (start == 0 ? c[j] : start) + offset, c[j] + offset, k);
      return 1;
    }
    // Of the 16 registers below 512 bits C2 uses 8 for accumulators well; with the 12 of 3 rows it
    // spills (60 against 72 GFLOP/s).
    if (left == 2 || LANES < 16) {
      GemmTiles.rows2(a, i, b, start, c, j, offset, k);
      return 2;
    }
    // 5 as 3 + 2, 6 as 3 + 3 and 9 as three times 3: a single row would read B at half speed.
    if (left == 3 || left == 5 || left == 6 || left == 9) {
      GemmTiles.rows3(a, i, b, start, c, j, offset, k);
      return 3;
    }
    GemmTiles.rows4(a, i, b, start, c, j, offset, k);
    return 4;
  }
}
