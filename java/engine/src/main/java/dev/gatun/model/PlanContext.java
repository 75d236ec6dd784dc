package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/**
 * What a layer binds to when it is planned.
 *
 * @param backend does the work
 * @param workspace where the plan's tensors are reserved
 * @param spec the plan's sizes and mode
 * @param inputSignal what comes in
 * @param outputSignal what the layer said it gives
 * @param input shaped as inputSignal for the largest sizes, read
 * @param inputGradient dL/dinput, overwritten by backward; null: not wanted
 * @param lengths I32 [N], valid steps of each sequence; null: all have t
 * @param parameters the layer's own
 * @param mask key of its random masks; layer numbers mask.layer to mask.layer + 1023 are its own
 * @param shared what sessions share; null in a plan with packed weights of its own
 */
public record PlanContext(
    Backend backend,
    Workspace workspace,
    PlanSpec spec,
    Signal inputSignal,
    Signal outputSignal,
    Tensor input,
    @Nullable Tensor inputGradient,
    @Nullable Tensor lengths,
    LayerParameters parameters,
    MaskKey mask,
    @Nullable FrozenWeights shared) {

  /** The layer's stack packed for every session; null if this plan packs its own. */
  public @Nullable RecurrentWeights sharedWeights(RecurrentSpec stack) {
    return shared == null ? null : shared.packed(this, stack);
  }

  /** The same for a layer that takes this one's input. */
  PlanContext of(ModelSpec.Stage stage, LayerParameters own, MaskKey masks) {
    return new PlanContext(
        backend,
        workspace,
        spec,
        stage.input(),
        stage.output(),
        input,
        inputGradient,
        lengths,
        own,
        masks,
        shared);
  }

  /** What the layer after a planned one starts from. */
  PlanContext above(LayerPlan below) {
    return new PlanContext(
        backend,
        workspace,
        spec.withTime(below.time(spec.maxTime())),
        outputSignal,
        outputSignal,
        below.output(),
        below.outputGradient(),
        below.lengths(lengths),
        parameters,
        mask,
        shared);
  }

  /** Reserves the layer's output. */
  public Tensor newOutput() {
    return workspace.tensor(
        outputSignal.dtype(backend.real()), outputSignal.shape(spec.maxTime(), spec.maxBatch()));
  }

  /** Reserves the gradient of the layer's output; null in a plan for inference. */
  public @Nullable Tensor newOutputGradient() {
    return spec.trains() ? newOutput() : null;
  }
}
