package dev.gatun.model;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A named view of one parameter in the flat blocks of a {@link ParameterSet}. */
public final class Parameter {
  private final String name;
  private final long offset;
  private final Tensor value;
  private final @Nullable Tensor gradient;

  Parameter(String name, long offset, Tensor value, @Nullable Tensor gradient) {
    this.name = name;
    this.offset = offset;
    this.value = value;
    this.gradient = gradient;
  }

  /** Layer and parameter, as {@code lstm.weight_ih_l0}. */
  public String name() {
    return name;
  }

  /** Its first element in the flat blocks. */
  public long offset() {
    return offset;
  }

  /** Its values. Whoever writes them calls {@link ParameterSet#changed}. */
  public Tensor value() {
    return value;
  }

  /**
   * Its gradient; plans add to it, an optimizer's step zeroes it.
   *
   * @throws IllegalStateException if these are a session's frozen weights
   */
  public Tensor gradient() {
    if (gradient == null) {
      throw new IllegalStateException(name + " is frozen and has no gradient");
    }
    return gradient;
  }

  @Override
  public String toString() {
    return name + " " + value;
  }
}
