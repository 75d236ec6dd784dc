package dev.gatun.data;

import java.util.List;

/**
 * What a forecaster sees and predicts.
 *
 * @param length T, rows it sees
 * @param horizon how many rows ahead of the last one it sees it predicts, at least 1
 * @param wholeHorizon true: all of the next {@code horizon} rows; false: only the last of them
 * @param stride rows from one training window to the next
 * @param inputs the columns it sees
 * @param targets the columns it predicts
 * @param difference predict the change from the last row seen, not the value
 * @param relative see inputs as their distance from the last row seen: with {@code difference}, the
 *     level of the series drops out and a forecast carries over to levels never seen in training
 */
public record WindowSpec(
    int length,
    int horizon,
    boolean wholeHorizon,
    int stride,
    List<String> inputs,
    List<String> targets,
    boolean difference,
    boolean relative) {
  /** Absolute inputs. */
  public WindowSpec(
      int length,
      int horizon,
      boolean wholeHorizon,
      int stride,
      List<String> inputs,
      List<String> targets,
      boolean difference) {
    this(length, horizon, wholeHorizon, stride, inputs, targets, difference, false);
  }

  /** Copies the columns and checks the sizes. */
  public WindowSpec {
    inputs = List.copyOf(inputs);
    targets = List.copyOf(targets);
    if (length < 1 || horizon < 1 || stride < 1) {
      throw new IllegalArgumentException(
          "window length, horizon and stride must be at least 1, got %d, %d and %d"
              .formatted(length, horizon, stride));
    }
    if (inputs.isEmpty() || targets.isEmpty()) {
      throw new IllegalArgumentException("a forecaster needs at least 1 input and 1 target column");
    }
  }

  /** The numbers predicted for each target column. */
  public int steps() {
    return wholeHorizon ? horizon : 1;
  }

  /** O, the numbers predicted for each window: the target columns of the first step, and so on. */
  public int outputs() {
    return Math.multiplyExact(steps(), targets.size());
  }

  /** How many rows after the last one seen step {@code step} of the prediction lies. */
  int ahead(int step) {
    return wholeHorizon ? step + 1 : horizon;
  }
}
