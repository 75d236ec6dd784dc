package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.Training;
import dev.gatun.backend.Backend;
import dev.gatun.train.Outcome;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What tells a run's best report, what it asks when it cannot learn, and what it draws. */
class MeasuredRunsTest {
  private static final String QUANTILES = "train.loss=quantile";

  @TempDir Path folder;

  private Training.Result train(String... settings) throws IOException {
    return KeyRuns.train(folder, Samples.SERIES, settings);
  }

  /** The best coverage is the highest, and a lower one counts as none. */
  @Test
  void coverageIsToRise() throws IOException {
    Training.Result result =
        train(
            QUANTILES,
            "train.epochs=8",
            "train.rate=0.003",
            "train.early_stop={metric: coverage, patience: 1, min_change: 0.01}");
    List<String> lines = Files.readAllLines(result.run().metrics());
    int column = List.of(lines.getFirst().split(",", -1)).indexOf("validation_coverage");
    assertTrue(column > 0, lines.getFirst());
    double best = Double.NEGATIVE_INFINITY;
    int last = 0;
    for (int i = 1; i < lines.size() && last == i - 1; i++) {
      double coverage = Double.parseDouble(lines.get(i).split(",", -1)[column]);
      if (coverage > best + 0.01) {
        best = coverage;
        last = i;
      }
    }
    assertTrue(last > 1, "the coverage never rose: " + lines);
    assertEquals(Math.min(last + 1, 8), result.epochs(), lines.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"nominal_coverage", "last_value_mae", "season_rmse"})
  void whatNoLearningChangesTellsNoBest(String metric) {
    InputException e =
        assertThrows(
            InputException.class, () -> train(QUANTILES, "train.early_stop.metric=" + metric));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(" coverage, interval_width"), message);
    assertFalse(message.split("one of", -1)[1].contains(metric), message);
  }

  private int passes(String... settings) throws IOException {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(300));
    Path file = Files.writeString(folder.resolve("c.yaml"), Samples.SERIES);
    Path run = Files.createTempDirectory(folder, "run").resolve("r");
    AtomicInteger count = new AtomicInteger();
    try (Backend backend = Backends.open("cpu", 1)) {
      InvocationHandler counting =
          (proxy, method, arguments) -> {
            if (method.getName().equals("recurrent") || method.getName().equals("fork")) {
              count.incrementAndGet();
            }
            return method.invoke(backend, arguments);
          };
      Backend counted =
          (Backend)
              Proxy.newProxyInstance(
                  Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, counting);
      new Training(Config.read(file, List.of(settings)), counted, "")
          .run(run, "c", false, result -> {});
    }
    return count.get();
  }

  /** A metric's name and the columns of metrics.csv come from one look at the validation part. */
  @Test
  void theValidationPartIsMeasuredOnceBeforeTheFirstStep() throws IOException {
    int none = passes("train.epochs=1");
    int columns = passes("train.epochs=1", "train.report_metrics=true");
    int metric = passes("train.epochs=1", "train.early_stop.metric=rmse");
    assertTrue(columns > none, columns + " and " + none);
    assertEquals(columns, metric);
  }

  @Test
  void aRunThatCannotMeasureLeavesNothing() throws IOException {
    assertThrows(
        InputException.class, () -> train("train.report_metrics=true", "data.validation=0"));
    try (Stream<Path> files = Files.walk(folder)) {
      assertTrue(files.noneMatch(file -> file.endsWith("config.yaml")));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train.patience=1",
        "train.early_stop={metric: rmse, patience: 1, min_change: 1e6}",
        "train.early_stop={metric: train_loss, patience: 1, min_change: 1e6}"
      })
  void learningByHeartStopsForNoValidation(String stop) throws IOException {
    Training.Result result = train("train.overfit=6", "train.steps=5", stop);
    assertEquals(Outcome.COMPLETED, result.outcome());
    assertEquals(5, result.epochs());
  }

  @Test
  void aTiedModelIsAskedWithWiderTables() throws IOException {
    String log =
        Files.readString(
            KeyRuns.train(
                    folder,
                    Samples.TEXT,
                    "train.overfit=2",
                    "train.steps=3",
                    "train.rate=1e-8",
                    "model.embedding=16",
                    "model.embedding_tied=true",
                    "model.embedding_frozen=true")
                .run()
                .log());
    assertTrue(log.contains("with model.hidden [64] and model.embedding 64 the loss is"), log);
    assertTrue(log.contains("without train.clip, model.embedding_frozen the loss is"), log);
  }

  @Test
  void chartsOfAResumedRunAreOfAllOfIt() throws IOException {
    String[] settings = {
      "train.steps=8",
      "train.watch_gradients=1",
      "train.checkpoint_every=3",
      "train.checkpoint_keep=2"
    };
    Training.Result whole = train(settings);
    Path chart = whole.run().path().resolve("gradients.svg");
    String drawn = Files.readString(chart);
    Files.delete(chart);
    Path checkpoints = whole.run().checkpoints();
    Files.copy(
        checkpoints.resolve("step-000000003.safetensors"),
        checkpoints.resolve("last.safetensors"),
        StandardCopyOption.REPLACE_EXISTING);
    try (Backend backend = Backends.open("cpu", 1)) {
      Config config = Config.read(folder.resolve("c.yaml"), List.of(settings));
      new Training(config, backend, "").run(whole.run().path(), "c", true, result -> {});
    }
    assertEquals(drawn, Files.readString(chart));
  }

  @ParameterizedTest
  @ValueSource(strings = {"string,label\nACG\u00e9,a\n", "string,label,\u00e9\nACG,a,b\n"})
  void stringsThatAreNoTextAreNamed(String rows) throws IOException {
    Files.writeString(folder.resolve("strings.csv"), rows, StandardCharsets.ISO_8859_1);
    String yaml = "data: {type: strings, path: strings.csv, validation: 0}\n";
    InputException e =
        assertThrows(InputException.class, () -> KeyRuns.train(folder, yaml, "train.steps=1"));
    assertTrue(String.valueOf(e.getMessage()).contains("not UTF-8 text; convert"), e.toString());
  }

  /** A mark of the order of bytes is no part of the first column's name. */
  @ParameterizedTest
  @ValueSource(strings = {"UTF-8", "UTF-16LE", "UTF-16BE"})
  void columnsAreReadAfterAMark(String charset) throws IOException {
    String csv = "\ufeffstring,label\n" + "ACGT,a\nCATG,b\n".repeat(4);
    Files.writeString(folder.resolve("strings.csv"), csv, Charset.forName(charset));
    String yaml = "data: {type: strings, path: strings.csv, validation: 0}\n";
    assertEquals(1, KeyRuns.train(folder, yaml, "train.steps=1", "model.hidden=2").steps());
  }
}
