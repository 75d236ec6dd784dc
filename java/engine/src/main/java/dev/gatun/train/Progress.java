package dev.gatun.train;

import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Plateau;
import dev.gatun.persist.FormatException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where a run stands: everything that a resumed run needs besides tensors. */
final class Progress {
  private static final String PREFIX = "training.";

  long step;
  int epoch;

  /** The next batch in the epoch. */
  int index;

  /** Forwards so far: the step that dropout masks depend on. */
  long forwards;

  int skippedInRow;
  long skipped;
  boolean reportDue;
  double bestLoss = Double.POSITIVE_INFINITY;
  long bestStep;
  int reportsSinceBest;
  double lossSum;
  double lossWeight;

  /** Steps since the last report that were not skipped. */
  int stepped;

  double trainLoss = Double.NaN;
  double validationLoss = Double.NaN;
  double seconds;
  Plateau.State plateau = Plateau.State.START;

  /** What the rate is multiplied with after steps that were not finite. */
  double rateScale = 1;

  int goodInRow;

  // Of the last step, for the report that may be due after it.
  double rate = Double.NaN;
  double norm = Double.NaN;
  double penalty;

  /** The best value of the metric that tells the best; infinite before the first. */
  double bestValue;

  /** Weights that an average has taken in. */
  long averaged;

  /** The step after which the weights were as the last checkpoint has them; -1 without one. */
  long savedWeights = -1;

  /** Of the initial values, over the first batches; NaN if nobody looked. */
  double startLoss = Double.NaN;

  /** Its size, or the most that one of those batches is away from it. */
  double startScale = Double.NaN;

  /** Whether the last step was above what {@link Divergence} allows. */
  boolean ruined;

  /** The share of such steps, the latest counting most. */
  double ruinedShare;

  /** Whether the first step from the weights that the last checkpoint has was such a one. */
  boolean savedRuined;

  /** The step after which the weights were as a finite validation loss has seen them; -1: none. */
  long validatedWeights = -1;

  Progress(EarlyStop rule) {
    bestValue = rule.worst();
  }

  /** Takes in what an update said of itself. */
  void updated(double itsRate, Optimizer optimizer) {
    rate = itsRate;
    norm = optimizer.norm();
    penalty = optimizer.penalty();
  }

  /** Goes on by so many batches; after the step they made, so that a report may be due. */
  void advance(int batches, TrainerBuilder options) {
    index += batches;
    boolean epochEnds = index >= options.training.batches(epoch);
    if (epochEnds) {
      epoch++;
      index = 0;
    }
    boolean last = step >= options.maxSteps || epoch >= options.epochs;
    boolean regular = options.reportEvery > 0 ? step % options.reportEvery == 0 : epochEnds;
    reportDue = regular || last;
  }

  /**
   * Counts a step that was not skipped.
   *
   * @param loss its mean
   * @param weight what that was divided by
   */
  void stepped(double loss, double weight, NonFinitePolicy policy) {
    skippedInRow = 0;
    if (rateScale < 1 && ++goodInRow >= policy.recovery()) {
      goodInRow = 0;
      rateScale = Math.min(1, rateScale / policy.rateFactor());
    }
    lossSum += loss * weight;
    lossWeight += weight;
    stepped++;
  }

  /** Counts a step without an update; until the loss scale is 1, that is how it is found. */
  void skip(boolean ordinary, NonFinitePolicy policy) {
    skipped++;
    if (!ordinary) {
      skippedInRow++;
      goodInRow = 0;
      rateScale *= policy.rateFactor();
    }
  }

  /**
   * Takes the mean training loss since the last report: 0 without any valid position, NaN where
   * every step was skipped, which must not look like the best there is.
   */
  void startReport() {
    trainLoss = stepped == 0 ? Double.NaN : lossWeight == 0 ? 0 : lossSum / lossWeight;
    stepped = 0;
    lossSum = 0;
    lossWeight = 0;
    reportDue = false;
  }

  /** Lets a plateau, if one is looked for, see the loss of a report. */
  void watch(@Nullable Plateau rule, boolean validated) {
    if (rule != null) {
      plateau = rule.after(plateau, validated ? validationLoss : trainLoss);
    }
  }

  /** Takes a validation loss. */
  void validated(double newLoss) {
    validationLoss = newLoss;
    bestLoss = newLoss < bestLoss ? newLoss : bestLoss; // NaN is not better
    if (Double.isFinite(newLoss)) {
      validatedWeights = weights();
    }
  }

  /** The last step that changed the weights. */
  long weights() {
    return step - skippedInRow;
  }

  /** Whether the last checkpoint's weights have since been seen to give finite numbers. */
  boolean keptGood() {
    return savedWeights >= 0
        && !savedRuined
        && (savedWeights < weights() || savedWeights == validatedWeights);
  }

  /** Whether a report has reason to think that the weights give nothing finite any more. */
  boolean doubtful() {
    boolean seen = Double.isFinite(validationLoss);
    return !seen && (skippedInRow > 0 || Double.isFinite(bestLoss));
  }

  /** Takes the value that tells the best; whether it is the best so far. */
  boolean judge(double value, EarlyStop rule) {
    boolean best = rule.better(value, bestValue);
    reportsSinceBest = best ? 0 : reportsSinceBest + 1;
    if (best) {
      bestValue = value;
      bestStep = step;
    }
    return best;
  }

