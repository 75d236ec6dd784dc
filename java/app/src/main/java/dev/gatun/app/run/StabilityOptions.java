package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.Names;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.StabilityKeys;
import dev.gatun.app.config.TrackingKeys;
import dev.gatun.app.config.TrackingKeys.Histograms;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.task.Task;
import dev.gatun.optim.Averaging;
import dev.gatun.train.EarlyStop;
import dev.gatun.train.NonFinitePolicy;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainerBuilder;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** From {@link StabilityKeys} to a trainer's options. */
final class StabilityOptions {
  /** Measures that are to rise; all others, errors and losses, are to fall. */
  private static final Set<String> RISING =
      Set.of("accuracy", "precision", "recall", "f1", "exact", "coverage");

  /** What no learning changes: an interval's level and the errors of naive forecasts. */
  private static final String FIXED = "nominal_.*|last_value_.*|season_.*";

  private StabilityOptions() {}

  /**
   * Sets averages, checkpoints that are kept, early stopping and what is done about numbers that
   * are not finite.
   *
   * @param reported what a measure that tells the best is taken from
   * @param steps of the whole run
   * @param epochSteps of an epoch
   */
  static void set(
      TrainerBuilder builder,
      Config config,
      Task task,
      ReportedMeasures reported,
      long steps,
      long epochSteps) {
    builder.nonFinite(
        new NonFinitePolicy(
            config.get(StabilityKeys.RATE_FACTOR),
            config.get(StabilityKeys.LIMIT),
            config.get(StabilityKeys.RECOVERY)));
    builder.divergence(config.get(StabilityKeys.DIVERGENCE));
    average(builder, config, steps, epochSteps);
    Histograms histograms = config.get(TrackingKeys.HISTOGRAMS);
    boolean ofGradients = histograms == Histograms.GRADIENTS || histograms == Histograms.BOTH;
    if (ofGradients && config.get(StabilityKeys.WATCH) == 0) {
      throw config.error(
          TrackingKeys.HISTOGRAMS,
          Names.of(histograms)
              + "; nobody looks at gradients; give train.watch_gradients, every how many steps");
    }
    int keep = config.get(StabilityKeys.KEEP);
    if (keep > 0) {
      if (config.get(TrainKeys.CHECKPOINT_EVERY) == 0) {
        throw config.error(
            StabilityKeys.KEEP, keep + "; there are none to keep; give train.checkpoint_every");
      }
      builder.checkpointKeep(keep);
    }
    builder.earlyStop(earlyStop(builder, config, task, reported));
  }

  /** Whether anything is added to the loss. */
  static boolean penalizes(Config config) {
    return config.get(StabilityKeys.L1) > 0 || config.get(StabilityKeys.L2) > 0;
  }

  /** The columns of a run's metrics after those that every run has. */
  static List<String> columns(Config config, Task task) {
    List<String> columns = new ArrayList<>();
    if (penalizes(config)) {
      columns.add("penalty");
    }
    columns.addAll(task.validationMeasures(0).keySet());
    return columns;
  }

  /** Why a run was stopped early. */
  static String stopped(Config config) {
    String metric = config.get(StabilityKeys.METRIC).replace('_', ' ');
    int patience =
        Math.max(config.get(StabilityKeys.STOP_PATIENCE), config.get(TrainKeys.PATIENCE));
    return "stopped: no better %s in %d reports".formatted(metric, patience);
  }

  /** What became of a run that went wrong. */
  static String failed(Config config, RunDirectory run, Trainer trainer, Outcome outcome) {
    String cause =
        outcome == Outcome.DIVERGED
            ? "the loss diverged: it began at %s, and most of the last steps are above %s"
                .formatted(Numbers.shown(trainer.startLoss()), Numbers.shown(trainer.lossLimit()))
            : config.get(StabilityKeys.LIMIT) + " in a row were not finite";
    return "stopped after step %d (epoch %d): %s, the last at rate %.1e; %s; %s"
        .formatted(
            trainer.steps(),
            trainer.epoch(),
            cause,
            trainer.rate(),
            kept(run, trainer),
            outcome == Outcome.DIVERGED
                ? "lower train.rate or set train.clip (train.divergence=0 lets it go on)"
                : "lower train.rate or set train.clip");
  }

  private static String kept(RunDirectory run, Trainer trainer) {
    if (trainer.keptGood()) {
      return "the last good weights, %s, are in %s"
          .formatted(
              trainer.keptStep() == 0 ? "those it began with" : "of step " + trainer.keptStep(),
              run.last());
    }
    return Files.isRegularFile(run.best())
        ? "the last good weights are in " + run.best()
        : "there are no good weights to keep";
  }

  private static void average(TrainerBuilder builder, Config config, long steps, long epochSteps) {
    switch (config.get(StabilityKeys.AVERAGE)) {
      case NONE -> {}
      case EMA -> builder.average(Averaging.ema(config.get(StabilityKeys.AVERAGE_DECAY)));
      case SWA -> {
        long start = 1 + (long) (config.get(StabilityKeys.AVERAGE_START) * steps);
        int every = config.get(StabilityKeys.AVERAGE_EVERY);
        builder.average(Averaging.swa(Math.min(start, steps), every > 0 ? every : epochSteps));
      }
    }
  }

  private static EarlyStop earlyStop(
      TrainerBuilder builder, Config config, Task task, ReportedMeasures reported) {
    int patience = config.get(StabilityKeys.STOP_PATIENCE);
    int other = config.get(TrainKeys.PATIENCE);
    if (patience > 0 && other > 0 && patience != other) {
      throw config.error(
          StabilityKeys.STOP_PATIENCE,
          "%d; train.patience is %d; give one of the two".formatted(patience, other));
    }
    if (config.get(TrainKeys.OVERFIT) > 0) {
      // Nothing is held out, and what is learnt by heart ends with its steps.
      return EarlyStop.after(0);
    }
    int reports = Math.max(patience, other);
    String metric = config.get(StabilityKeys.METRIC);
    EarlyStop rule =
        new EarlyStop(
            metric,
            RISING.stream().anyMatch(metric::contains),
            reports,
            config.get(StabilityKeys.MIN_CHANGE));
    String none = "; there is no validation part; give data.validation";
    boolean blind = task.split().validation().size() == 0;
    if (blind && reports > 0 && !metric.equals(EarlyStop.TRAINING_LOSS)) {
      throw config.error(
          patience > 0 ? StabilityKeys.STOP_PATIENCE : TrainKeys.PATIENCE, reports + none);
    }
    if (blind && !rule.isLoss()) {
      throw config.error(StabilityKeys.METRIC, metric + none);
    }
    if (!rule.isLoss()) {
      checkMetric(config, metric, reported);
      builder.measures(reported::measure);
    }
    return rule;
  }

  /** A name that nobody measures is to cost no epoch. */
  private static void checkMetric(Config config, String metric, ReportedMeasures reported) {
    List<String> names =
        reported.first().keySet().stream().filter(name -> !name.matches(FIXED)).toList();
    if (!names.contains(metric)) {
      throw config.error(
          StabilityKeys.METRIC,
          "\"%s\"; give %s, %s or one of %s"
              .formatted(
                  metric,
                  EarlyStop.VALIDATION_LOSS,
                  EarlyStop.TRAINING_LOSS,
                  String.join(", ", names)));
    }
  }
}
