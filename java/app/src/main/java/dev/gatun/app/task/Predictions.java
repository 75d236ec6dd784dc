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

  /** Takes what is said about one window after the other. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * Takes one.
     *
     * @param window its number
     * @param said about its outputs alone
     */
    void window(int window, Predictions said);
  }

  /** Runs a model over windows and keeps what it says. */
  static Predictions of(
      Model trained, WindowSource source, Spread spread, Loss loss, WeightType weights) {
    int targets = source.layout().targetColumns();
    Predictions all = new Predictions(source.windows() * targets, spread);
    each(trained, source, spread, loss, weights, (window, one) -> all.put(window * targets, one));
    return all;
  }

  /** Runs a model over windows, in order; memory does not grow with their number. */
  static void each(
      Model trained,
      WindowSource source,
      Spread spread,
      Loss loss,
      WeightType weights,
      Visitor visitor) {
    int targets = source.layout().targetColumns();
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
              int window = next[0]++;
              Predictions one = new Predictions(targets, spread);
              one.take(source, spread, window, numbers);
              visitor.window(window, one);
            }
          });
    }
  }

  private Predictions(int size, Spread spread) {
    this(
        new double[size],
        new double[spread.hasInterval() ? size : 0],
        new double[spread.hasInterval() ? size : 0],
        new double[spread.hasInterval() ? size : 0]);
  }

  private void put(int at, Predictions one) {
    System.arraycopy(one.point, 0, point, at, one.point.length);
    if (hasInterval()) {
      System.arraycopy(one.lower, 0, lower, at, one.lower.length);
      System.arraycopy(one.upper, 0, upper, at, one.upper.length);
      System.arraycopy(one.score, 0, score, at, one.score.length);
    }
  }

  private void take(WindowSource source, Spread spread, int window, double[] numbers) {
    int targets = numbers.length / spread.size();
    boolean known = source.known(window);
    for (int o = 0; o < targets; o++) {
      double[] own = spread.restore(source, window, o, numbers);
      point[o] = spread.point(own);
      if (spread.hasInterval()) {
        lower[o] = spread.lower(own);
        upper[o] = spread.upper(own);
        score[o] = known ? spread.score(own, source.truth(window, o)) : Double.NaN;
      }
    }
  }
}
