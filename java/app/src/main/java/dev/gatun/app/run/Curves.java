package dev.gatun.app.run;

import dev.gatun.app.config.InputException;
import dev.gatun.app.report.LineChart;
import dev.gatun.app.report.Metrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Charts of what runs have reported. */
public final class Curves {
  private Curves() {}

  /** Training and validation loss of one run. */
  static LineChart of(RunDirectory run, Metrics metrics) {
    double[] at = metrics.column("step");
    LineChart chart =
        new LineChart("Loss: " + name(run.path()), "step", "loss")
            .line("training", at, metrics.column("train_loss"), false);
    double[] validation = metrics.column("validation_loss");
    if (Arrays.stream(validation).anyMatch(Double::isFinite)) {
      chart.line("validation", at, validation, false);
    }
    return chart;
  }

  private static String name(Path run) {
    return String.valueOf(run.toAbsolutePath().normalize().getFileName());
  }

  /**
   * One run's losses, or a column of several runs on one chart.
   *
   * @param runs folders
   * @param column of {@code metrics.csv}; empty: the losses, of several runs the validation loss
   *     where all have one, else the training loss
   * @throws InputException if a folder is no run's, has no reports or no such column
   */
  public static LineChart of(List<Path> runs, String column) throws IOException {
    List<Metrics> all = new ArrayList<>();
    for (Path run : runs) {
      all.add(read(run));
    }
    if (runs.size() == 1 && column.isEmpty()) {
      return of(RunDirectory.open(runs.getFirst()), all.getFirst());
    }
    boolean validated =
        all.stream()
            .allMatch(m -> Arrays.stream(m.column("validation_loss")).anyMatch(Double::isFinite));
    String chosen = !column.isEmpty() ? column : validated ? "validation_loss" : "train_loss";
    LineChart chart = new LineChart(chosen.replace('_', ' '), "step", chosen);
    for (int i = 0; i < runs.size(); i++) {
      Metrics metrics = all.get(i);
      if (!metrics.columns().contains(chosen)) {
        throw new InputException(
            "--column %s: %s has %s"
                .formatted(chosen, runs.get(i), String.join(", ", metrics.columns())));
      }
      chart.line(name(runs.get(i)), metrics.column("step"), metrics.column(chosen), false);
    }
    return chart;
  }

  private static Metrics read(Path run) throws IOException {
    Path file = RunDirectory.open(run).metrics();
    if (!Files.isRegularFile(file)) {
      throw new InputException(run + ": has no metrics.csv yet");
    }
    Metrics metrics = Metrics.read(file);
    if (metrics.size() == 0) {
      throw new InputException(run + ": has no report yet");
    }
    return metrics;
  }
}
