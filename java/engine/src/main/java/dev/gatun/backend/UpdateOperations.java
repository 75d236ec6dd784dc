package dev.gatun.backend;

import dev.gatun.tensor.Tensor;
import java.util.List;

/** What becomes of gradients: their norm, the loss scale, the update of the parameters. */
public interface UpdateOperations {
  /**
   * Measures the gradient before an update: writes {@link Control#NORM}, {@link Control#NON_FINITE}
   * and {@link Control#FACTOR} = min(1, maxNorm / (norm + 1e-6)) as PyTorch's {@code
   * clip_grad_norm_}, and advances {@link Control#UPDATES} unless a gradient is not finite.
   *
   * @param gradients all gradients, flat
   * @param maxNorm the largest norm, or positive infinity for no clipping
   * @param control F64 [{@link Control#SIZE}]
   */
  void prepareUpdate(Tensor gradients, double maxNorm, Tensor control);

  /**
   * Takes note of an update that {@link #prepareUpdate} has measured: after one with a gradient
   * that is not finite {@link #lossScale} falls, after many without it rises. Does nothing where
   * nothing is scaled.
   *
   * @param control F64 [{@link Control#SIZE}], as it was written
   */
  default void adjustLossScale(Tensor control) {}

  /**
   * What gradients are multiplied by while they are in half precision, so that small ones do not
   * vanish; wherever a caller sees a gradient it has been divided by it again. 1 where nothing is
   * scaled, and where it cannot fall any more. Waits for a device.
   */
  default double lossScale() {
    return 1;
  }

  /**
   * Compiles an update.
   *
   * @param parts in ascending order, none overlapping another; LAMB takes each for a tensor
   * @throws IllegalArgumentException if tensors or parts do not fit the rule
   * @throws IllegalStateException if the backend has been closed
   */
  Updater updater(UpdateRule rule, UpdateTensors tensors, List<UpdatePart> parts);

  /**
   * What else is done to parameters and gradients.
   *
   * @return for the caller to close, before this context
   * @throws IllegalStateException if the backend has been closed
   */
  WeightOperations weights();
}
