package dev.gatun.backend;

/**
 * Normalisation of each feature over the valid positions of a batch, bound to its tensors: {@link
 * LayerOperations#batchNorm}. Holds no memory of its own.
 */
public interface BatchNormalization {
  /**
   * y = scale (x - mean) / sqrt(variance + epsilon) + shift on valid positions, 0 on padding. In
   * training mean and variance are the batch's own, the variance divided by the positions, and the
   * running ones move towards them, with a variance divided by one less (Ioffe and Szegedy 2015);
   * not where they are not finite, or of fewer than two positions. Else they are the running ones.
   *
   * @param t steps, at least 1
   * @param n sequences, at least 1
   * @throws IllegalArgumentException if the tensors are smaller, or a length is out of range
   */
  void forward(int t, int n);

  /**
   * The gradients in training, from dy and what {@link #forward} left.
   *
   * @throws IllegalStateException if no gradients were given
   */
  void backward(int t, int n);
}
