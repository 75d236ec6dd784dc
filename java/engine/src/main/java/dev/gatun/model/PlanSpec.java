package dev.gatun.model;

import dev.gatun.backend.Mode;
import dev.gatun.backend.WeightType;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.TargetKind;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a plan is reserved for.
 *
 * @param maxTime T, the most steps of a call
 * @param maxBatch N, the most sequences of a call
 * @param mode inference or training
 * @param ragged whether sequences may differ in length
 * @param inputGradient whether backward also computes dL/dinput (features only)
 * @param weights how the matrices of recurrent layers are kept, in inference
 * @param maxLabels S, the most labels of a sequence where the loss aligns some; the most steps of a
 *     decoder
 */
public record PlanSpec(
    int maxTime,
    int maxBatch,
    Mode mode,
    boolean ragged,
    boolean inputGradient,
    WeightType weights,
    int maxLabels) {
  /** Checks the sizes. */
  public PlanSpec {
    Objects.requireNonNull(mode, "mode");
    Objects.requireNonNull(weights, "weights");
    if (maxTime < 1 || maxBatch < 1) {
      throw new IllegalArgumentException(
          "a plan needs at least one step and one sequence, not %d and %d"
              .formatted(maxTime, maxBatch));
    }
    if (maxLabels < 1) {
      throw new IllegalArgumentException(
          "a plan's most labels, " + maxLabels + ", must be above 0");
    }
    if ((long) maxTime * maxBatch > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%d steps of %d sequences are too many: a plan holds at most %d rows; lower either"
              .formatted(maxTime, maxBatch, Integer.MAX_VALUE));
    }
    if (inputGradient && mode != Mode.TRAINING) {
      throw new IllegalArgumentException("a plan for inference has no gradients");
    }
    if (weights != WeightType.FLOAT32 && mode == Mode.TRAINING) {
      throw new IllegalArgumentException(
          "a plan for training has float32 weights, not " + weights.label());
    }
  }

  /** Forward and backward over batches of up to these sizes. */
  public static PlanSpec training(int maxTime, int maxBatch) {
    return new PlanSpec(maxTime, maxBatch, Mode.TRAINING, true, false, WeightType.FLOAT32, maxTime);
  }

  /** Forward only, without dropout. */
  public static PlanSpec inference(int maxTime, int maxBatch) {
    return new PlanSpec(
        maxTime, maxBatch, Mode.INFERENCE, true, false, WeightType.FLOAT32, maxTime);
  }

  /** For training on a source's batches. */
  public static PlanSpec training(BatchLayout data) {
    return training(data.maxTime(), data.maxBatch()).forData(data);
  }

  /** For measuring on a source's batches. */
  public static PlanSpec inference(BatchLayout data) {
    return inference(data.maxTime(), data.maxBatch()).forData(data);
  }

  private PlanSpec forData(BatchLayout data) {
    return data.targets() == TargetKind.LABELS ? withLabels(data.targetColumns()) : this;
  }

  /** The same where every sequence of a call has all t steps. */
  public PlanSpec equalLengths() {
    return new PlanSpec(maxTime, maxBatch, mode, false, inputGradient, weights, maxLabels);
  }

  /** The same with dL/dinput. */
  public PlanSpec withInputGradient() {
    return new PlanSpec(maxTime, maxBatch, mode, ragged, true, weights, maxLabels);
  }

  /** The same with the matrices of recurrent layers rounded: for inference. */
  public PlanSpec withWeights(WeightType type) {
    return new PlanSpec(maxTime, maxBatch, mode, ragged, inputGradient, type, maxLabels);
  }

  /** The same for up to so many labels of a sequence; else as many as it has steps. */
  public PlanSpec withLabels(int most) {
    return new PlanSpec(maxTime, maxBatch, mode, ragged, inputGradient, weights, most);
  }

  void checkSizes(int t, int n) {
    if (t < 1 || t > maxTime || n < 1 || n > maxBatch) {
      throw new IllegalArgumentException(
          "%d steps of %d sequences: the plan was made for 1 to %d and 1 to %d"
              .formatted(t, n, maxTime, maxBatch));
    }
  }

  /** The same with a decoder's most steps in place of T. */
  PlanSpec ofDecoder() {
    return new PlanSpec(maxLabels, maxBatch, mode, ragged, false, weights, maxLabels);
  }

  /** The same for up to so many steps. */
  PlanSpec withTime(int most) {
    return most == maxTime
        ? this
        : new PlanSpec(
            most, maxBatch, mode, ragged, inputGradient, weights, Math.max(1, maxLabels));
  }

  /** Room for the gradient of the input, where it is asked for. */
  @Nullable Tensor inputGradient(Signal in, Workspace workspace) {
    if (!inputGradient) {
      return null;
    }
    if (in.isTokens()) {
      throw new IllegalArgumentException("tokens have no gradient: the model takes " + in);
    }
    return workspace.real(in.shape(maxTime, maxBatch));
  }

  /** Whether it has gradients. */
  public boolean trains() {
    return mode == Mode.TRAINING;
  }
}
