package dev.gatun.model;

import dev.gatun.data.Batch;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;

/**
 * Cross-entropy of the hardest part of each batch alone: of its rows (sequences, or steps where
 * each has a target) the fraction with the largest losses, divided by their number (Shrivastava et
 * al. 2016, "Training region-based object detectors with online hard example mining"). What is easy
 * already does not drown what is not. Validation is of all rows.
 *
 * @param of without class weights: which rows these would count is only known once they are picked
 * @param fraction above 0, at most 1, of the rows that have a target; rounded up
 */
public record HardExamples(SoftmaxCrossEntropy of, double fraction) implements Loss {
  /** Checks. */
  public HardExamples {
    if (!(fraction > 0 && fraction <= 1)) {
      throw new IllegalArgumentException(
          "the fraction of hard examples, " + fraction + ", must be above 0 and at most 1");
    }
    if (!of.weights().isEmpty()) {
      throw new IllegalArgumentException("hard examples and class weights: choose one of the two");
    }
  }

  @Override
  public Signal target(Signal output) {
    return of.target(output);
  }

  @Override
  public double weight(Batch batch) {
    return Math.ceil(fraction * batch.targetCount());
  }

  @Override
  public double scale(Signal output, double weight) {
    return of.scale(output, weight);
  }

  @Override
  public Loss measured() {
    return of;
  }

  @Override
  public LossPlan plan(LossContext c) {
    Tensor kept = c.workspace().tensor(DType.I32, c.targets().size());
    return (t, n) -> {
      int rows = c.output().rows(t, n);
      c.backend().hardest(rows, c.prediction(), c.targets(), fraction, kept);
      c.backend()
          .softmaxCrossEntropy(
              rows, c.prediction(), kept, null, of.smoothing(), c.scale(), c.loss(), c.gradient());
    };
  }
}
