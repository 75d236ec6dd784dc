package dev.gatun.train;

/** Why a training run ended. */
public enum Outcome {
  /** All epochs or steps are done. */
  COMPLETED,
  /** Validation has not improved for as long as the patience. */
  EARLY_STOPPED,
  /** {@link Trainer#requestStop} was called; the run can be resumed. */
  INTERRUPTED,
  /**
   * Too many steps in a row had a gradient that is not finite; the last checkpoint is from before.
   */
  NON_FINITE
}
