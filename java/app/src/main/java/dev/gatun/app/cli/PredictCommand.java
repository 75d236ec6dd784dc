package dev.gatun.app.cli;

import de.siegmar.fastcsv.writer.CsvWriter;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.PairKeys;
import dev.gatun.app.run.TrainedRun;
import dev.gatun.app.task.LabelTask;
import dev.gatun.app.task.PairTask;
import dev.gatun.app.task.PairTask.Answer;
import dev.gatun.app.task.SeriesTask;
import dev.gatun.app.task.TranscriptTask;
import dev.gatun.backend.Backend;
import dev.gatun.data.WindowSource;
import dev.gatun.model.Model;
import dev.gatun.persist.AtomicFiles;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun predict}. */
@Command(
    name = "predict",
    description = {
      "Forecast from a CSV file with the columns the model was trained on, say the class or the"
          + " text of each sequence of a file like that, or answer each source of pairs.",
      "Of classes writes sequence, predicted, probability (of several labels one of each); of transcripts each sequence's name and"
          + " text; of pairs each source and its answer. Of forecasts writes one row for each row"
          + " that ends a window, the last row included: its number, its time where the"
          + " configuration names such a column, and the forecasts as TARGET+ROWS; of an interval"
          + " its ends too, with _lower and _upper."
    })
