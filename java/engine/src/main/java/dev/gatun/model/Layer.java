package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import java.util.List;

/**
 * The description of a layer: immutable, without memory of its own. Implement it to add a layer to
 * the engine's.
 */
public interface Layer {
  /** Its name: unique in a model, the prefix of its parameters' names. */
  String name();

  /**
   * What it gives for an input.
   *
   * @throws IllegalArgumentException if it cannot take that input, saying what it can
   */
  Signal output(Signal input);

  /**
   * Checks what it has to do with layers before it, as a parameter that it shares.
   *
   * @param before those from the model's input on
   * @throws IllegalArgumentException if there is no such layer or it does not fit
   */
  default void check(Signal input, List<ModelSpec.Stage> before) {}

  /** The parameters it needs for an input. */
  default List<ParameterSpec> parameters(Signal input) {
    return List.of();
  }

  /**
   * What it keeps that training does not learn but changes: it has no gradient, no optimizer sees
   * it, and it is saved and loaded with the parameters.
   */
  default List<ParameterSpec> statistics(Signal input) {
    return List.of();
  }

  /**
   * Where they lie in the layer's part of the flat blocks: one after another, unless what a backend
   * computes with wants them elsewhere.
   */
  default ParameterLayout layout(Signal input, Backend backend) {
    return ParameterLayout.packed(parameters(input));
  }

  /**
   * Whether a sequence may come in pieces, with state carried from one to the next. False for a
   * layer that looks ahead in time.
   */
  default boolean streams() {
    return true;
  }

  /** Whether it gives a row for every step of its input: false where steps become fewer. */
  default boolean keepsSteps() {
    return true;
  }

  /**
   * About how many bytes a plan of this layer needs apart from its output and the gradient of that,
   * for {@link ModelSpec#summary}; known without allocating anything.
   */
  default long scratchBytes(Signal input, PlanSpec plan, DType real) {
    return 0;
  }

  /** Binds it to tensors and reserves what it needs to run. */
  LayerPlan plan(PlanContext context);
}
