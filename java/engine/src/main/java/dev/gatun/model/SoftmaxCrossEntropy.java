package dev.gatun.model;

import dev.gatun.data.Batch;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * -log softmax(output)[target] in nats, summed over targets and divided by the sum of their
 * weights. Targets are classes; a negative one is ignored. With smoothing s, the target is 1 - s of
 * itself and s of all classes in equal parts (Szegedy et al. 2016). PyTorch's {@code
 * CrossEntropyLoss}.
 *
 * @param smoothing s, 0 to below 1
 * @param weights of each class, at least 0; empty: all 1
 */
public record SoftmaxCrossEntropy(double smoothing, List<Double> weights) implements Loss {
  /** Checks and copies. */
  public SoftmaxCrossEntropy {
    if (!(smoothing >= 0 && smoothing < 1)) {
      throw new IllegalArgumentException("smoothing " + smoothing + " must be in [0, 1)");
    }
    weights = List.copyOf(weights);
    if (!weights.isEmpty() && weights.stream().noneMatch(w -> w > 0)) {
      throw new IllegalArgumentException("every class has the weight 0; give one a weight above 0");
    }
    for (int k = 0; k < weights.size(); k++) {
      if (!(weights.get(k) >= 0 && weights.get(k) <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "the weight of class %d, %s, must be finite and at least 0"
                .formatted(k, weights.get(k)));
      }
    }
  }

  /** Without smoothing or weights. */
  public SoftmaxCrossEntropy() {
    this(0, List.of());
  }

  /** The same with smoothed targets. */
  public SoftmaxCrossEntropy smoothed(double by) {
    return new SoftmaxCrossEntropy(by, weights);
  }

  /** The same with a weight for each class. */
  public SoftmaxCrossEntropy weighted(double... classWeights) {
    List<Double> list = new ArrayList<>();
    for (double weight : classWeights) {
      list.add(weight);
    }
    return new SoftmaxCrossEntropy(smoothing, list);
  }

  @Override
  public Signal target(Signal output) {
    if (output.isTokens()) {
      throw new IllegalArgumentException("cross-entropy takes features (logits), not " + output);
    }
    if (!weights.isEmpty() && weights.size() != output.width()) {
      throw new IllegalArgumentException(
          "cross-entropy has weights for %d classes and the output %d; give one for each"
              .formatted(weights.size(), output.width()));
    }
    return new Signal(Signal.Kind.TOKENS, output.width(), output.perStep());
  }

  @Override
  public double weight(Batch batch) {
    if (weights.isEmpty()) {
      return batch.targetCount();
    }
    double sum = 0;
    long rows = batch.targetRows();
    for (long row = 0; row < rows; row++) {
      long target = batch.targets().getLong(row);
      if (target >= 0 && target < weights.size()) { // a larger one is refused where it is used
        sum += weights.get((int) target);
      }
    }
    return sum;
  }

  @Override
  public double scale(Signal output, double weight) {
    return 1 / weight;
  }

  @Override
  public LossPlan plan(LossContext c) {
    double[] values = weights.stream().mapToDouble(Double::doubleValue).toArray();
    Tensor each = values.length == 0 ? null : c.constants(values);
    return (t, n) ->
        c.backend()
            .softmaxCrossEntropy(
                c.output().rows(t, n),
                c.prediction(),
                c.targets(),
                each,
                smoothing,
                c.scale(),
                c.loss(),
                c.gradient());
  }
}
