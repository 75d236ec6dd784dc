package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.backend.WeightOperations;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;

/**
 * Makes an update skip a loss that is not finite with gradients that are, as an infinite absolute
 * error, without the host reading the loss: for a recording. To be closed before the plan.
 */
public final class LossGuard implements AutoCloseable {
  private final ParameterSet parameters;
  private final Backend backend;
  private final Workspace workspace;
  private final WeightOperations operations;
  private final Tensor loss;
  private final Tensor product;
  private final Tensor control;
  private final Tensor factor;

  /**
   * Reserves what it takes.
   *
   * @param plan whose loss is looked at
   * @param parameters those of its model
   * @throws IllegalStateException if the plan was made without a loss
   */
  public LossGuard(Plan plan, ParameterSet parameters) {
    BoundLoss bound = plan.loss;
    if (bound == null) {
      throw new IllegalStateException("this plan was made without a loss");
    }
    this.parameters = parameters;
    backend = plan.backend;
    loss = bound.value;
    workspace = backend.workspace();
    try {
      product = workspace.real(1);
      control = workspace.tensor(DType.F64, Control.SIZE);
      factor = control.view(Control.FACTOR, 1);
      operations = backend.weights();
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  /**
   * Makes the last element of each gradient NaN if the last forward's loss is not finite, in
   * float32 where the backend has that; else changes nothing. Waits for nothing.
   */
  public void apply() {
    // 0 * loss is 0 or NaN, and the factor of an update with that gradient 1 or NaN.
    backend.fill(product, 0);
    operations.scale(product, loss);
    backend.prepareUpdate(product, Double.POSITIVE_INFINITY, control);
    // Not all at once: what lies between the parameters has to stay zero.
    for (Parameter parameter : parameters.list()) {
      long size = parameter.gradient().size();
      if (size > 0) {
        operations.scale(parameter.gradient().view(size - 1, 1), factor);
      }
    }
  }

  @Override
  public void close() {
    operations.close();
    workspace.close();
  }
}
