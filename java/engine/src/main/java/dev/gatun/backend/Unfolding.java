package dev.gatun.backend;

/**
 * Windows over time as rows, bound to their tensors: {@link LayerOperations#unfold}. Holds no
 * memory of its own.
 */
public interface Unfolding {
  /**
   * Overwrites the columns, of windows beyond a sequence's last with zeros, and the lengths of what
   * comes out.
   *
   * @param t steps of x, at least 1
   * @param n sequences, at least 1
   * @throws IllegalArgumentException if the tensors are smaller, or a length is out of range
   */
  void forward(int t, int n);

  /**
   * Overwrites dx with the sums of what its elements were copied to, zero on padding.
   *
   * @throws IllegalStateException if no gradients were given
   */
  void backward(int t, int n);
}
