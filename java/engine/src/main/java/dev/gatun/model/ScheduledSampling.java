package dev.gatun.model;

import java.util.Objects;

/**
 * How often a decoder in training is shown what it said itself in place of the right token (Bengio
 * et al. 2015, "Scheduled sampling for sequence prediction with recurrent neural networks", section
 * 2.4): with probability {@code most · (1 - kept(step))}, where kept falls from 1.
 *
 * @param decay how kept falls with the training step i
 * @param steps the decay's pace k, above 0
 * @param most the probability that it ends with, 0 to 1
 */
public record ScheduledSampling(Decay decay, double steps, double most) {
  /** How the share of right tokens falls. */
  public enum Decay {
    /** 1 - i / k until it is 0. */
    LINEAR,
    /** exp(-i / k). */
    EXPONENTIAL,
    /** k / (k + exp(i / k)). */
    INVERSE_SIGMOID,
    /** 0 from the first step on. */
    CONSTANT
  }

  /** Checks the numbers. */
  public ScheduledSampling {
    Objects.requireNonNull(decay, "decay");
    if (!(steps > 0 && steps <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "scheduled sampling over " + steps + " steps: give a number above 0");
    }
    if (!(most >= 0 && most <= 1)) {
      throw new IllegalArgumentException(
          "scheduled sampling with probability " + most + ": give 0 to 1");
    }
  }

  /** The probability of a step, from 0. */
  public double at(long step) {
    double kept =
        switch (decay) {
          case LINEAR -> Math.max(0, 1 - step / steps);
          case EXPONENTIAL -> Math.exp(-step / steps);
          case INVERSE_SIGMOID -> steps / (steps + Math.exp(step / steps));
          case CONSTANT -> 0;
        };
    return most * (1 - kept);
  }
}
