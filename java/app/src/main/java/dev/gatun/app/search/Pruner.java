package dev.gatun.app.search;

/** Decides whether a running trial is stopped early. */
@FunctionalInterface
public interface Pruner {
  /** Lets every trial come to its end. */
  Pruner NONE = (history, trial) -> false;

  /**
   * Asked after each report.
   *
   * @param history so far, this trial in it
   * @param trial has at least one report
   * @return whether it is to be stopped
   */
  boolean prunes(History history, TrialRecord trial);
}
