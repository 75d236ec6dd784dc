package dev.gatun.app.search.gaussian;

import dev.gatun.bindings.generated.openblas.cblas_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** OpenBLAS's dpotrf and dtrsm, on copies. */
public record OpenBlasAlgebra() implements Algebra {
  @Override
  public boolean factor(double[] a, int n) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, a);
      int status = cblas_h.LAPACKE_dpotrf(cblas_h.LAPACK_ROW_MAJOR(), (byte) 'L', n, copy, n);
      if (status < 0) {
        throw new IllegalStateException("LAPACKE_dpotrf of " + n + " rows returned " + status);
      }
      MemorySegment.copy(copy, ValueLayout.JAVA_DOUBLE, 0, a, 0, a.length);
      return status == 0;
    }
  }

  @Override
  public void solve(double[] l, int n, boolean transposed, double[] b, int m) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, b);
      cblas_h.cblas_dtrsm(
          cblas_h.CblasRowMajor(),
          cblas_h.CblasLeft(),
          cblas_h.CblasLower(),
          transposed ? cblas_h.CblasTrans() : cblas_h.CblasNoTrans(),
          cblas_h.CblasNonUnit(),
          n,
          m,
          1,
          arena.allocateFrom(ValueLayout.JAVA_DOUBLE, l),
          n,
          copy,
          m);
      MemorySegment.copy(copy, ValueLayout.JAVA_DOUBLE, 0, b, 0, b.length);
    }
  }
}
