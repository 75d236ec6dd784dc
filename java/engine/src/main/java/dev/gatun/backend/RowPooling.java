package dev.gatun.backend;

/**
 * Pooling over time, bound to its tensors: {@link LayerOperations#pooling}. Holds no memory of its
 * own.
 */
public interface RowPooling {
  /**
   * y from the valid steps of each sequence; zero where there are none.
   *
   * @param t steps, at least 1
   * @param n sequences, at least 1
   * @throws IllegalArgumentException if the tensors are smaller, or a length is out of range
   */
  void forward(int t, int n);

  /**
   * dx from dy, zero on padding; after {@link #forward} with the same sizes.
   *
   * @throws IllegalStateException if no gradients were given
   */
  void backward(int t, int n);
}
