package dev.gatun.app.search;

/** What is to be best: of one value. */
@FunctionalInterface
public interface Objective {
  /**
   * Tries the values of a trial.
   *
   * @return what is to be best; NaN makes the trial a failed one
   * @throws PrunedException when it stops since {@link Trial#shouldPrune} said so
   * @throws Exception any other is the trial's failure, and the study goes on
   */
  double value(Trial trial) throws Exception;
}
