package dev.gatun.model;

import dev.gatun.tensor.Tensor;

/** Gives a parameter its initial values. {@link Initializers} has the usual ones. */
@FunctionalInterface
public interface Initializer {
  /**
   * Overwrites every value.
   *
   * @param values host tensor of the parameter's shape
   * @param random numbers that depend on the model's seed and this parameter only
   */
  void fill(Tensor values, RandomStream random);
}
