package dev.gatun.backend;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a pooling over time. A call works on the dense prefix that its sizes shape.
 *
 * @param x [T, N, C], read
 * @param lengths I32 [N], the valid steps of each sequence, 0 to t; null: all are t
 * @param y [N, C], overwritten
 * @param chosen I32 [N, C], overwritten by {@link PoolingKind#MAX} with the step of the largest, -1
 *     where there is none; null for the mean
 * @param dy dL/dy, read in backward; null: none will come
 * @param dx dL/dx, overwritten in backward; null if dy is
 */
public record PoolingIo(
    Tensor x,
    @Nullable Tensor lengths,
    Tensor y,
    @Nullable Tensor chosen,
    @Nullable Tensor dy,
    @Nullable Tensor dx) {
  private static final String NAME = "pooling";

  /** C. */
  public int width() {
    return Math.toIntExact(x.dim(-1));
  }

  /** Checks {@link LayerOperations#pooling}. */
  public void check(PoolingKind kind, DType real) {
    if (x.rank() == 0) {
      throw Checks.wrong(NAME, "x", x, "[T, N, C]");
    }
    Checks.rowsOf(NAME, "x", x, real, 0, width());
    Checks.rowsOf(NAME, "y", y, real, 0, width());
    if ((chosen != null) != (kind == PoolingKind.MAX)) {
      throw new IllegalArgumentException(
          "pooling: the largest steps are kept for " + PoolingKind.MAX + " alone, here " + kind);
    }
    if (chosen != null) {
      Checks.atLeast(NAME, "chosen", chosen, DType.I32, y.size());
    }
    if ((dy == null) != (dx == null)) {
      throw new IllegalArgumentException(
          "pooling: %s is missing: give both gradients or none"
              .formatted(dy == null ? "dy" : "dx"));
    }
    if (dy != null && dx != null) {
      Checks.atLeast(NAME, "dy", dy, real, y.size());
      Checks.atLeast(NAME, "dx", dx, real, x.size());
    }
  }

  /** Checks the sizes of a call. */
  public void check(int t, int n) {
    long rows = (long) t * n;
    if (t < 1 || n < 1 || rows * width() > x.size() || (long) n * width() > y.size()) {
      throw new IllegalArgumentException(
          "pooling: %d steps of %d sequences; x is %s, y is %s".formatted(t, n, x, y));
    }
    if (lengths != null) {
      Checks.lengths(NAME, lengths, t, n);
    }
  }

  /** The gradient of y, for backward. */
  public Tensor gradientIn() {
    return given(dy);
  }

  /** The gradient of x, for backward. */
  public Tensor gradientOut() {
    return given(dx);
  }

  private static Tensor given(@Nullable Tensor gradient) {
    if (gradient == null) {
      throw new IllegalStateException("pooling: backward needs dy and dx, which were not given");
    }
    return gradient;
  }
}
