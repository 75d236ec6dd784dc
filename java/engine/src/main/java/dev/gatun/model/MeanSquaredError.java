package dev.gatun.model;

import dev.gatun.backend.ElementLoss;

/** Mean of (output - target)^2 over all features of all valid rows. */
public record MeanSquaredError() implements Loss {
  /** One for all steps: it would be an object in each. */
  private static final ElementLoss RULE = new ElementLoss.Squared();

  @Override
  public Signal target(Signal output) {
    if (output.isTokens()) {
      throw new IllegalArgumentException("mean squared error takes features, not " + output);
    }
    return output;
  }

  @Override
  public double scale(Signal output, double weight) {
    return 1 / (weight * output.width());
  }

  @Override
  public LossPlan plan(LossContext c) {
    return (t, n) ->
        c.backend()
            .elementLoss(
                RULE,
                c.output().rows(t, n),
                c.prediction(),
                c.targets(),
                c.rowWeights(),
                c.scale(),
                c.loss(),
                c.gradient());
  }
}
