package dev.gatun.app.task;

import dev.gatun.backend.WeightType;
import dev.gatun.data.WindowSource;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.train.Evaluator;
import java.util.Arrays;

/**
 * What a model says about every target of some windows, in the columns' own units. Arrays run over
 * windows and outputs, output fastest.
 *
 * @param point the forecast
 * @param lower the lower end of its interval; empty without one
 * @param upper the upper end; empty without one
 * @param score what each forecast is charged for what came true; empty without an interval
 */
@SuppressWarnings("ArrayRecordComponent") // plain data, made once and only read
public record Predictions(double[] point, double[] lower, double[] upper, double[] score) {
  /** Whether there are intervals. */
  public boolean hasInterval() {
    return lower.length > 0;
  }

  /** Runs a model over windows. */
  static Predictions of(
      Model trained, WindowSource source, Spread spread, Loss loss, WeightType weights) {
    int targets = source.layout().targetColumns();
    int size = source.windows() * targets;
    int ranged = spread.hasInterval() ? size : 0;
    Predictions all =
        new Predictions(
            new double[size], new double[ranged], new double[ranged], new double[ranged]);
    int width = targets * spread.size();
    double[] numbers = new double[width];
    try (Evaluator evaluator = new Evaluator(trained, loss, source, weights);
        Workspace host = Workspace.host(trained.backend().real())) {
      Tensor values = host.real(source.layout().maxBatch(), width);
      int[] next = {0};
      evaluator.run(
          (plan, batch) -> {
            trained.backend().copy(plan.output(), values);
            for (int n = 0; n < batch.size(); n++) {
              int row = n;
              Arrays.setAll(numbers, o -> values.get((long) row * width + o));
              all.take(source, spread, next[0]++, numbers);
            }
          });
    }
    return all;
  }

  private void take(WindowSource source, Spread spread, int window, double[] numbers) {
    int targets = numbers.length / spread.size();
    boolean known = source.known(window);
    for (int o = 0; o < targets; o++) {
      double[] own = spread.restore(source, window, o, numbers);
      int at = window * targets + o;
      point[at] = spread.point(own);
      if (spread.hasInterval()) {
        lower[at] = spread.lower(own);
        upper[at] = spread.upper(own);
        score[at] = known ? spread.score(own, source.truth(window, o)) : Double.NaN;
      }
    }
  }
}
