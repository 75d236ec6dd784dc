package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.run.StartingPoints;
import dev.gatun.app.run.Training;
import dev.gatun.backend.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a run says about itself: why it cannot learn by heart, where gradients go, what is unusual.
 */
class AdviceTest {
  @TempDir Path folder;
  private int runs;

  private Config config(String... settings) throws IOException {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(300));
    Path yaml = Files.writeString(folder.resolve("c.yaml"), Samples.SERIES);
    return Config.read(yaml, List.of(settings));
  }

  private Training.Result train(String... settings) throws IOException {
    try (Backend backend = Backends.open("cpu")) {
      Path run = folder.resolve("run-" + runs++);
      return new Training(config(settings), backend, "").run(run, "c", false, result -> {});
    }
  }

  private String overfit(String... settings) throws IOException {
    String[] all =
        Stream.concat(Stream.of("train.overfit=6"), Stream.of(settings)).toArray(String[]::new);
    return Files.readString(train(all).run().log());
  }

  @Test
  void whatIsLearntByHeartIsSaid() throws IOException {
    String log = overfit("train.epochs=300");
    assertTrue(log.contains("learnt 6 examples by heart"), log);
    assertFalse(log.contains("most likely"), log);
  }

  /** An epoch of six examples is one step. */
  @Test
  void fewEpochsAreMadeMore() throws IOException {
    String log = overfit("train.epochs=2");
    assertTrue(log.contains("train.epochs is 300 here"), log);
    assertTrue(log.contains("done after 300 steps"), log);
    assertTrue(log.contains("learnt 6 examples by heart"), log);
    Training.Result asked = train("train.overfit=6", "train.epochs=2", "train.steps=2");
    assertEquals(2, asked.steps());
  }

  /**
   * Of six labels one holds at a time; of two classes, four of the six examples are of the second.
   */
  @ParameterizedTest
  @CsvSource({"'a,b,c,d,e,f', 17, yes", "'a,b', 67, no"})
  void logisticTargetsAreCounted(String labels, int share, String found) throws IOException {
    String[] names = labels.split(",", -1);
    StringBuilder csv = new StringBuilder("sequence,label,x\n");
    for (int i = 0; i < 24; i++) {
      csv.append(i + "," + names[i % names.length] + "," + i % 7 + "\n" + i + ",,2\n");
    }
    Files.writeString(folder.resolve("s.csv"), csv);
    String yaml =
        """
        data: {type: sequences, path: s.csv, validation: 0}
        model: {hidden: 2}
        train: {loss: binary-cross-entropy, batch: 6, rate: 1e-8, steps: 2, overfit: 6}
        """;
    String[] settings = names.length > 2 ? new String[] {"data.label_separator=;"} : new String[0];
    Training.Result result = KeyRuns.train(folder, yaml, settings);
    String log = Files.readString(result.run().log());
    int targets = names.length > 2 ? 6 * names.length : 6;
    assertTrue(
        log.contains(
            "1. imbalance? %d %% of %d logistic targets hold: %s".formatted(share, targets, found)),
        log);
  }

  @Test
  void aRateThatIsTooSmallIsFound() throws IOException {
    String log = overfit("train.epochs=60", "train.steps=60", "train.rate=1e-5");
    assertTrue(log.contains("most likely: rate too small"), log);
    for (String question :
        List.of(
            "1. imbalance?",
            "2. backbone too simple?",
            "3. rate too small? with train.rate 1.0e-03 the loss is ",
            "4. batch too small? a step has all examples already",
            "5. method or configuration wrong?")) {
      assertTrue(log.contains(question), log);
    }
  }

  @Test
  void weightsThatCannotMoveAreFound() throws IOException {
    String log = overfit("train.epochs=120", "train.steps=120", "train.weight_limit=1e-3");
    assertTrue(log.contains("most likely: method or configuration wrong"), log);
    assertTrue(log.contains("without train.weight_limit the loss is"), log);
  }

  @Test
  void gradientsAreWrittenAndDrawn() throws IOException {
    Training.Result result =
        train("train.watch_gradients=10", "train.epochs=2", "data.window=40", "model.cell=tanh");
    Path run = result.run().path();
    List<String> rows = Files.readAllLines(run.resolve("gradients.csv"));
    assertEquals("step,layer,of,time,norm", rows.getFirst());
    assertTrue(rows.get(1).startsWith("1,rnn,parameters,,"), rows.get(1));
    assertTrue(rows.stream().anyMatch(row -> row.startsWith("11,rnn,state,39,")), rows.toString());
    assertTrue(Files.readString(run.resolve("gradients.svg")).contains("linear"));
    assertTrue(Files.readString(run.resolve("gradient_flow.svg")).contains("dL/dh"));
  }

  @Test
  void bothDirectionsAreWrittenAndNamed() throws IOException {
    Training.Result result =
        train(
            "train.watch_gradients=1",
            "train.steps=3",
            "data.window=60",
            "model.cell=tanh",
            "model.bidirectional=true",
            "train.weight_limit=0.05");
    Path run = result.run().path();
    List<String> rows = Files.readAllLines(run.resolve("gradients.csv"));
    assertTrue(rows.stream().anyMatch(row -> row.startsWith("3,rnn reverse,state,59,")), rows + "");
    String drawn = Files.readString(run.resolve("gradient_flow.svg"));
    assertTrue(drawn.contains(">rnn<") && drawn.contains(">rnn reverse<"), drawn);
    // The readout is what each direction ends with: the reverse one at the first step.
    String log = Files.readString(result.run().log());
    assertTrue(log.contains("gradients vanish in rnn: dL/dh of the first step"), log);
    assertTrue(log.contains("gradients vanish in rnn reverse: dL/dh of the last step"), log);
  }

  @Test
  void vanishingGradientsAreNamed() throws IOException {
    Training.Result result =
        train(
            "train.watch_gradients=1",
            "train.steps=1",
            "data.window=60",
            "model.cell=tanh",
            "train.weight_limit=0.05");
    Training.Result later =
        train(
            "train.watch_gradients=1",
            "train.steps=3",
            "data.window=60",
            "model.cell=tanh",
            "train.weight_limit=0.05");
    assertTrue(result.steps() < later.steps());
    String log = Files.readString(later.run().log());
    assertTrue(log.contains("gradients vanish in rnn"), log);
  }

  @ParameterizedTest
  @CsvSource({
    "train.rate=5,train.rate",
    "train.rate=1e-8,train.rate",
    "model.hidden=2,model.hidden",
    "train.weight_decay=1,train.weight_decay",
    "train.clip=0.0001,train.clip",
    "train.batch=20000,train.batch",
    "model.layers=12,model.layers"
  })
  void whatIsFarFromUsualIsNamed(String setting, String key) throws IOException {
    List<String> warnings = StartingPoints.warnings(config(setting));
    assertEquals(1, warnings.size(), warnings.toString());
    assertTrue(warnings.getFirst().startsWith(key + " "), warnings.toString());
  }

  @Test
  void theExamplesStartWhereOneUsuallyDoes() throws IOException {
    Path examples = Path.of(System.getProperty("gatun.root")).resolve("examples");
    int read = 0;
    try (Stream<Path> files = Files.list(examples)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".yaml")).toList()) {
        assertEquals(List.of(), StartingPoints.warnings(Config.read(file, List.of())), file + "");
        read++;
      }
    }
    assertTrue(read > 3, read + " examples");
  }
}
