package dev.gatun.backend;

/** An activation bound to its tensors: {@link Backend#activation}. Holds no memory of its own. */
public interface RowActivation {
  /**
   * y = f(x), of the first rows of both.
   *
   * @param rows 0 to the tensors' rows
   */
  void forward(int rows);

  /**
   * dx = dL/dx from y, as {@link #forward} left it, and dy.
   *
   * @throws IllegalStateException if no gradients were given
   */
  void backward(int rows);
}
