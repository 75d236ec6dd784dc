package dev.gatun.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** What a trainer tells about its run. */
abstract sealed class RunFigures permits Trainer {
  final Divergence divergence;
  Progress progress;
  SequencedMap<String, Double> measured = new LinkedHashMap<>();
  double loss = Double.NaN;
  long positions;
  int sequences;

  RunFigures(Progress progress, Divergence divergence) {
    this.progress = progress;
    this.divergence = divergence;
  }

  /** What tells the best at this report. */
  double value(EarlyStop rule) {
    return switch (rule.metric()) {
      case EarlyStop.VALIDATION_LOSS -> progress.validationLoss;
      case EarlyStop.TRAINING_LOSS -> progress.trainLoss;
      default -> {
        Double value = measured.get(rule.metric());
        if (value == null) {
          throw new IllegalStateException(
              "early stopping by %s: nobody measures that; there are %s"
                  .formatted(rule.metric(), measured.keySet()));
        }
        yield value;
      }
    };
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
   * Whether the last checkpoint written has weights that have since given a good loss: those to go
   * back to after {@link Outcome#NON_FINITE} or {@link Outcome#DIVERGED}.
   */
  public boolean keptGood() {
    return progress.keptGood();
  }

  /** The step after which the weights were as the last checkpoint has them; -1 without one. */
  public long keptStep() {
    return progress.savedWeights;
  }

  /**
   * The loss of the first batches with the initial values, without penalties; NaN before {@link
   * Trainer#run} and without {@link TrainerBuilder#divergence}.
   */
  public double startLoss() {
    return progress.startLoss;
  }

  /** The loss above which {@link TrainerBuilder#divergence} counts a step; infinite without. */
  public double lossLimit() {
    return divergence.limit(progress);
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
