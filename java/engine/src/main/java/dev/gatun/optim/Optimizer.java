package dev.gatun.optim;

import dev.gatun.model.ParameterSet;
import dev.gatun.tensor.Tensor;
import java.util.SequencedMap;

/**
 * Updates the parameters it was made for from their gradients. Implement it to add one to the
 * engine's; {@link Updates} does clipping and the skipping of non-finite gradients.
 */
public interface Optimizer extends AutoCloseable {
  /** The parameters it was made for. */
  ParameterSet parameters();

  /**
   * One update: clips, applies the rule and zeroes the gradients. Where a gradient is not finite it
   * only zeroes them. Allocates nothing and waits for nothing.
   *
   * @param rate the learning rate, finite and at least 0
   */
  void step(double rate);

  /**
   * The gradient's norm at the last step, before clipping. Waits for a device.
   *
   * @return not finite if the step was skipped
   */
  double norm();

  /**
   * The first gradient, as an index into the flat gradients, that was not finite at the last step;
   * -1 if the step was done. Waits for a device.
   */
  long nonFinite();

  /**
   * What penalties on the parameters added to the loss at the last step; 0 without. Waits for a
   * device.
   */
  default double penalty() {
    return 0;
  }

  /** Updates done so far; skipped ones do not count. Waits for a device. */
  long updates();

  /**
   * What a checkpoint keeps, by name, in the backend's memory: written back to restore it. Names
   * end with the parameter's where a tensor belongs to one.
   */
  SequencedMap<String, Tensor> state();

  /** Frees the moments, not the parameters. */
  @Override
  void close();
}
