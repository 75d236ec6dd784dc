package dev.gatun.backend;

import java.util.List;

/**
 * A recurrent stack compiled for its largest time and batch. It owns its saved state and scratch;
 * calls allocate nothing. Not safe for use by two threads at once.
 */
public interface Recurrent extends AutoCloseable {
  /**
   * Runs all t steps. In training mode saves what backward needs.
   *
   * @param t steps, 1 to the plan's largest
   * @param n sequences, 1 to the plan's largest
   * @throws IllegalArgumentException if t, n or a length is out of range
   */
  void forward(int t, int n);

  /**
   * Back-propagates through the sequences of the last {@link #forward}, whose t and n are used. The
   * tensors that forward read or wrote must be unchanged. Once for each forward: what forward saved
   * is overwritten.
   *
   * @throws IllegalStateException in a plan for inference, without a forward before it, or again
   *     without another forward
   */
  void backward();

  /**
   * Reads the weights again: to be called after each change of them, before the next forward.
   * Packed copies are made here.
   */
  void refresh();

  /**
   * What the gates were in the last forward, of every layer, direction and sequence in this order;
   * nothing unless the backend keeps them, as the reference does.
   */
  default List<Gates> gates() {
    return List.of();
  }

  /** The bytes of saved state and scratch. */
  long bytes();

  @Override
  void close();
}
