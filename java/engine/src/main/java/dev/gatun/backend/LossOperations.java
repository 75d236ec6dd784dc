package dev.gatun.backend;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The losses, each with its gradient, over the rows of a dense prefix. */
public interface LossOperations {
  /**
   * Softmax cross-entropy with integer targets. With logits x and p = softmax(x), loss = scale *
   * sum over rows with a target y of -(1 - s) * w[y] * log p[y] - s / V * sum over k of w[k] * log
   * p[k], as PyTorch's.
   *
   * @param logits [rows, V], read
   * @param targets I32 [rows]; a negative one is ignored and its gradient is zero
   * @param weights w, [V], at least 0; null: all 1
   * @param smoothing s, 0 to below 1
   * @param scale F64 [1], usually 1 / sum over targets of w[y]
   * @param loss F64 [1], overwritten
   * @param dLogits [rows, V], overwritten with the gradient; may be logits; null: not wanted
   * @throws IllegalArgumentException if a target is V or more (host backends)
   */
  void softmaxCrossEntropy(
      int rows,
      Tensor logits,
      Tensor targets,
      @Nullable Tensor weights,
      double smoothing,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dLogits);

  /** Without weights and smoothing. */
  default void softmaxCrossEntropy(
      int rows,
      Tensor logits,
      Tensor targets,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dLogits) {
    softmaxCrossEntropy(rows, logits, targets, null, 0, scale, loss, dLogits);
  }

  /**
   * Picks the rows that a classifier finds hardest (Shrivastava et al. 2016, "Training region-based
   * object detectors with online hard example mining"): of the rows with a target, {@code
   * ceil(fraction * their number)} with the largest -log softmax(x)[y], of equal ones the first.
   *
   * @param logits [rows, V], read
   * @param targets I32 [rows]; a negative one is none, and is not picked
   * @param fraction above 0, at most 1
   * @param kept I32 [rows], overwritten with the targets of what is picked and -1
   * @throws IllegalArgumentException if a target is V or more (host backends)
   */
  void hardest(int rows, Tensor logits, Tensor targets, double fraction, Tensor kept);

  /**
   * A loss of numbers: loss = scale * sum over rows of weight * sum over the elements of a row of
   * {@code rule}. A row of weight 0 is not looked at.
   *
   * @param rule k numbers of the prediction for each of the target
   * @param prediction [rows, k*O], read
   * @param target [rows, O], read
   * @param rowWeights [rows], usually 1 or 0 on padding; null: all 1
   * @param scale F64 [1], usually 1 / (valid rows * k * O)
   * @param loss F64 [1], overwritten
   * @param dPrediction overwritten with the gradient; null: not wanted
   */
  void elementLoss(
      ElementLoss rule,
      int rows,
      Tensor prediction,
      Tensor target,
      @Nullable Tensor rowWeights,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dPrediction);

  /**
   * Connectionist temporal classification (Graves et al. 2006, "Connectionist temporal
   * classification: labelling unsegmented sequence data with recurrent neural networks"): loss =
   * scale * sum over sequences of -log p(labels | softmax(logits)), where p sums over all ways to
   * spell the labels in as many steps, with repetitions and blanks. In log space. A sequence too
   * short for its labels (steps &lt; labels + pairs of equal neighbours) has no alignment: it adds
   * nothing to loss and gradient and is counted.
   *
   * @param t steps of the call
   * @param n sequences of the call
   * @throws IllegalArgumentException if a length or a label is out of its range (host backends; on
   *     a device the loss is NaN)
   */
  void ctc(int t, int n, CtcIo io);
}
