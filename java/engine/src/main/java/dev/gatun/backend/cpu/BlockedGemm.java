package dev.gatun.backend.cpu;

import dev.gatun.kernels.PackedGemm;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Workspace;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * {@link PackedGemm} on blocks of k: for each the part's columns of B are packed, and blocks of
 * rows of A multiplied by them, transposed first where they lie that way. An element of C takes its
 * terms in the order of k, in blocks of a fixed size, so its bits depend on no division into parts.
 */
final class BlockedGemm implements Gemm {
  /** Terms in a block: B's block of 512 columns is 512 KB and stays in the second cache level. */
  private static final int DEPTH = 256;

  /** Rows of A in a block, 128 KB. */
  private static final int HEIGHT = 128;

  /** Columns of B in a block at most. */
  private static final int WIDTH = 512;

  /** Rows of a part at most: packing a part's B costs a few per cent of its products. */
  private static final int ROWS = 1024;

  /** Rows of a part at least, to give more threads work. */
  private static final int LEAST_ROWS = 256;

  /** Columns of a part, whole panels for every vector width. */
  private static final int COLUMNS = 128;

  /** With fewer parts, rows are split further. */
  private static final int ENOUGH_PARTS = 8;

  /**
   * Floats from one row of a transposed block to the next: a power of two would put the rows that
   * are written together into the same few lines of the first cache level.
   */
  private static final int A_STRIDE = DEPTH + 16;

  /** What one part needs while it is computed. */
  private static final class Scratch {
    final Workspace memory = Workspace.host(DType.F32);
    final long a = memory.real(HEIGHT, A_STRIDE).address();
    final long b = memory.real(PackedGemm.packedFloats(DEPTH, WIDTH)).address();
    final long zeros = memory.real(WIDTH).address();
    final long[] aRows = new long[HEIGHT];
    final long[] cRows = new long[HEIGHT];
  }

  private final Scratch[] scratches;

  /** 1 where a part has the scratch: who runs a part is left to chance, so parts take any. */
  private final AtomicIntegerArray taken;

  /**
   * Allocates a scratch for each thread.
   *
   * @param threads that compute parts at once at most
   */
  BlockedGemm(int threads) {
    scratches = new Scratch[threads];
    for (int i = 0; i < threads; i++) {
      scratches[i] = new Scratch();
    }
    taken = new AtomicIntegerArray(threads);
  }

  @Override
  public void divide(Product p) {
    p.partRows = ROWS;
    p.partColumns = COLUMNS;
    while (p.partRows > LEAST_ROWS && p.parts() < ENOUGH_PARTS) {
      p.partRows /= 2;
    }
  }

  @Override
  public void multiply(Product p, int row, int rows, int column, int columns) {
    int index = take();
    try {
      for (int from = column; from < column + columns; from += WIDTH) {
        multiply(
            p, row, row + rows, from, Math.min(WIDTH, column + columns - from), scratches[index]);
      }
    } finally {
      taken.set(index, 0);
    }
  }

  private int take() {
    // There is one for each thread, so a free one is found at once or in the next round.
    for (int i = 0; ; i = (i + 1) % scratches.length) {
      if (taken.compareAndSet(i, 0, 1)) {
        return i;
      }
    }
  }

  private static void multiply(
      Product p, int fromRow, int toRow, int column, int columns, Scratch own) {
    int k = 0;
    do { // once even without terms: C may have to be set to zero
      int depth = Math.min(DEPTH, p.k - k);
      long b =
          p.b + 4 * (p.bTransposed ? (long) column * p.bStride + k : (long) k * p.bStride + column);
      PackedGemm.pack(
          b, p.bTransposed ? 1 : p.bStride, p.bTransposed ? p.bStride : 1, depth, columns, own.b);
      for (int row = fromRow; row < toRow; row += HEIGHT) {
        int height = Math.min(HEIGHT, toRow - row);
        rows(p, row, height, k, depth, own);
        for (int i = 0; i < height; i++) {
          own.cRows[i] = p.c(row + i, column);
        }
        int panels = PackedGemm.panels(columns);
        long start = p.add || k > 0 ? 0 : own.zeros;
        PackedGemm.multiply(
            height, own.aRows, 0, own.b, start, own.cRows, 0, depth, columns, 0, panels);
      }
      k += DEPTH;
    } while (k < p.k);
  }

  /** Finds the rows of a block of A, or makes them. */
  private static void rows(Product p, int row, int height, int k, int depth, Scratch own) {
    if (p.aTransposed) {
      long a = p.a + 4 * ((long) k * p.aStride + row);
      PackedGemm.transpose(depth, height, a, p.aStride, own.a, A_STRIDE);
      for (int i = 0; i < height; i++) {
        own.aRows[i] = own.a + 4L * A_STRIDE * i;
      }
      return;
    }
    for (int i = 0; i < height; i++) {
      own.aRows[i] = p.a + 4 * ((long) (row + i) * p.aStride + k);
    }
  }

  @Override
  public void close() {
    for (Scratch each : scratches) {
      each.memory.close();
    }
  }
}
