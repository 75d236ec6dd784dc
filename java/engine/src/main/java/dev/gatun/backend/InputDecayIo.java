package dev.gatun.backend;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of an input decay (Che et al. 2018, equation 10) of C inputs. A row of x has the
 * inputs v, each the last value that was there; m, 1 where it is there now, else 0; and d, the time
 * since the one before. With g = exp(-max(0, w d + b)) a row of y has v m + (1 - m)(g v + (1 - g)
 * mean), then m.
 *
 * @param x [rows, 3 C], read
 * @param mean [C], what values fade to; read
 * @param decay [2, C]: w, then b; read
 * @param y [rows, 2 C], overwritten
 * @param gradients for backward; null: none will come
 */
public record InputDecayIo(
    Tensor x, Tensor mean, Tensor decay, Tensor y, @Nullable Gradients gradients) {
  private static final String NAME = "input decay";

  /**
   * What backward needs.
   *
   * @param dy dL/dy, read
   * @param dDecay dL/ddecay, added to
   * @param dx dL/dx, overwritten; null: not wanted
   * @param scratch [rows, 2 C], overwritten
   */
  public record Gradients(Tensor dy, Tensor dDecay, @Nullable Tensor dx, Tensor scratch) {}

  /** C. */
  public int inputs() {
    return Math.toIntExact(mean.size());
  }

  /** Checks {@link LayerOperations#inputDecay}. */
  public void check(DType real) {
    int c = inputs();
    if (c == 0 || x.rank() == 0 || x.dim(-1) != 3L * c) {
      throw Checks.wrong(NAME, "x", x, "[rows, " + 3 * c + "]");
    }
    long rows = x.size() / (3L * c);
    Checks.rowsOf(NAME, "y", y, real, rows, 2L * c);
    Checks.atLeast(NAME, "mean", mean, real, c);
    Checks.atLeast(NAME, "decay", decay, real, 2L * c);
    if (gradients != null) {
      Checks.rowsOf(NAME, "dy", gradients.dy, real, rows, 2L * c);
      Checks.rowsOf(NAME, "scratch", gradients.scratch, real, rows, 2L * c);
      Checks.atLeast(NAME, "dDecay", gradients.dDecay, real, 2L * c);
      if (gradients.dx != null) {
        Checks.rowsOf(NAME, "dx", gradients.dx, real, rows, 3L * c);
      }
    }
  }

  /** Checks the rows of a call. */
  public void check(int rows) {
    if (rows < 0 || 3L * rows * inputs() > x.size()) {
      throw new IllegalArgumentException("input decay: %d rows; x is %s".formatted(rows, x));
    }
  }

  /** The gradients, for backward. */
  public Gradients given() {
    if (gradients == null) {
      throw new IllegalStateException(
          "input decay: backward needs gradients, which were not given");
    }
    return gradients;
  }
}
