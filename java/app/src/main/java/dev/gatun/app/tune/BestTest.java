package dev.gatun.app.tune;

import dev.gatun.app.run.TrainedRun;
import dev.gatun.app.task.Task;
import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.model.Model;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
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

  /** Measures a run's best checkpoint. */
  static BestTest of(Path run, Supplier<Backend> open) throws IOException {
    TrainedRun trained = TrainedRun.open(run, "");
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
