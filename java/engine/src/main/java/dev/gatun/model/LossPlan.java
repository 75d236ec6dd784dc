package dev.gatun.model;

/** A loss bound to a plan's tensors; allocates nothing. */
@FunctionalInterface
public interface LossPlan {
  /** Overwrites the loss and, where there is one, the prediction's gradient. */
  void forward(int t, int n);
}
