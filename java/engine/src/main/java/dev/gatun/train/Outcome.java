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
  NON_FINITE,
  /**
   * The loss of most of the last steps was far above what the run began with: {@link
   * TrainerBuilder#divergence}; the last checkpoint is from before.
   */
  DIVERGED;

  /** Whether the run went wrong, so that its last weights are not to be used. */
  public boolean failed() {
    return this == NON_FINITE || this == DIVERGED;
  }
}
