package dev.gatun.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** What a trainer tells about its run. */
abstract sealed class RunFigures permits Trainer {
  Progress progress;
  SequencedMap<String, Double> measured = new LinkedHashMap<>();
  double loss = Double.NaN;
  long positions;
  int sequences;

  RunFigures(Progress progress) {
    this.progress = progress;
  }

  /** Steps done, skipped ones included. */
  public long steps() {
    return progress.step;
  }

  /** Steps whose update was left out. */
  public long skippedSteps() {
    return progress.skipped;
  }

  /**
   * Whether the last checkpoint written has weights that have since given a finite loss: those to
   * go back to after {@link Outcome#NON_FINITE}.
   */
  public boolean keptGood() {
    return progress.keptGood();
  }

  /** Epochs done. */
  public int epoch() {
    return progress.epoch;
  }

  /** The next batch's index in its epoch. */
  public int batchIndex() {
    return progress.index;
  }

  /** The last step's loss with its penalty, before its update; NaN before the first. */
  public double loss() {
    return loss;
  }

  /** The last step's rate. */
  public double rate() {
    return progress.rate;
  }

  /** What penalties on the weights added to the last step's loss; 0 without. */
  public double penalty() {
    return progress.penalty;
  }

  /** What {@link TrainerBuilder#measures} gave at the last report; empty without. */
  public SequencedMap<String, Double> measures() {
    return Collections.unmodifiableSequencedMap(measured);
  }

  /** The norm of the last step's gradient before clipping. */
  public double gradientNorm() {
    return progress.norm;
  }

  /** The valid positions of the last step. */
  public long positions() {
    return positions;
  }

  /** The sequences of the last step. */
  public int sequences() {
    return sequences;
  }

  /**
   * The training loss over the steps between the last two reports; NaN before the first and without
   * any.
   */
  public double trainLoss() {
    return progress.trainLoss;
  }

  /** The validation loss at the last report; NaN without. */
  public double validationLoss() {
    return progress.validationLoss;
  }

  /** The best validation loss; infinite without. */
  public double bestLoss() {
    return progress.bestLoss;
  }

  /** The best value of what {@link TrainerBuilder#earlyStop} goes by; infinite before one. */
  public double bestValue() {
    return progress.bestValue;
  }

  /** The step of it. */
  public long bestStep() {
    return progress.bestStep;
  }
}
