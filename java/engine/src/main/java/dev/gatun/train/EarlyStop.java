package dev.gatun.train;

import java.util.Objects;

/**
 * Which figure of a report tells the best, and how long a run goes on without a better one.
 *
 * @param metric {@link #VALIDATION_LOSS}, {@link #TRAINING_LOSS} or a name that {@link Measures}
 *     gives
 * @param higherIsBetter whether it is to rise, as an accuracy
 * @param patience reports in a row without a better value before the run ends; 0: it never does
 * @param minChange how much better than the best a value has to be to count, at least 0
 */
public record EarlyStop(String metric, boolean higherIsBetter, int patience, double minChange) {
  /** The loss on the validation data. */
  public static final String VALIDATION_LOSS = "validation_loss";

  /** The loss on the training data since the report before. */
  public static final String TRAINING_LOSS = "train_loss";

  /** Checks the ranges. */
  public EarlyStop {
    Objects.requireNonNull(metric, "metric");
    if (patience < 0 || !(minChange >= 0 && minChange <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "patience %d and minChange %s must be at least 0".formatted(patience, minChange));
    }
  }

  /** By the validation loss. */
  public static EarlyStop after(int patience) {
    return new EarlyStop(VALIDATION_LOSS, false, patience, 0);
  }

  /** Whether it is one of the losses, which need no {@link Measures}. */
  public boolean isLoss() {
    return metric.equals(VALIDATION_LOSS) || metric.equals(TRAINING_LOSS);
  }

  /** The worst value there is. */
  double worst() {
    return higherIsBetter ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
  }

  /** Whether a value is better than the best so far. */
  boolean better(double value, double best) {
    return higherIsBetter ? value > best + minChange : value < best - minChange;
  }
}
