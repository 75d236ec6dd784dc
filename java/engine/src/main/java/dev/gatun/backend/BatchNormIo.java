package dev.gatun.backend;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a batch normalisation. A call works on the dense prefix that its sizes shape.
 *
 * @param x [T, N, C], read
 * @param lengths I32 [N], the valid steps of each sequence, 0 to t; null: all are t
 * @param scale [C], read
 * @param shift [C], read
 * @param mean [C], the running mean: moved in training, else read
 * @param variance [C], the running variance, likewise
 * @param y [T, N, C], overwritten; not x
 * @param scratch [4, C], overwritten
 * @param gradients what backward reads and writes; null: no training, the running statistics are
 *     used
 */
public record BatchNormIo(
    Tensor x,
    @Nullable Tensor lengths,
    Tensor scale,
    Tensor shift,
    Tensor mean,
    Tensor variance,
    Tensor y,
    Tensor scratch,
    @Nullable Gradients gradients) {
  /** Rows of the scratch: a mean, 1 / sqrt(variance + epsilon), and two sums of backward. */
  public static final int SCRATCH_ROWS = 4;

  private static final String NAME = "batchNorm";

  /**
   * The gradients of a batch normalisation.
   *
   * @param dy dL/dy, read on valid positions
   * @param dx overwritten, zero on padding; may be dy; null: not wanted
   * @param dScale accumulated into
   * @param dShift accumulated into
   */
  public record Gradients(Tensor dy, @Nullable Tensor dx, Tensor dScale, Tensor dShift) {}

  /** C. */
  public int width() {
    return Math.toIntExact(x.dim(-1));
  }

  /** Checks {@link LayerOperations#batchNorm}. */
  public void check(double epsilon, double momentum, DType real) {
    if (!(epsilon > 0 && epsilon < 1) || !(momentum >= 0 && momentum <= 1)) {
      throw new IllegalArgumentException(
          "batchNorm: epsilon %s must be above 0 and below 1, momentum %s from 0 to 1"
              .formatted(epsilon, momentum));
    }
    if (x.rank() == 0) {
      throw Checks.wrong(NAME, "x", x, "[T, N, C]");
    }
    int width = width();
    Checks.rowsOf(NAME, "x", x, real, 0, width);
    Checks.rowsOf(NAME, "y", y, real, x.size() / width, width);
    Checks.exactly(NAME, "scale", scale, real, width);
    Checks.exactly(NAME, "shift", shift, real, width);
    Checks.exactly(NAME, "mean", mean, real, width);
    Checks.exactly(NAME, "variance", variance, real, width);
    Checks.exactly(NAME, "scratch", scratch, real, (long) SCRATCH_ROWS * width);
    if (gradients != null) {
      Checks.atLeast(NAME, "dy", gradients.dy, real, x.size());
      if (gradients.dx != null) {
        Checks.atLeast(NAME, "dx", gradients.dx, real, x.size());
      }
      Checks.exactly(NAME, "dScale", gradients.dScale, real, width);
      Checks.exactly(NAME, "dShift", gradients.dShift, real, width);
    }
  }

  /** Checks the sizes of a call. */
  public void check(int t, int n) {
    long rows = (long) t * n;
    if (t < 1 || n < 1 || rows * width() > x.size()) {
      throw new IllegalArgumentException(
          "batchNorm: %d steps of %d sequences; x is %s".formatted(t, n, x));
    }
    if (lengths != null) {
      Checks.lengths(NAME, lengths, t, n);
    }
  }

  /** The gradients, for backward. */
  public Gradients given() {
    if (gradients == null) {
      throw new IllegalStateException("batchNorm: backward needs gradients, which were not given");
    }
    return gradients;
  }
}
