package dev.gatun.backend;

import dev.gatun.tensor.Tensor;

/**
 * Names a random mask: Philox4x32-10 with the key (seed) and the counter (element index, layer,
 * step), the same on every backend and thread count and after a resume.
 *
 * <p>The mask of element e keeps it iff word e mod 4 of the block with counter low = e / 4 and
 * counter high = layer * 2^40 + step, read as unsigned, is below round(keep * 2^32).
 *
 * @param seed the run's seed: the Philox key
 * @param layer a number that no other mask of the model uses, at most 2^23
 * @param step I64 [1], the training step, read when the mask is applied
 */
public record MaskKey(long seed, int layer, Tensor step) {
  private static final int STEP_BITS = 40;

  /** The same seed and step with another layer number. */
  public MaskKey withLayer(int other) {
    return new MaskKey(seed, other, step);
  }

  /** The high counter word for the step now stored. Host backends only. */
  public long counterHigh() {
    return ((long) layer << STEP_BITS) | step.getLong(0);
  }
}
