package dev.gatun.app.run;

import dev.gatun.app.config.InputException;
import dev.gatun.app.report.HeatMap;
import dev.gatun.app.task.PairTask;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.Examples;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.SequenceDecoder.Hypothesis;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Where each step of a decoder looks in what the encoder has read: the soft alignment of Bahdanau
 * et al. 2015, figure 3. The model says what it finds best, and is then shown that at once, which
 * gives the weights that each of its steps had.
 */
final class Alignment {
  private Alignment() {}

  /**
   * A map of one source: a row for each token said and for the end, a column for each token read.
   *
   * @param source tokens, [S]
   * @param read what they are called
   * @throws InputException if the model has no attention
   */
  static HeatMap of(PairTask task, Model model, int[] source, List<String> read, String name) {
    Hypothesis best = task.best(model, source);
    double[][] weights = weights(model, source, best);
    List<String> rows = new ArrayList<>();
    for (int token : best.tokens()) {
      rows.add(Explainer.shown(task.targetToken(token)));
    }
    if (best.ended()) {
      rows.add("end");
    }
    return new HeatMap("Attention: " + name, rows, read, weights).labelled("said", "read");
  }

  /** Rows of S weights: one for each token of the answer, one more if it ended. */
  private static double[][] weights(Model model, int[] source, Hypothesis answer) {
    int[] said = answer.tokens().stream().mapToInt(Integer::intValue).toArray();
    Examples one = Examples.tokens(new int[][] {source}).decoded(new int[][] {said});
    ArraySource data = ArraySource.sequential(one, 1);
    try (Batch batch = data.newBatch();
        Plan plan = model.plan(PlanSpec.inference(data.layout()))) {
      data.fill(0, 0, batch);
      plan.forward(batch);
      double[] all = read(model.backend(), attention(plan), batch.time());
      double[][] rows = new double[said.length + (answer.ended() ? 1 : 0)][];
      for (int row = 0; row < rows.length; row++) {
        int from = row * batch.time();
        rows[row] = Arrays.copyOfRange(all, from, from + source.length);
      }
      return rows;
    }
  }

  private static Tensor attention(Plan plan) {
    for (Map.Entry<String, Tensor> observed : plan.observed().entrySet()) {
      if (observed.getKey().endsWith(".attention")) {
        return observed.getValue();
      }
    }
    throw new InputException(
        "--what attention: the model has none; train one with model.attention: general");
  }

  /** The weights of a batch of one sequence of so many steps, [T, T]. */
  private static double[] read(Backend backend, Tensor weights, int time) {
    try (Workspace host = Workspace.host(backend.real())) {
      Tensor copy = host.real(time, time);
      backend.copy(weights.view(0, time, time), copy);
      return copy.toDoubles();
    }
  }
}
