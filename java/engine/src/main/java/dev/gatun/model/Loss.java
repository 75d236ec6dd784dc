package dev.gatun.model;

/**
 * What training makes small: a sum over valid positions divided by their count. Immutable.
 * Implement it to add one to the engine's.
 */
public interface Loss {
  /**
   * The targets it compares an output with.
   *
   * @throws IllegalArgumentException if it cannot take that output, saying what it can
   */
  Signal target(Signal output);

  /**
   * What its sum is multiplied by.
   *
   * @param output the model's
   * @param positions valid positions (rows) in all batches that one update adds up
   */
  double scale(Signal output, long positions);

  /** Binds it to tensors and reserves what it needs to run. */
  LossPlan plan(LossContext context);
}
