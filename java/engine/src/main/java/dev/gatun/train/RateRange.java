package dev.gatun.train;

import dev.gatun.backend.Backend;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.Parameter;
import dev.gatun.optim.Optimizer;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/**
 * A learning rate range test (Smith, "Cyclical Learning Rates for Training Neural Networks", 2017,
 * section 3.3): trains while the rate rises, and looks from where on the loss falls and where it
 * grows again. Here the rate rises by the same factor at each step, so that several powers of ten
 * fit into a short run.
 *
 * @param low the first rate
 * @param high the last, which is reached if the loss does not explode before
 * @param steps updates from one to the other
 * @param smoothing the part that the running mean of the loss keeps at each step, from 0 to below 1
 * @param explosion how many times as large as at its lowest a loss is taken for exploded; above 1
 */
public record RateRange(double low, double high, int steps, double smoothing, double explosion) {
  /**
   * Seven powers of ten: what any optimizer here is used with lies within. At 200 steps the rate
   * rises by 8 % a step, and a mean over about ten of them lags behind by a factor of two.
   */
  public static final RateRange DEFAULT = new RateRange(1e-6, 10, 200, 0.9, 4);

  /** The optimizers' papers have rates a few times below the largest that works. */
  private static final double MARGIN = 10;

  /** Of the first loss: what a loss has to grow by to have exploded, however small it was. */
  private static final double SMALL = 0.1;

  /** Of the steps: a loss that is lowest before has not fallen. */
  private static final double AT_ONCE = 0.1;

  /** Checks the numbers. */
  public RateRange {
    if (!(low > 0 && high > low && high < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "the rate has to rise, from above 0: low %s, high %s".formatted(low, high));
    }
    if (steps < 2) {
      throw new IllegalArgumentException("steps " + steps + " must be at least 2");
    }
    if (!(smoothing >= 0 && smoothing < 1)) {
      throw new IllegalArgumentException(
          "smoothing " + smoothing + " must be at least 0 and below 1");
    }
    if (!(explosion > 1)) {
      throw new IllegalArgumentException("explosion " + explosion + " must be above 1");
    }
  }

  /** The same range in another number of steps. */
  public RateRange withSteps(int count) {
    return new RateRange(low, high, count, smoothing, explosion);
  }

  /**
   * A step of the test.
   *
   * @param rate of its update
   * @param loss before the update
   * @param smoothed the running mean of the loss, corrected for its start at 0 as Adam's
   */
  public record Point(double rate, double loss, double smoothed) {}

  /**
   * What came of it.
   *
   * @param points each step, up to the explosion
   * @param exploded whether the loss did; else all rates were gone through
   */
  public record Result(List<Point> points, boolean exploded) {
    /** Keeps a copy. */
    public Result {
      points = List.copyOf(points);
    }

    /** The rate with the lowest mean loss: above it training gets worse. */
    public double lowest() {
      return points.get(lowestIndex()).rate();
    }

    /** The last rate: where the loss exploded, if it did. */
    public double last() {
      return points.getLast().rate();
    }

    /** Whether any rate made the loss fall. */
    public boolean fell() {
      return lowestIndex() >= AT_ONCE * points.size();
    }

    /** A tenth of {@link #lowest}; NaN if no rate made the loss fall. */
    public double suggested() {
      return fell() ? lowest() / MARGIN : Double.NaN;
    }

    private int lowestIndex() {
      int best = 0;
      for (int i = 1; i < points.size(); i++) {
        best = points.get(i).smoothed() < points.get(best).smoothed() ? i : best;
      }
      return best;
    }
  }

  /**
   * Runs the test. The model has its parameters and statistics back afterwards; the optimizer's
   * moments are those of the test, so take another for training.
   *
   * @param optimizer made for the model's parameters
   * @param training gone through as often as the steps need
   * @param accumulate batches of a step
   * @throws IllegalArgumentException if the first loss is not finite already, or what is given does
   *     not fit together
   */
  public Result run(
      Model model, Loss loss, Optimizer optimizer, BatchSource training, int accumulate) {
    double growth = Math.log(high / low) / (steps - 1);
    TrainerBuilder builder =
        Trainer.of(model, loss, optimizer, step -> low * Math.exp(growth * step), training)
            .accumulate(accumulate)
            .nonFinite(new NonFinitePolicy(1, Integer.MAX_VALUE, 1))
            .epochs(Integer.MAX_VALUE);
    try (Workspace aside = model.backend().workspace()) {
      List<Tensor> kept = exchange(model, aside, List.of());
      try (Trainer trainer = builder.build()) {
        return sweep(trainer, model.backend());
      } finally {
        exchange(model, aside, kept);
      }
    }
  }

  private Result sweep(Trainer trainer, Backend backend) {
    List<Point> points = new ArrayList<>();
    double mean = 0;
    double lowest = Double.POSITIVE_INFINITY;
    double scale = 0;
    for (int i = 0; i < steps; i++) {
      long skipped = trainer.skippedSteps();
      trainer.step();
      if (!Double.isFinite(trainer.loss())) {
        if (points.isEmpty()) {
          throw new IllegalArgumentException(
              "the loss is %s before any update: data or initial values are not finite"
                  .formatted(trainer.loss()));
        }
        return new Result(points, true);
      }
      mean = smoothing * mean + (1 - smoothing) * trainer.loss();
      double smoothed = mean / (1 - Math.pow(smoothing, i + 1.0));
      points.add(new Point(trainer.rate(), trainer.loss(), smoothed));
      lowest = Math.min(lowest, smoothed);
      // A likelihood can be about 0 or below, where a multiple says nothing.
      scale = i == 0 ? SMALL * Math.abs(smoothed) : scale;
      double much = (explosion - 1) * Math.max(Math.abs(lowest), scale);
      // In half precision the first steps are skipped until the loss scale fits.
      boolean skips = trainer.skippedSteps() > skipped && backend.lossScale() <= 1;
      if (skips || smoothed > lowest + much) {
        return new Result(points, true);
      }
    }
    return new Result(points, false);
  }

  /** Copies parameters and statistics aside, or back where there are copies. */
  private static List<Tensor> exchange(Model model, Workspace aside, List<Tensor> kept) {
    List<Tensor> now = new ArrayList<>();
    now.add(model.parameters().values());
    for (Parameter statistic : model.parameters().statistics()) {
      now.add(statistic.value());
    }
    List<Tensor> copies = new ArrayList<>(kept);
    for (int i = 0; i < now.size(); i++) {
      if (kept.isEmpty()) {
        copies.add(aside.real(now.get(i).shape()));
        model.backend().copy(now.get(i), copies.get(i));
      } else {
        model.backend().copy(kept.get(i), now.get(i));
      }
    }
    model.parameters().changed();
    return copies;
  }
}
