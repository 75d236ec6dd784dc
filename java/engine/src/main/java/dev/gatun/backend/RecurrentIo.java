package dev.gatun.backend;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The tensors a recurrent stack works on, bound when its plan is made. Buffers hold the plan's
 * largest T and N; a call with t &lt;= T and n &lt;= N uses a dense prefix shaped by t and n.
 *
 * @param x [t, n, C], read
 * @param lengths I32 [n], valid steps of each sequence, 0 to t; null: all are t
 * @param initial h0 [L*D, n, P or H] and c0 [L*D, n, H], read; null: zeros
 * @param y [t, n, D*(P or H)], overwritten; zero on padding
 * @param last hn and cn, shaped as initial, overwritten with each sequence's own last state; must
 *     not overlap initial
 * @param gradients what backward reads and writes; null in a plan for inference
 * @param decay how the first layer's h fades before each step; null: it does not
 */
public record RecurrentIo(
    Tensor x,
    @Nullable Tensor lengths,
    @Nullable State initial,
    Tensor y,
    State last,
    @Nullable Gradients gradients,
    @Nullable Decay decay) {

  /** Of a stack whose states do not fade. */
  public RecurrentIo(
      Tensor x,
      @Nullable Tensor lengths,
      @Nullable State initial,
      Tensor y,
      State last,
      @Nullable Gradients gradients) {
    this(x, lengths, initial, y, last, gradients, null);
  }

  /**
   * The decay of the first layer's h (Che et al. 2018, equations 10 and 11): in step t all that the
   * cell does with the h before it, it does with exp(-z_t) h instead, h0 included. In one direction
   * only. The last state is what the last step gave; y likewise.
   *
   * @param exponents z [t, n, P or H], read; not below 0, or states grow
   * @param gradient dL/dz, overwritten; zero on padding; null: not wanted
   */
  public record Decay(Tensor exponents, @Nullable Tensor gradient) {}

  /**
   * The state of every layer and direction.
   *
   * @param h [L*D, n, P or H]
   * @param c [L*D, n, H]; null for cells without c
   */
  public record State(Tensor h, @Nullable Tensor c) {}

  /**
   * The gradients of a stack.
   *
   * @param dy dL/dy, read; on padding it is ignored; null: zeros
   * @param dLast dL/dhn and dL/dcn, read; null: zeros
   * @param dx dL/dx, overwritten; zero on padding; null: not wanted
   * @param dInitial dL/dh0 and dL/dc0, overwritten; null: not wanted
   * @param dWeights dL/dweights, accumulated into; laid out as the weights
   */
  public record Gradients(
      @Nullable Tensor dy,
      @Nullable State dLast,
      @Nullable Tensor dx,
      @Nullable State dInitial,
      Tensor dWeights) {}
}
