package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.TrackingKeys;
import dev.gatun.app.config.TrackingKeys.Histograms;
import dev.gatun.app.report.Log;
import dev.gatun.app.tracking.EventFile;
import dev.gatun.app.tracking.Histogram;
import dev.gatun.app.tracking.MlflowRun;
import dev.gatun.app.tracking.Tracker;
import dev.gatun.backend.Backend;
import dev.gatun.model.Parameter;
import dev.gatun.model.ParameterSet;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Everyone who keeps the figures of a run for another program; none until {@link #open}. */
final class Trackers implements AutoCloseable {
  private final List<Tracker> all = new ArrayList<>();

  /** Whose values are counted at each report. */
  private @Nullable ParameterSet watched;

  /** Whose gradients are counted at each look. */
  private @Nullable ParameterSet learning;

  /**
   * Opens what the configuration asks for; an event file always.
   *
   * @param step that the run stands at; 0: it begins
   */
  void open(Config config, RunDirectory run, long step, ParameterSet weights, Log log)
      throws IOException {
    all.add(step > 0 ? EventFile.resume(run.path(), step) : EventFile.create(run.path()));
    Histograms wanted = config.get(TrackingKeys.HISTOGRAMS);
    boolean both = wanted == Histograms.BOTH;
    watched = both || wanted == Histograms.WEIGHTS ? weights : null;
    learning = both || wanted == Histograms.GRADIENTS ? weights : null;
    String uri = config.get(TrackingKeys.MLFLOW);
    if (!uri.isBlank()) {
      String name = config.get(TrackingKeys.RUN_NAME);
      Path folder = run.path().toAbsolutePath().normalize();
      MlflowRun.Place place =
          new MlflowRun.Place(
              uri.strip(),
              config.get(TrackingKeys.EXPERIMENT),
              name.isBlank() ? String.valueOf(folder.getFileName()) : name,
              run.mlflow());
      all.add(MlflowRun.start(place, config.settings(), log::line));
    }
  }

  /** Tells all of them. */
  void report(long step, SequencedMap<String, Double> figures) throws IOException {
    SequencedMap<String, Double> values = new LinkedHashMap<>(figures);
    values.remove("step");
    ParameterSet weights = watched;
    for (Tracker tracker : all) {
      tracker.report(step, values);
      if (weights != null) {
        tracker.histograms(step, histograms(weights, "weights/", Parameter::value));
      }
    }
  }

  /**
   * Counts gradients between a backward and its update, where they are asked for.
   *
   * @param step whose gradients they are
   */
  void gradients(long step) throws IOException {
    ParameterSet weights = learning;
    if (weights != null) {
      for (Tracker tracker : all) {
        tracker.histograms(step, histograms(weights, "gradients/", Parameter::gradient));
      }
    }
  }

  private static Map<String, Histogram> histograms(
      ParameterSet weights, String prefix, Function<Parameter, Tensor> which) {
    Map<String, Histogram> histograms = new LinkedHashMap<>();
    Backend backend = weights.backend();
    for (Parameter parameter : weights.list()) {
      Histogram histogram = new Histogram();
      Tensor counted = which.apply(parameter);
      try (Workspace host = Workspace.host(backend.real())) {
        Tensor copy = host.real(counted.shape());
        backend.copy(counted, copy);
        for (long i = 0; i < copy.size(); i++) {
          histogram.add(copy.get(i));
        }
      }
      histograms.put(prefix + parameter.name(), histogram);
    }
    return histograms;
  }

  /** The run is over. */
  void end(boolean completed) {
    all.forEach(tracker -> tracker.end(completed));
    all.clear();
  }

  /** A run that fails ends here. */
  @Override
  public void close() {
    end(false);
  }
}
