package dev.gatun.backend.cpu;

import dev.gatun.bindings.OpenBlas;
import dev.gatun.bindings.generated.openblas.cblas_h;
import java.lang.invoke.MethodHandle;

/** OpenBLAS on one thread for each part. Its bits change with the size of a part. */
final class OpenBlasGemm implements Gemm {
  /**
   * Rows of a part when the rows of the result are split. OpenBLAS packs the other operand anew for
   * each part, which costs about 1/256 of the product at this size.
   */
  private static final int ROWS = 256;

  /** Columns of a part when there are too few rows to split. */
  private static final int COLUMNS = 512;

  private static final MethodHandle SGEMM = OpenBlas.sgemm();

  @Override
  public void divide(Product p) {
    p.partRows = ROWS;
    p.partColumns = p.rowParts() >= 4 ? p.n : COLUMNS;
  }

  @Override
  public void multiply(Product p, int row, int rows, int column, int columns) {
    long a = p.aTransposed ? row : (long) row * p.aStride;
    long b = p.bTransposed ? (long) column * p.bStride : column;
    try {
      SGEMM.invokeExact(
          cblas_h.CblasRowMajor(),
          p.aTransposed ? cblas_h.CblasTrans() : cblas_h.CblasNoTrans(),
          p.bTransposed ? cblas_h.CblasTrans() : cblas_h.CblasNoTrans(),
          rows,
          columns,
          p.k,
          1f,
          p.a + 4 * a,
          p.aStride,
          p.b + 4 * b,
          p.bStride,
          p.add ? 1f : 0f,
          p.c(row, column),
          p.cStride);
    } catch (Error | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a C function throws no checked exception", e);
    }
  }

  @Override
  public void close() {
    // It holds nothing of its own.
  }
}
