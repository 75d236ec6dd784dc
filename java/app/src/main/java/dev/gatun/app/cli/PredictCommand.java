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
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
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
    Product product =
        switch (kind) {
          case TEXT -> throw new InputException(run + ": a language model; use gatun generate");
          case SERIES -> rows(csv -> forecasts(trained, csv));
          case TRANSCRIPTS -> rows(csv -> transcripts(trained, csv));
          case SEQUENCES, STRINGS -> rows(csv -> classes(trained, csv));
          case PAIRS -> out -> answers(trained, out);
        };
    if (output == null) {
      PrintWriter out = spec.commandLine().getOut();
      product.write(out);
      out.flush();
    } else {
      Output.checkWritable("--output", output);
      Output.checkApart(
          "--output",
          output,
          input,
          trained.config().get(DataKeys.PATH),
          trained.checkpoint(),
          run.resolve("config.yaml"));
      AtomicFiles.write(
          output,
          channel -> {
            Writer out = Channels.newWriter(channel, StandardCharsets.UTF_8);
            product.write(out);
            out.flush(); // the channel is closed by whoever opened it
          });
    }
    return 0;
  }

  @FunctionalInterface
  private interface Product {
    void write(Writer out) throws IOException;
  }

  /** Writes rows while they are computed, so that they need not fit into memory. */
  @FunctionalInterface
  private interface Rows {
    void write(CsvWriter csv) throws IOException;
  }

  private static Product rows(Rows rows) {
    return out -> {
      CsvWriter csv = CsvWriter.builder().build(out);
      rows.write(csv);
      csv.flush();
    };
  }

  private void forecasts(TrainedRun trained, CsvWriter csv) throws IOException {
    SeriesTask task = SeriesTask.of(trained.config(), input, trained.strings());
    try (Backend backend = compute.open(trained.config());
        Model model = trained.load(task.model(), backend);
        WindowSource windows = task.future()) {
      ForecastTable table =
          new ForecastTable(task, windows, trained.config().get(DataKeys.TIME), csv);
      if (stitch) {
        table.writeByRow(model);
      } else {
        table.writeByWindow(model);
      }
    }
  }

  private void classes(TrainedRun trained, CsvWriter csv) throws IOException {
    LabelTask task = LabelTask.unknown(trained.config(), input, trained.strings());
    try (Backend backend = compute.open(trained.config());
        Model model = trained.load(task.model(), backend)) {
      List<String> header = new ArrayList<>(List.of("sequence", "predicted"));
      header.addAll(task.probabilityNames());
      csv.writeRecord(header);
      for (LabelTask.Row row : task.predictions(model)) {
        List<String> fields = new ArrayList<>(List.of(row.name(), row.label()));
        row.probabilities().forEach(probability -> fields.add(Double.toString(probability)));
        csv.writeRecord(fields);
      }
    }
  }

  private void transcripts(TrainedRun trained, CsvWriter csv) throws IOException {
    Config config = trained.config();
    TranscriptTask task = TranscriptTask.frames(config, input, trained.strings());
    try (Backend backend = compute.open(config);
        Model model = trained.load(task.model(), backend)) {
      csv.writeRecord(config.get(DataKeys.SEQUENCE), config.get(DataKeys.TEXT));
      task.transcripts(model).forEach(csv::writeRecord);
    }
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

  private void answers(TrainedRun trained, Writer out) throws IOException {
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
      out.write(json(task, said).print() + System.lineSeparator());
      return;
    }
    warn(task);
    rows(csv -> {
          csv.writeRecord(config.get(PairKeys.SOURCE), config.get(PairKeys.TARGET));
          for (int i = 0; i < said.size(); i++) {
            csv.writeRecord(task.sources().get(i), said.get(i).getFirst().text());
          }
        })
        .write(out);
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