final class PredictCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", description = "A run's folder.")
  private Path run = Path.of("");

  @Option(names = "--input", required = true, paramLabel = "FILE", description = "CSV.")
  private Path input = Path.of("");

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description = "CSV, created or replaced. Default: standard output.")
  private @Nullable Path output;

  @Option(
      names = "--stitch",
      description =
          "One row for each row of the series, forecast once: the forecasts of windows whose"
              + " horizons stand end to end, up to the last.")
  private boolean stitch;

  @Option(
      names = "--beam",
      paramLabel = "N",
      description = "Width of the beam that pairs are decoded with. Default: model.beam.")
  private @Nullable Integer beam;

  @Option(
      names = "--json",
      description = "Of pairs: one JSON object, with the likelihoods of the answers.")
  private boolean json;

  @Option(
      names = "--n-best",
      paramLabel = "N",
      description =
          "With --json, how many answers to each source, at most as many as the beam is wide."
              + " Default: as many.")
  private @Nullable Integer best;

  @Mixin private Compute compute = new Compute();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    TrainedRun trained = TrainedRun.open(run, "");
    DataKeys.Kind kind = trained.config().get(DataKeys.TYPE);
    checkSearch(trained.config(), kind);
    if (stitch && kind != DataKeys.Kind.SERIES) {
      throw new InputException("--stitch: " + run + " forecasts no series; leave the option out");
    }
    if (!Files.isRegularFile(input)) {
      throw new InputException("--input " + input + ": no such file");
    }
    if (output != null) {
      Output.checkWritable("--output", output);
    }
    String csv =
        switch (kind) {
          case TEXT -> throw new InputException(run + ": a language model; use gatun generate");
          case SERIES -> forecasts(trained);
          case TRANSCRIPTS -> transcripts(trained);
          case SEQUENCES, STRINGS -> classes(trained);
          case PAIRS -> answers(trained);
        };
    if (output == null) {
      PrintWriter out = spec.commandLine().getOut();
      out.print(csv);
      out.flush();
    } else {
      AtomicFiles.write(output, csv);
    }
    return 0;
  }

  private String forecasts(TrainedRun trained) throws IOException {
    SeriesTask task = SeriesTask.of(trained.config(), input, trained.strings());
    try (Backend backend = compute.open(trained.config());
        Model model = trained.load(task.model(), backend);
        WindowSource windows = task.future()) {
      ForecastTable table =
          new ForecastTable(
              task, windows, task.predictions(model, windows), trained.config().get(DataKeys.TIME));
      return stitch ? table.byRow() : table.byWindow();
    }
  }

  private String classes(TrainedRun trained) throws IOException {
    LabelTask task = LabelTask.unknown(trained.config(), input, trained.strings());
    StringWriter text = new StringWriter();
    try (Backend backend = compute.open(trained.config());
        Model model = trained.load(task.model(), backend);
        CsvWriter csv = CsvWriter.builder().build(text)) {
      List<String> header = new ArrayList<>(List.of("sequence", "predicted"));
      header.addAll(task.probabilityNames());
      csv.writeRecord(header);
      for (LabelTask.Row row : task.predictions(model)) {
        List<String> fields = new ArrayList<>(List.of(row.name(), row.label()));
        row.probabilities().forEach(probability -> fields.add(Double.toString(probability)));
        csv.writeRecord(fields);
      }
    }
    return text.toString();
  }

  private String transcripts(TrainedRun trained) throws IOException {
    Config config = trained.config();
    TranscriptTask task = TranscriptTask.frames(config, input, trained.strings());
    StringWriter text = new StringWriter();
    try (Backend backend = compute.open(config);
        Model model = trained.load(task.model(), backend);
        CsvWriter csv = CsvWriter.builder().build(text)) {
      csv.writeRecord(config.get(DataKeys.SEQUENCE), config.get(DataKeys.TEXT));
      task.transcripts(model).forEach(csv::writeRecord);
    }
    return text.toString();
  }

  private void checkSearch(Config config, DataKeys.Kind kind) {
    if (kind != DataKeys.Kind.PAIRS) {
      String option = beam != null ? "--beam" : json ? "--json" : best != null ? "--n-best" : "";
      if (!option.isEmpty()) {
        throw new InputException(option + ": " + run + " answers no pairs; leave the option out");
      }
      return;
    }
    if (beam != null && (beam < 0 || beam > ModelKeys.WIDEST)) {
      throw new InputException(
          "--beam %d: give 0, for none, or more, up to %d".formatted(beam, ModelKeys.WIDEST));
    }
    if (best == null) {
      return;
    }
    int width = Math.max(1, width(config));
    if (!json) {
      throw new InputException("--n-best: a CSV file has one answer to each; give --json too");
    }
    if (best < 1 || best > width) {
      throw new InputException(
          "--n-best %d: give 1 to the beam's width, %d, or a wider --beam".formatted(best, width));
    }
  }

  private int width(Config config) {
    return beam != null ? beam : config.get(ModelKeys.BEAM);
  }

  private String answers(TrainedRun trained) throws IOException {
    Config config = trained.config();
    PairTask task = PairTask.sources(config, input, trained.strings());
    int width = width(config);
    int wanted = !json ? 1 : best != null ? best : Math.max(1, width);
    List<List<Answer>> said;
    try (Backend backend = compute.open(config);
        Model model = trained.load(task.model(), backend)) {
      said = task.answers(model, width, wanted);
    }
    if (json) {
      return json(task, said).print() + System.lineSeparator();
    }
    warn(task);
    StringWriter text = new StringWriter();
    try (CsvWriter csv = CsvWriter.builder().build(text)) {
      csv.writeRecord(config.get(PairKeys.SOURCE), config.get(PairKeys.TARGET));
      for (int i = 0; i < said.size(); i++) {
        csv.writeRecord(task.sources().get(i), said.get(i).getFirst().text());
      }
    }
    return text.toString();
  }

  private void warn(PairTask task) {
    int all = task.unknown().stream().mapToInt(Integer::intValue).sum();
    if (all > 0) {
      PrintWriter err = spec.commandLine().getErr();
      err.println(
          "%s: %d %s that the training part has not: read as unknown"
              .formatted(input, all, task.sourceVocabulary().unit()));
      err.flush();
    }
  }

  private static Json json(PairTask task, List<List<Answer>> said) {
    List<Json> all = new ArrayList<>();
    List<Integer> unknown = task.unknown();
    for (int i = 0; i < said.size(); i++) {
      Map<String, Json> members = new LinkedHashMap<>();
      members.put("source", Json.of(task.sources().get(i)));
      members.put("unknown", Json.of((long) unknown.get(i)));
      members.put("answers", Json.of(said.get(i).stream().map(PredictCommand::json).toList()));
      all.add(Json.of(members));
    }
    return Json.of(Map.of("pairs", Json.of(all)));
  }

  private static Json json(Answer answer) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("text", Json.of(answer.text()));
    members.put("log_probability", Output.number(answer.hypothesis().logProbability()));
    members.put("score", Output.number(answer.hypothesis().score()));
    members.put("ended", Json.of(answer.hypothesis().ended()));
    return Json.of(members);
  }
}
