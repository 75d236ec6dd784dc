package dev.gatun.app.tune;

import dev.gatun.app.config.FoldKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.TrainedRun;
import dev.gatun.app.run.Training;
import dev.gatun.app.task.Task;
import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.model.Model;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Supplier;

/**
 * What the best trial's checkpoint says of the test part, which no trial has looked at.
 *
 * @param part which part it was
 * @param text for people
 */
record BestTest(SequencedMap<String, Double> measures, String part, String text) {
  static final BestTest NONE = new BestTest(new LinkedHashMap<>(), "", "");

  /**
   * Measures the best trial. One of a cross-validation has a model for each fold: its configuration
   * is trained once more, as {@code gatun train best.yaml} would, in {@code refit} of its folder.
   *
   * @param settings of the trial
   * @param trial its folder
   */
  static BestTest of(Setup setup, Map<String, String> settings, Path trial, Supplier<Backend> open)
      throws IOException {
    if (setup.section().folds().name() == FoldKeys.Kind.NONE) {
      return of(trial, open);
    }
    Path run = trial.resolve("refit");
    try (Backend backend = open.get()) {
      Training.Result result =
          TrialRunner.train(setup.config(0, settings), run, backend, new StepClock());
      if (result.interrupted()) {
        return NONE;
      }
    } catch (InputException e) {
      // Another process may just be at it.
      return new BestTest(new LinkedHashMap<>(), "", "is not tested: " + e.getMessage());
    }
    return of(run, open);
  }

  private static BestTest of(Path run, Supplier<Backend> open) throws IOException {
    TrainedRun trained;
    try {
      trained = TrainedRun.open(run, "");
    } catch (InputException e) {
      return new BestTest(
          new LinkedHashMap<>(),
          "",
          "is not tested: its checkpoint cannot be read; train best.yaml anew (%s)"
              .formatted(e.getMessage()));
    }
    Task task = Task.of(trained.config(), trained.strings());
    try (Backend backend = open.get();
        Model model = trained.load(task.model(), backend)) {
      SequencedMap<String, Double> measures =
          task.measure(model, task.measured(), WeightType.FLOAT32);
      return new BestTest(
          measures, task.measuredName(), task.measuredName() + ": " + task.describe(measures));
    }
  }
}
