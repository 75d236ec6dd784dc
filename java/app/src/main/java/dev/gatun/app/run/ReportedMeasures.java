package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.TrackingKeys;
import dev.gatun.app.task.Task;
import dev.gatun.backend.WeightType;
import dev.gatun.model.Model;
import dev.gatun.train.TrainerBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** Measures of the validation part at each report, and their columns in {@code metrics.csv}. */
final class ReportedMeasures {
  private static final String PREFIX = "validation_";

  private final Config config;
  private final Task task;
  private final Model model;

  /** Null until somebody needs the names. */
  private @Nullable SequencedMap<String, Double> first;

  ReportedMeasures(Config config, Task task, Model model) {
    this.config = config;
    this.task = task;
    this.model = model;
  }

  /** Measures at each report where the configuration asks for it. */
  void set(TrainerBuilder builder) {
    if (!config.get(TrackingKeys.METRICS)) {
      return;
    }
    if (task.split().validation().size() == 0) {
      throw config.error(
          TrackingKeys.METRICS, "true; there is no validation part; give data.validation");
    }
    builder.measures(this::measure);
  }

  /** The validation part, with the weights as they are now. */
  SequencedMap<String, Double> measure() {
    return task.measure(model, task.split().validation(), WeightType.FLOAT32);
  }

  /** As before the first step: taken once, whoever asks for the names. */
  SequencedMap<String, Double> first() {
    SequencedMap<String, Double> measured = first == null ? measure() : first;
    first = measured;
    return measured;
  }

  /** The columns of measures; the validation loss has one already. */
  static SequencedMap<String, Double> columns(SequencedMap<String, Double> measures) {
    SequencedMap<String, Double> columns = new LinkedHashMap<>();
    measures.forEach(
        (name, value) -> {
          if (!name.equals("loss")) {
            columns.put(PREFIX + name, value);
          }
        });
    return columns;
  }

  /** The columns that a run will have after those of every run. */
  List<String> names() {
    List<String> names = new ArrayList<>(StabilityOptions.columns(config, task));
    if (first != null || config.get(TrackingKeys.METRICS)) {
      columns(first()).keySet().stream().filter(n -> !names.contains(n)).forEach(names::add);
    }
    return names;
  }
}
