package dev.gatun.train;

import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;

/**
 * The share of steps whose largest logit is that of the right token, each step shown the right ones
 * before it: of a decoder under teacher forcing, the end of a sequence among its tokens, or of a
 * language model. Visits an {@link Evaluator}'s run.
 */
public final class TokenAccuracy implements Evaluator.Visitor {
  private final Backend backend;
  private long tokens;
  private long right;

  /**
   * Counts nothing yet.
   *
   * @param model whose output is read
   */
  public TokenAccuracy(Model model) {
    backend = model.backend();
  }

  @Override
  public void visit(Plan plan, Batch batch) {
    if (!batch.layout().targets().perStep() || batch.layout().targets().isReal()) {
      throw new IllegalArgumentException(
          "tokens are classes of each step, not " + batch.layout().targets());
    }
    long rows = batch.targetRows();
    int classes = (int) plan.output().dim(-1);
    try (Workspace host = Workspace.host(backend.real())) {
      Tensor logits = host.real(rows, classes);
      backend.copy(plan.output().view(0, rows, classes), logits);
      for (long row = 0; row < rows; row++) {
        long target = batch.targets().getLong(row);
        if (target >= 0) {
          tokens++;
          right += largest(logits, row * classes, classes) == target ? 1 : 0;
        }
      }
    }
  }

  private static int largest(Tensor logits, long row, int classes) {
    int best = 0;
    for (int k = 1; k < classes; k++) {
      best = logits.get(row + k) > logits.get(row + best) ? k : best;
    }
    return best;
  }

  /** The steps with a target. */
  public long tokens() {
    return tokens;
  }

  /** The share of them that was right; NaN without any. */
  public double accuracy() {
    return (double) right / tokens;
  }
}
