package dev.gatun.model;

import dev.gatun.tensor.Tensor;

/**
 * A parameter that a layer needs.
 *
 * @param name its name within the layer, as {@code weight}
 * @param shape its dimensions
 * @param initializer gives its initial values
 */
@SuppressWarnings("ArrayRecordComponent") // read in planning only
public record ParameterSpec(String name, long[] shape, Initializer initializer) {
  /** The number of values. */
  public long size() {
    return Tensor.sizeOf(shape);
  }
}
