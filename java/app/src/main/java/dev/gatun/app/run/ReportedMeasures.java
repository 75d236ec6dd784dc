package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.StabilityKeys;
import dev.gatun.app.config.TrackingKeys;
import dev.gatun.app.task.Task;
import dev.gatun.backend.WeightType;
import dev.gatun.data.Range;
import dev.gatun.model.Model;
import dev.gatun.train.EarlyStop;
import dev.gatun.train.TrainerBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Measures of the validation part at each report, and their columns in {@code metrics.csv}. */
final class ReportedMeasures {
  private static final String PREFIX = "validation_";

  private ReportedMeasures() {}

  /** Measures at each report where the configuration asks for it. */
  static void set(TrainerBuilder builder, Config config, Task task, Model model) {
    if (!config.get(TrackingKeys.METRICS)) {
      return;
    }
    Range part = task.split().validation();
    if (part.size() == 0) {
      throw config.error(
          TrackingKeys.METRICS, "true; there is no validation part; give data.validation");
    }
    builder.measures(() -> task.measure(model, part, WeightType.FLOAT32));
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
  static List<String> names(Config config, Task task, Model model) {
    List<String> names = new ArrayList<>(StabilityOptions.columns(config, task));
    String metric = config.get(StabilityKeys.METRIC);
    boolean loss =
        metric.equals(EarlyStop.VALIDATION_LOSS) || metric.equals(EarlyStop.TRAINING_LOSS);
    Range part = task.split().validation();
    if (part.size() > 0 && (config.get(TrackingKeys.METRICS) || !loss)) {
      SequencedMap<String, Double> first = task.measure(model, part, WeightType.FLOAT32);
      columns(first).keySet().stream().filter(n -> !names.contains(n)).forEach(names::add);
    }
    return names;
  }
}
