package dev.gatun.model;

import dev.gatun.backend.ElementLoss;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A loss of numbers, summed over the elements of all valid rows and divided: by the count of the
 * elements of the output ({@code mean}), or of the rows. Its output has {@link
 * ElementLoss#outputs()} numbers for each number of the target, in as many blocks of columns.
 *
 * @param rule the loss of an element
 * @param mean whether it is a mean over elements; else a mean over rows of sums over elements
 */
public record NumericLoss(ElementLoss rule, boolean mean) implements Loss {
  /** Checks that there is a rule. */
  public NumericLoss {
    Objects.requireNonNull(rule, "rule");
  }

  /** The mean of (p - t)^2: PyTorch's {@code MSELoss}. */
  public static NumericLoss meanSquaredError() {
    return new NumericLoss(new ElementLoss.Squared(), true);
  }

  /** The mean over rows of the sum of (p - t)^2: L2. */
  public static NumericLoss sumOfSquares() {
    return new NumericLoss(new ElementLoss.Squared(), false);
  }

  /** The mean of |p - t|: L1. */
  public static NumericLoss meanAbsoluteError() {
    return new NumericLoss(new ElementLoss.Absolute(), true);
  }

  /** The mean of {@link ElementLoss.Huber}: PyTorch's {@code HuberLoss}. */
  public static NumericLoss huber(double delta) {
    return new NumericLoss(new ElementLoss.Huber(delta), true);
  }

  /**
   * The mean of {@link ElementLoss.Quantile} over targets and levels; the output has one block of
   * columns for each level.
   */
  public static NumericLoss quantile(double... levels) {
    List<Double> list = new ArrayList<>();
    for (double level : levels) {
      list.add(level);
    }
    return new NumericLoss(new ElementLoss.Quantile(list), true);
  }

  /** The mean of {@link ElementLoss.Logistic}: PyTorch's {@code BCEWithLogitsLoss}. */
  public static NumericLoss binaryCrossEntropy(double positiveWeight) {
    return new NumericLoss(new ElementLoss.Logistic(positiveWeight), true);
  }

  /**
   * The mean over targets of {@link ElementLoss.Gaussian}: PyTorch's {@code GaussianNLLLoss}, given
   * the variance's logarithm. The output has the means, then the logarithms.
   */
  public static NumericLoss gaussian() {
    return new NumericLoss(new ElementLoss.Gaussian(1e-6), true);
  }

  @Override
  public Signal target(Signal output) {
    int outputs = rule.outputs();
    if (output.isTokens() || output.width() % outputs != 0) {
      throw new IllegalArgumentException(
          "%s takes features%s, not %s"
              .formatted(
                  rule,
                  outputs == 1 ? "" : ", " + outputs + " for each number of a target",
                  output));
    }
    return output.withFeatures(output.width() / outputs);
  }

  @Override
  public double scale(Signal output, double weight) {
    // The two numbers of a Gaussian make one likelihood; each level of a quantile is a loss.
    boolean pairs = rule instanceof ElementLoss.Gaussian;
    int elements = pairs ? output.width() / 2 : output.width();
    return 1 / (mean ? weight * elements : weight);
  }

  @Override
  public LossPlan plan(LossContext c) {
    return (t, n) ->
        c.backend()
            .elementLoss(
                rule,
                c.output().rows(t, n),
                c.prediction(),
                c.targets(),
                c.rowWeights(),
                c.scale(),
                c.loss(),
                c.gradient());
  }
}