  /** Adds all values to a file's metadata; doubles in the shortest form that reads back exactly. */
  void write(Map<String, String> metadata) {
    put(metadata, "step", step);
    put(metadata, "epoch", epoch);
    put(metadata, "index", index);
    put(metadata, "forwards", forwards);
    put(metadata, "skipped_in_row", skippedInRow);
    put(metadata, "skipped", skipped);
    put(metadata, "report_due", reportDue);
    put(metadata, "best_loss", bestLoss);
    put(metadata, "best_step", bestStep);
    put(metadata, "reports_since_best", reportsSinceBest);
    put(metadata, "loss_sum", lossSum);
    put(metadata, "loss_weight", lossWeight);
    put(metadata, "stepped", stepped);
    put(metadata, "train_loss", trainLoss);
    put(metadata, "validation_loss", validationLoss);
    put(metadata, "seconds", seconds);
    put(metadata, "rate_scale", rateScale);
    put(metadata, "good_in_row", goodInRow);
    put(metadata, "last_rate", rate);
    put(metadata, "last_norm", norm);
    put(metadata, "last_penalty", penalty);
    put(metadata, "best_value", bestValue);
    put(metadata, "averaged", averaged);
    put(metadata, "start_loss", startLoss);
    put(metadata, "start_scale", startScale);
    put(metadata, "ruined", ruined);
    put(metadata, "ruined_share", ruinedShare);
    put(metadata, "plateau_scale", plateau.scale());
    put(metadata, "plateau_best", plateau.best());
    put(metadata, "plateau_bad", plateau.bad());
    put(metadata, "plateau_cooling", plateau.cooling());
  }

  private static void put(Map<String, String> metadata, String key, Object value) {
    metadata.put(PREFIX + key, value.toString());
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @param file for messages
   */
  static Progress read(Map<String, String> metadata, String file, EarlyStop rule) {
    Progress p = new Progress(rule);
    try {
      p.step = Long.parseLong(get(metadata, "step", file));
      p.epoch = Integer.parseInt(get(metadata, "epoch", file));
      p.index = Integer.parseInt(get(metadata, "index", file));
      p.forwards = Long.parseLong(get(metadata, "forwards", file));
      p.skippedInRow = Integer.parseInt(get(metadata, "skipped_in_row", file));
      p.skipped = Long.parseLong(get(metadata, "skipped", file));
      p.reportDue = Boolean.parseBoolean(get(metadata, "report_due", file));
      p.bestLoss = Double.parseDouble(get(metadata, "best_loss", file));
      p.bestStep = Long.parseLong(get(metadata, "best_step", file));
      p.reportsSinceBest = Integer.parseInt(get(metadata, "reports_since_best", file));
      p.lossSum = Double.parseDouble(get(metadata, "loss_sum", file));
      p.lossWeight = Double.parseDouble(get(metadata, "loss_weight", file));
      p.trainLoss = Double.parseDouble(get(metadata, "train_loss", file));
      p.validationLoss = Double.parseDouble(get(metadata, "validation_loss", file));
      p.seconds = Double.parseDouble(get(metadata, "seconds", file));
      // Written since there are such things.
      p.stepped = Integer.parseInt(metadata.getOrDefault(PREFIX + "stepped", "1"));
      p.rateScale = Double.parseDouble(metadata.getOrDefault(PREFIX + "rate_scale", "1"));
      p.goodInRow = Integer.parseInt(metadata.getOrDefault(PREFIX + "good_in_row", "0"));
      p.rate = Double.parseDouble(metadata.getOrDefault(PREFIX + "last_rate", "NaN"));
      p.norm = Double.parseDouble(metadata.getOrDefault(PREFIX + "last_norm", "NaN"));
      p.penalty = Double.parseDouble(metadata.getOrDefault(PREFIX + "last_penalty", "0"));
      p.bestValue =
          Double.parseDouble(
              metadata.getOrDefault(PREFIX + "best_value", get(metadata, "best_loss", file)));
      p.averaged = Long.parseLong(metadata.getOrDefault(PREFIX + "averaged", "0"));
      p.startLoss = Double.parseDouble(metadata.getOrDefault(PREFIX + "start_loss", "NaN"));
      p.startScale = Double.parseDouble(metadata.getOrDefault(PREFIX + "start_scale", "NaN"));
      p.ruined = Boolean.parseBoolean(metadata.get(PREFIX + "ruined"));
      p.ruinedShare = Double.parseDouble(metadata.getOrDefault(PREFIX + "ruined_share", "0"));
      p.plateau =
          new Plateau.State(
              Double.parseDouble(get(metadata, "plateau_scale", file)),
              Double.parseDouble(get(metadata, "plateau_best", file)),
              Integer.parseInt(get(metadata, "plateau_bad", file)),
              Integer.parseInt(get(metadata, "plateau_cooling", file)));
      p.savedWeights = p.weights();
    } catch (NumberFormatException e) {
      throw new FormatException(file + ": broken training state: " + e.getMessage(), e);
    }
    return p;
  }

  private static String get(Map<String, String> metadata, String key, String file) {
    String value = metadata.get(PREFIX + key);
    if (value == null) {
      throw new FormatException(
          "%s is no training checkpoint: its metadata has no %s%s".formatted(file, PREFIX, key));
    }
    return value;
  }
}
