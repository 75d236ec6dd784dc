package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/**
 * What a loss binds to when it is planned.
 *
 * @param backend does the work
 * @param workspace where the plan's tensors are reserved
 * @param output what the model gives
 * @param prediction the model's output for the largest sizes, read
 * @param gradient dL/dprediction, overwritten; null in a plan for inference
 * @param targets shaped as {@link Loss#target} says, read
 * @param rowWeights one per row of the output: 0 on padding, else 1
 * @param lengths I32 [N], the steps of each sequence; null: all have as many as the call
 * @param labelLengths I32 [N], the labels of each sequence; null unless {@link Loss#target} is
 *     {@link Signal#labels}
 * @param scale F64 [1], {@link Loss#scale} for the batch at hand
 * @param loss F64 [1], overwritten
 */
public record LossContext(
    Backend backend,
    Workspace workspace,
    Signal output,
    Tensor prediction,
    @Nullable Tensor gradient,
    Tensor targets,
    Tensor rowWeights,
    @Nullable Tensor lengths,
    @Nullable Tensor labelLengths,
    Tensor scale,
    Tensor loss) {
  /** Numbers of the loss's own, in the plan's memory, of the backend's real type. */
  public Tensor constants(double... values) {
    Tensor tensor = workspace.real(values.length);
    try (Workspace host = Workspace.host(DType.F64)) {
      backend.copy(host.tensor(DType.F64, values.length).copyFrom(values), tensor);
    }
    return tensor;
  }
}
