package dev.gatun.model;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A loss bound to a plan's tensors; allocates nothing. */
@FunctionalInterface
public interface LossPlan {
  /** Overwrites the loss and, where there is one, the prediction's gradient. */
  void forward(int t, int n);

  /**
   * I64 [1]: the sequences without any possible alignment in all calls so far; null where a loss
   * has no such thing.
   */
  default @Nullable Tensor impossible() {
    return null;
  }
}
