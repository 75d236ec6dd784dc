package dev.gatun.backend.cuda;

import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What the speed of a stack depends on, beside the device and its libraries.
 *
 * @param time the plan's most steps
 * @param batch the plan's most sequences
 * @param masks who draws those between layers
 * @param packed whether the weights are packed, for inference by any number of stacks
 */
record StackShape(
    RecurrentSpec spec,
    Mode mode,
    int time,
    int batch,
    Precision precision,
    DropoutMasks masks,
    boolean packed) {

  static StackShape of(CudaContext context, StackPlan plan) {
    return new StackShape(
        plan.spec(),
        plan.mode(),
        Math.toIntExact(plan.io().x().dim(0)),
        Math.toIntExact(plan.io().x().dim(1)),
        context.precision(),
        context.dropout() == null ? DropoutMasks.GATUN : DropoutMasks.CUDNN,
        plan.mask() == null);
  }

  boolean trains() {
    return mode == Mode.TRAINING;
  }

  /** Whether anything is dropped between layers. */
  boolean drops() {
    return trains() && spec.dropout() > 0;
  }

  /** Whether only our own kernels can compute it. */
  boolean ours() {
    return !CudnnRecurrent.supports(spec, mode, time);
  }

  /** Whether each layer has a weight space of its own in the block: our masks may come between. */
  boolean separate() {
    return CudnnRecurrent.separate(spec, masks);
  }

  /** What computes it unless something else is chosen. */
  StackMethod standard() {
    return ours() ? StackMethod.OWN_CELLS : StackMethod.of(RnnAlgorithm.STANDARD, separate());
  }

  /** All that may compute it, the standard way first. */
  List<StackMethod> methods() {
    List<StackMethod> all = new ArrayList<>();
    all.add(standard());
    for (StackMethod method : StackMethod.values()) {
      if (method != standard() && method.takes(this)) {
        all.add(method);
      }
    }
    return all;
  }

  /** For logs and files: the same text for all that is computed alike, another for what is not. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(spec.cell().name().toLowerCase(Locale.ROOT));
    text.append(" of %d from %d".formatted(spec.hiddenSize(), spec.inputSize()));
    if (spec.projectionSize() > 0) {
      text.append(", projected to ").append(spec.projectionSize());
    }
    text.append(", %d %s".formatted(spec.layers(), spec.layers() == 1 ? "layer" : "layers"));
    text.append(spec.bidirectional() ? ", both directions" : "");
    text.append(spec.bias() ? "" : ", no biases");
    if (spec.dropout() > 0) {
      text.append(", dropout by ").append(masks.label());
    }
    if (spec.options().peephole()) {
      text.append(", peepholes");
    }
    if (!spec.regularization().equals(Regularization.NONE)) {
      text.append(", ").append(spec.regularization());
    }
    if (spec.options().clip() > 0) {
      text.append(", c limited to ").append(spec.options().clip());
    }
    text.append(", %d x %d, %s".formatted(time, batch, precision.label()));
    text.append(trains() ? ", training" : packed ? ", inference, packed" : ", inference");
    return text.toString();
  }
}
