package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.report.ConfusionMatrix;
import dev.gatun.app.run.TrainedRun;
import dev.gatun.app.task.Classified;
import dev.gatun.app.task.Forecast;
import dev.gatun.app.task.LabelTask;
import dev.gatun.app.task.PairTask;
import dev.gatun.app.task.SeriesTask;
import dev.gatun.app.task.Task;
import dev.gatun.app.task.TextTask;
import dev.gatun.app.task.TranscriptTask;
import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.model.Model;
import dev.gatun.persist.AtomicFiles;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun eval}. */
@Command(
    name = "eval",
    description =
        "Measure a run's best checkpoint on the test part of its data, else on the validation"
            + " part, or on a file.")
final class EvalCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", description = "A run's folder.")
  private Path run = Path.of("");

  @Option(names = "--data", paramLabel = "FILE", description = "Measure on all of this file.")
  private @Nullable Path data;

  @Option(
      names = "--checkpoint",
      paramLabel = "WHICH",
      defaultValue = "",
      description = "best, last or a file. Default: best, else last.")
  private String checkpoint = "";

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "fp32",
      converter = PrecisionConverter.class,
      description =
          "How the matrices of recurrent layers are kept: fp32, bf16 or int8. Other than fp32:"
              + " what it loses is reported too.")
  private WeightType precision = WeightType.FLOAT32;

  @Option(
      names = "--confusion",
      paramLabel = "FILE",
      description = "Draw a classifier's confusion matrix: an SVG, created or replaced.")
  private @Nullable Path drawing;

  @Mixin private Compute compute = new Compute();

  @Option(names = "--json", description = "One JSON object on standard output.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  /**
   * What was measured.
   *
   * @param measures by name
   * @param exact the same in fp32
   * @param tables of a forecast, the error of each row ahead
   * @param computed the precision of the backend
   */
  private record Measured(
      SequencedMap<String, Double> measures,
      SequencedMap<String, Double> exact,
      Map<String, List<Double>> tables,
      @Nullable Classified classified,
      String computed) {}

  @Override
  public Integer call() throws IOException {
    TrainedRun trained = TrainedRun.open(run, checkpoint);
    Task task = task(trained, data);
    if (drawing != null) {
      Output.checkDrawing("--confusion", drawing);
    }
    Measured all = measure(trained, task);
    String part = data == null ? task.measuredName() : data.toString();
    ConfusionMatrix confusion =
        all.classified == null
            ? null
            : new ConfusionMatrix(all.classified.names(), all.classified.metrics());
    draw(confusion, part);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(toJson(all, part, confusion, trained).print());
    } else {
      out.println(part + ": " + task.describe(all.measures));
      if (precision != WeightType.FLOAT32) {
        out.println("the same in fp32: " + task.describe(all.exact));
      }
    }
    return status(all.measures);
  }

  private Measured measure(TrainedRun trained, Task task) throws IOException {
    try (Backend backend = compute.open(trained.config(), precision);
        Model model = trained.load(task.model(), backend)) {
      SequencedMap<String, Double> measures;
      Map<String, List<Double>> tables = Map.of();
      if (task instanceof SeriesTask series) {
        Forecast forecast = series.forecast(model, task.measured(), precision);
        measures = forecast.measures();
        tables = forecast.byHorizon();
      } else {
        measures = task.measure(model, task.measured(), precision);
      }
      SequencedMap<String, Double> exact =
          precision == WeightType.FLOAT32
              ? measures
              : task.measure(model, task.measured(), WeightType.FLOAT32);
      return new Measured(
          measures,
          exact,
          tables,
          task.classified(model, task.measured(), precision),
          backend.precision().label());
    }
  }

  private Json toJson(
      Measured all, String part, @Nullable ConfusionMatrix confusion, TrainedRun trained) {
    Map<String, Json> members = new LinkedHashMap<>();
    all.measures.forEach((name, value) -> members.put(name, Output.number(value)));
    all.tables.forEach(
        (name, values) -> members.put(name, Json.of(values.stream().map(Output::number).toList())));
    members.put("part", Json.of(part));
    members.put("precision", Json.of(precision.label()));
    members.put("computed_in", Json.of(all.computed));
    if (precision != WeightType.FLOAT32) {
      Map<String, Json> change = new LinkedHashMap<>();
      all.exact.forEach(
          (name, value) ->
              change.put(name, Output.number(all.measures.getOrDefault(name, value) - value)));
      members.put("change_from_fp32", Json.of(change));
    }
    if (confusion != null) {
      members.put("confusion", confusion.toJson());
    }
    members.put("checkpoint", Json.of(trained.checkpoint().toString()));
    return Json.of(members);
  }

  /**
   * What is not finite is a failure. Weights are finite, or were refused; an area under a curve may
   * be undefined.
   */
  private int status(SequencedMap<String, Double> measures) {
    List<String> bad =
        measures.entrySet().stream()
            .filter(measure -> !Double.isFinite(measure.getValue()))
            .map(Map.Entry::getKey)
            .filter(name -> !name.startsWith("auc"))
            .toList();
    if (bad.isEmpty()) {
      return 0;
    }
    spec.commandLine()
        .getErr()
        .println(
            ("gatun: not finite: %s: what the model gives of this data overflows; look at the data"
                    + " with gatun data, or give another --checkpoint")
                .formatted(String.join(", ", bad)));
    return Gatun.FAILED;
  }

  private void draw(@Nullable ConfusionMatrix confusion, String part) throws IOException {
    if (drawing == null) {
      return;
    }
    if (confusion == null) {
      throw new InputException(
          "--confusion: " + run + " tells no classes apart; leave the option out");
    }
    AtomicFiles.write(drawing, confusion.toSvg("Confusion: " + part));
  }

  /** The run's own data, or another file's. */
  static Task task(TrainedRun trained, @Nullable Path data) {
    Config config = trained.config();
    if (data == null) {
      return Task.of(config, trained.strings());
    }
    if (!Files.isRegularFile(data)) {
      throw new InputException("--data " + data + ": no such file");
    }
    return switch (config.get(DataKeys.TYPE)) {
      case TEXT -> TextTask.of(config, data, trained.strings());
      case SERIES -> SeriesTask.of(config, data, trained.strings());
      case TRANSCRIPTS -> TranscriptTask.of(config, data, trained.strings());
      case SEQUENCES, STRINGS -> LabelTask.of(config, data, trained.strings());
      case PAIRS -> PairTask.of(config, data, trained.strings());
    };
  }
}
