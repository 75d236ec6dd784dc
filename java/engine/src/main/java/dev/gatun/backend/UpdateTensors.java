package dev.gatun.backend;

import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.Objects;

/**
 * What an update works on.
 *
 * @param parameters flat
 * @param gradients laid out as the parameters; zeroed by each update
 * @param moments as {@link UpdateRule#moments} names them, each laid out as the parameters
 * @param control F64 [{@link Control#SIZE}], as {@link Backend#prepareUpdate} wrote it
 */
public record UpdateTensors(
    Tensor parameters, Tensor gradients, List<Tensor> moments, Tensor control) {
  /** Copies the list. */
  public UpdateTensors {
    Objects.requireNonNull(parameters, "parameters");
    Objects.requireNonNull(gradients, "gradients");
    moments = List.copyOf(moments);
    Objects.requireNonNull(control, "control");
  }
}
