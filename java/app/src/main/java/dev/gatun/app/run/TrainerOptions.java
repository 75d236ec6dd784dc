package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.StabilityKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.report.Log;
import dev.gatun.app.task.Task;
import dev.gatun.app.task.Updates;
import dev.gatun.optim.Plateau;
import dev.gatun.train.TrainerBuilder;

/** From the keys under {@code train:} to a trainer's options. */
final class TrainerOptions {
  private TrainerOptions() {}

  /** Sets what the keys under {@code train:} say, apart from data, rate and accumulation. */
  static TrainerBuilder set(
      TrainerBuilder builder, Config config, Task task, RunDirectory run, Log log) {
    builder.epochs(config.get(TrainKeys.EPOCHS)).checkpoints(run.checkpoints());
    if (config.get(TrainKeys.STEPS) > 0) {
      builder.maxSteps(config.get(TrainKeys.STEPS));
    }
    if (config.get(TrainKeys.REPORT_EVERY) > 0) {
      builder.reportEvery(config.get(TrainKeys.REPORT_EVERY));
    }
    if (config.get(TrainKeys.CHECKPOINT_EVERY) > 0) {
      builder.checkpointEvery(config.get(TrainKeys.CHECKPOINT_EVERY));
    }
    int watch = config.get(StabilityKeys.WATCH);
    if (watch > 0) {
      builder.watchGradients(watch).listener(new GradientLog(run.path(), log));
    }
    Plateau plateau = Updates.plateau(config);
    if (plateau != null) {
      builder.reduceOnPlateau(plateau);
    }
    builder.metadata("config", config.toYaml());
    task.strings().forEach(builder::metadata);
    return builder;
  }
}
