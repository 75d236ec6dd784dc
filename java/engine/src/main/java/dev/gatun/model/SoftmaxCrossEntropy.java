package dev.gatun.model;

/**
 * Mean over targets of -log softmax(output)[target], in nats. Targets are classes; a negative one
 * is ignored.
 */
public record SoftmaxCrossEntropy() implements Loss {
  @Override
  public Signal target(Signal output) {
    if (output.isTokens()) {
      throw new IllegalArgumentException("cross-entropy takes features (logits), not " + output);
    }
    return new Signal(Signal.Kind.TOKENS, output.width(), output.perStep());
  }

  @Override
  public double scale(Signal output, long positions) {
    return 1.0 / positions;
  }

  @Override
  public LossPlan plan(LossContext c) {
    return (t, n) ->
        c.backend()
            .softmaxCrossEntropy(
                c.output().rows(t, n),
                c.prediction(),
                c.targets(),
                c.scale(),
                c.loss(),
                c.gradient());
  }
}
