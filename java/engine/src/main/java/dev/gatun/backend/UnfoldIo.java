package dev.gatun.backend;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of windows over time. A call works on the dense prefix that its sizes shape; T' is
 * {@link UnfoldSpec#time} of T.
 *
 * @param x [T, N, C], read
 * @param lengths I32 [N], the valid steps of each sequence, 0 to t; null: all are t
 * @param columns [T', N, C*K], overwritten: of feature c and step k of a window, element c*K + k
 * @param windows I32 [N], overwritten with the windows of each sequence; null if and only if
 *     lengths are
 * @param dColumns dL/dcolumns, read in backward; null: none will come
 * @param dx dL/dx, overwritten in backward; null if dColumns is
 */
public record UnfoldIo(
    Tensor x,
    @Nullable Tensor lengths,
    Tensor columns,
    @Nullable Tensor windows,
    @Nullable Tensor dColumns,
    @Nullable Tensor dx) {
  private static final String NAME = "unfold";

  /** C. */
  public int width() {
    return Math.toIntExact(x.dim(-1));
  }

  /** Checks {@link LayerOperations#unfold}. */
  public void check(UnfoldSpec spec, DType real) {
    if (x.rank() == 0) {
      throw Checks.wrong(NAME, "x", x, "[T, N, C]");
    }
    Checks.rowsOf(NAME, "x", x, real, 0, width());
    Checks.rowsOf(NAME, "columns", columns, real, 0, (long) width() * spec.kernel());
    if ((lengths == null) != (windows == null) || (dColumns == null) != (dx == null)) {
      throw new IllegalArgumentException(
          "unfold: give lengths in and out or neither, and both gradients or none");
    }
    if (dColumns != null && dx != null) {
      Checks.atLeast(NAME, "dColumns", dColumns, real, columns.size());
      Checks.atLeast(NAME, "dx", dx, real, x.size());
    }
  }

  /** Checks the sizes of a call. */
  public void check(UnfoldSpec spec, int t, int n) {
    long rows = (long) spec.time(Math.max(1, t)) * n;
    if (t < 1
        || n < 1
        || (long) t * n * width() > x.size()
        || rows * columns.dim(-1) > columns.size()) {
      throw new IllegalArgumentException(
          "unfold: %d steps of %d sequences; x is %s, columns are %s".formatted(t, n, x, columns));
    }
    if (lengths != null && windows != null) {
      Checks.lengths(NAME, lengths, t, n);
      Checks.atLeast(NAME, "windows", windows, DType.I32, n);
    }
  }

  /** The gradient of the columns, for backward. */
  public Tensor gradientIn() {
    return given(dColumns);
  }

  /** The gradient of x, for backward. */
  public Tensor gradientOut() {
    return given(dx);
  }

  private static Tensor given(@Nullable Tensor gradient) {
    if (gradient == null) {
      throw new IllegalStateException("unfold: backward needs gradients, which were not given");
    }
    return gradient;
  }
}
