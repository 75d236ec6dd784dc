package dev.gatun.backend;

/**
 * Attention over time, bound to its tensors: {@link LayerOperations#attention}. For step j of the
 * queries of a sequence and its valid keys s, with score as {@link AttentionSpec.Score} says:
 *
 * <pre>
 * weight[j, s] = softmax over s of scale · score(query[j], key[s])
 * context[j]   = sum over s of weight[j, s] value[s]
 * </pre>
 *
 * <p>A sequence without a valid key has weights and a context of zero. It owns its scratch; calls
 * allocate nothing. Rows lie as everywhere: step * n + sequence. For one thread at a time.
 */
public interface Attention extends AutoCloseable {
  /**
   * Overwrites weights and context.
   *
   * @param tq steps of queries, 1 to the most; 1 where there are none
   * @param tk steps of keys, 1 to the most
   * @param n sequences, 1 to the most
   * @throws IllegalArgumentException if a size is out of range
   */
  void forward(int tq, int tk, int n);

  /**
   * The gradients from that of the context and the weights as {@link #forward} left them, with the
   * same sizes.
   *
   * @throws IllegalStateException if no gradients were given
   */
  void backward(int tq, int tk, int n);

  /** The bytes of scratch. */
  long bytes();

  @Override
  void close();
}
