package dev.gatun.model;

/** Mean of (output - target)^2 over all features of all valid rows. */
public record MeanSquaredError() implements Loss {
  @Override
  public Signal target(Signal output) {
    if (output.isTokens()) {
      throw new IllegalArgumentException("mean squared error takes features, not " + output);
    }
    return output;
  }

  @Override
  public double scale(Signal output, long positions) {
    return 1.0 / ((double) positions * output.width());
  }

  @Override
  public LossPlan plan(LossContext c) {
    return (t, n) ->
        c.backend()
            .meanSquaredError(
                c.output().rows(t, n),
                c.prediction(),
                c.targets(),
                c.rowWeights(),
                c.scale(),
                c.loss(),
                c.gradient());
  }
}
