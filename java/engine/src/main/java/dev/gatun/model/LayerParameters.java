package dev.gatun.model;

import dev.gatun.tensor.Tensor;

/** The parameters of one layer: a contiguous part of a {@link ParameterSet}. */
public final class LayerParameters {
  private final ParameterSet all;
  private final String layer;
  private final long from;
  private final long size;

  /**
   * Finds a layer's parameters.
   *
   * @param all the model's
   * @param layer the layer's name
   * @param from their first element in the flat blocks
   * @param size the elements that they take, gaps included
   */
  LayerParameters(ParameterSet all, String layer, long from, long size) {
    this.all = all;
    this.layer = layer;
    this.from = from;
    this.size = size;
  }

  /** Those of a layer inside this one, by their first element here and their number. */
  LayerParameters part(String name, long first, long count) {
    return new LayerParameters(all, name, from + first, count);
  }

  /**
   * Those of another layer, by name alone: for a layer that shares one. {@link #values} and {@link
   * #gradients} stay this layer's.
   */
  LayerParameters of(String other) {
    return new LayerParameters(all, other, from, size);
  }

  /** The layer's name. */
  public String layer() {
    return layer;
  }

  /** A parameter by its name within the layer. */
  public Parameter get(String name) {
    return all.get(layer + "." + name);
  }

  /** Says that a plan of the layer writes values in its forward. */
  void writeInPlans() {
    all.writeInPlans();
  }

  /** All values of the layer, flat, laid out as {@link Layer#layout} says. */
  public Tensor values() {
    return all.values().view(from, size);
  }

  /** All gradients of the layer, laid out as {@link #values}. */
  public Tensor gradients() {
    return all.gradients().view(from, size);
  }
}
