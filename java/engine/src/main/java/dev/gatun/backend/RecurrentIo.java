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
 */
public record RecurrentIo(
    Tensor x,
    @Nullable Tensor lengths,
    @Nullable State initial,
    Tensor y,
    State last,
    @Nullable Gradients gradients) {

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
