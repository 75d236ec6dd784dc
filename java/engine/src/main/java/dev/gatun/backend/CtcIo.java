package dev.gatun.backend;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What {@link Backend#ctc} works on. A call of t steps of n sequences uses the dense prefix of the
 * logits, rows step * n + sequence, and the first n elements of whatever there is one of for a
 * sequence.
 *
 * @param logits [T, N, V], read
 * @param lengths I32 [N], the steps of each sequence, 0 to t; null: all have t
 * @param labels I32, read: padded [N, S], row by row, or flat, one sequence after the other with
 *     nothing between; 0 to V - 1 without the blank
 * @param labelLengths I32 [N], the labels of each sequence, from 0; at most S where padded
 * @param blank the class that stands for no label
 * @param perLabel whether a sequence's loss is divided by its labels (by 1 where it has none):
 *     PyTorch's {@code mean}, with a scale of 1 / n
 * @param scale F64 [1]
 * @param losses F64 [N], overwritten: -log p of each sequence in nats, undivided and unscaled;
 *     positive infinity where no alignment is possible
 * @param loss F64 [1], overwritten: scale times the sum over the sequences that can be aligned
 * @param impossible I64 [1]: the sequences that cannot are added to it
 * @param dLogits [T, N, V], overwritten with the gradient of loss: 0 beyond a sequence's steps and
 *     where no alignment is possible; may be logits; null: not wanted
 */
public record CtcIo(
    Tensor logits,
    @Nullable Tensor lengths,
    Tensor labels,
    Tensor labelLengths,
    int blank,
    boolean perLabel,
    Tensor scale,
    Tensor losses,
    Tensor loss,
    Tensor impossible,
    @Nullable Tensor dLogits) {
  /** Whether each sequence's labels start a row of their own. */
  public boolean padded() {
    return labels.rank() == 2;
  }

  /** V. */
  public int classes() {
    return Math.toIntExact(logits.dim(-1));
  }

  /** What the loss of a sequence with so many labels is multiplied by before the sum. */
  public double weight(long labelCount) {
    return perLabel ? 1.0 / Math.max(1, labelCount) : 1;
  }
}
