package dev.gatun.backend;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of an activation, rows of one width in each.
 *
 * @param x read in forward
 * @param y written in forward, read in backward; may be x
 * @param dy dL/dy, read in backward; null: none will come
 * @param dx dL/dx, overwritten in backward; may be dy; null if dy is
 */
public record ActivationIo(Tensor x, Tensor y, @Nullable Tensor dy, @Nullable Tensor dx) {
  /** Checks {@link Backend#activation}. */
  public void check(DType real) {
    int columns = x.rank() == 0 ? 0 : width();
    long rows = columns == 0 ? 0 : x.size() / columns;
    fits("x", x, real, rows, columns);
    fits("y", y, real, rows, columns);
    if ((dy == null) != (dx == null)) {
      throw new IllegalArgumentException(
          "activation: %s is missing: give both gradients or none"
              .formatted(dy == null ? "dy" : "dx"));
    }
    if (dy != null && dx != null) {
      fits("dy", dy, real, rows, columns);
      fits("dx", dx, real, rows, columns);
    }
  }

  private static void fits(String name, Tensor tensor, DType real, long rows, int columns) {
    Checks.rowsOf("activation", name, tensor, real, rows, columns);
  }

  /** Checks {@link RowActivation#forward}. */
  public void check(int rows) {
    if (rows < 0 || (long) rows * width() > x.size()) {
      throw new IllegalArgumentException("activation: %d rows; x is %s".formatted(rows, x));
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
      throw new IllegalStateException("activation: backward needs dy and dx, which were not given");
    }
    return gradient;
  }

  /** The width of a row. */
  public int width() {
    return Math.toIntExact(x.dim(-1));
  }
}
