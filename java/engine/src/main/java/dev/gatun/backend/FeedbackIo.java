package dev.gatun.backend;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;

/**
 * The tensors of a {@link Feedback}.
 *
 * @param logits [T*N, V], what a decoder said at each step; read
 * @param given I32 [T*N], what it was shown at each step; read
 * @param mixed I32 [T*N], what it is to be shown instead; overwritten, not {@code given}
 * @param probability F64 [1], with which a step is shown what was said; read in each call
 * @param key of the draws: step s of sequence i is element s * n + i
 */
public record FeedbackIo(
    Tensor logits, Tensor given, Tensor mixed, Tensor probability, MaskKey key) {
  /** Checks {@link LayerOperations#feedback}. */
  public void check(DType real) {
    long rows = logits.rank() == 0 ? 0 : logits.size() / Math.max(1, logits.dim(-1));
    Checks.rowsOf("feedback", "logits", logits, real, rows, width());
    Checks.exactly("feedback", "given", given, DType.I32, rows);
    Checks.exactly("feedback", "mixed", mixed, DType.I32, rows);
    Checks.exactly("feedback", "probability", probability, DType.F64, 1);
    Checks.mask("feedback", key, 0);
  }

  /** Checks {@link Feedback#run}. */
  public void check(int t, int n) {
    if (t < 1 || n < 1 || (long) t * n > given.size()) {
      throw new IllegalArgumentException(
          "feedback: %d steps of %d sequences; the tensors hold %d of both"
              .formatted(t, n, given.size()));
    }
  }

  /** V. */
  public int width() {
    return logits.rank() == 0 ? 1 : Math.toIntExact(logits.dim(-1));
  }
}
