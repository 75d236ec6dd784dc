package dev.gatun.backend;

/** A decay of missing inputs bound to its tensors: {@link LayerOperations#inputDecay}. */
public interface InputDecay {
  /**
   * Overwrites y's first rows from x's.
   *
   * @param rows 0 to the tensors' rows
   */
  void forward(int rows);

  /**
   * Adds to the parameters' gradient and overwrites x's, where it is wanted, of the same rows.
   *
   * @throws IllegalStateException if no gradients were given
   */
  void backward(int rows);
}
