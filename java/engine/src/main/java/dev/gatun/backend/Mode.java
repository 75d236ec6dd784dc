package dev.gatun.backend;

/** What a plan is compiled for. */
public enum Mode {
  /** Forward only: no saved state, no dropout. */
  INFERENCE,
  /** Forward with saved state and dropout, then backward. */
  TRAINING
}
