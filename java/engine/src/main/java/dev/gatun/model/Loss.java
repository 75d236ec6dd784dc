package dev.gatun.model;

import dev.gatun.data.Batch;

/**
 * What training makes small: a sum over valid positions divided by their count or the sum of their
 * weights. Immutable. Implement it to add one to the engine's.
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
   * @param weight the sum of {@link #weight} of all batches that one update adds up, above 0
   */
  double scale(Signal output, double weight);

  /**
   * What a batch counts in the mean: its valid positions, or the sum of their weights.
   *
   * @param batch filled, in host memory
   */
  default double weight(Batch batch) {
    return batch.targetCount();
  }

  /** What validation measures instead: this, unless some of it is for training alone. */
  default Loss measured() {
    return this;
  }

  /** Binds it to tensors and reserves what it needs to run. */
  LossPlan plan(LossContext context);
}
