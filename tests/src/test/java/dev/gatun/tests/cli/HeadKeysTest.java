package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.Training;
import dev.gatun.app.task.LabelTask;
import dev.gatun.app.task.Task;
import dev.gatun.backend.Backend;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logistic outputs of classifiers: what each key alone changes, and what commands make of them. */
class HeadKeysTest {
  private static final String BINARY = "train.loss=binary-cross-entropy";

  private static final String CONFIG =
      """
      data:
        type: strings
        path: strings.csv
        validation: 0.1
        test: 30
      model:
        cell: gru
        embedding: 8
        hidden: 12
      train:
        epochs: 12
        batch: 16
        rate: 0.02
        seed: 3
      """;

  private static final String[] SEVERAL = {BINARY, "data.label_separator=+", "train.epochs=25"};

  @TempDir Path folder;

  /** Strings of a, b, c and d; with "several" labelled by which of a and b they have. */
  private static String strings(boolean several) {
    Random random = new Random(5);
    StringBuilder csv = new StringBuilder("string,label\n");
    for (int i = 0; i < 160; i++) {
      StringBuilder string = new StringBuilder();
      String letters = new String[] {"acd", "cd", "bcd", "abcd"}[i % 4];
      for (int k = 0; k < 6; k++) {
        string.append(letters.charAt(random.nextInt(letters.length())));
      }
      boolean a = string.indexOf("a") >= 0;
      boolean b = string.indexOf("b") >= 0;
      String labels = a && b ? "has a + has b" : a ? "has a" : b ? "has b" : "";
      csv.append(string).append(',').append(several ? labels : a ? "yes" : "no").append('\n');
    }
    return csv.toString();
  }

  @BeforeEach
  void data() throws Exception {
    Files.writeString(folder.resolve("strings.csv"), strings(false));
  }

  private Config config(String... settings) throws Exception {
    return Config.read(Files.writeString(folder.resolve("c.yaml"), CONFIG), List.of(settings));
  }

  private Training.Result train(String... settings) throws Exception {
    Path run = Files.createTempDirectory(folder, "run").resolve("r");
    try (Backend backend = Backends.open("cpu", 1)) {
      return new Training(config(settings), backend, "").run(run, "c", false, result -> {});
    }
  }

  private String error(String... settings) {
    return String.valueOf(
        assertThrows(InputException.class, () -> Task.of(config(settings))).getMessage());
  }

  @Test
  void aLogisticOutputIsOneForTwoClasses() throws Exception {
    Task softmax = Task.of(config());
    assertEquals(2, softmax.model().output().width());
    assertEquals(new SoftmaxCrossEntropy(), softmax.loss());
    Task logistic = Task.of(config(BINARY));
    assertEquals(1, logistic.model().output().width());
    assertEquals(List.of("yes"), logistic.outputNames());
    assertEquals(NumericLoss.binaryCrossEntropy(1), logistic.loss());
    assertEquals(
        13, softmax.model().parameterCount() - logistic.model().parameterCount(), "12 + 1 less");
  }

  @Test
  void twoClassesAreLearnt() throws Exception {
    SequencedMap<String, Double> test = train(BINARY).test();
    assertTrue(test.get("accuracy") > 0.9 && test.get("auc") > 0.95, test.toString());
    assertTrue(test.get("f1") > 0.9 && test.get("loss") < 0.4, test.toString());
  }

  /** The loss is linear in the weight: L(w) = L(1) + (w - 1) times what positives cost. */
  @Test
  void thePositiveClassCountsAsItsWeightSays() throws Exception {
    double[] losses = new double[4];
    for (int w = 1; w < losses.length; w++) {
      losses[w] =
          train(BINARY, "train.steps=1", "train.rate=1e-9", "train.loss.positive_weight=" + w)
              .trainLoss();
    }
    assertEquals(losses[3] - losses[2], losses[2] - losses[1], 1e-5);
    assertTrue(losses[2] - losses[1] > 0.2 && losses[1] < 1, losses[1] + ", " + losses[2]);
    double plain = train(BINARY, "train.epochs=2").test().get("recall");
    double heavy =
        train(BINARY, "train.epochs=2", "train.loss.positive_weight=20").test().get("recall");
    assertTrue(heavy > 0.95 && heavy >= plain, plain + " and " + heavy);
  }

  private Outcome command(String... arguments) {
    Outcome outcome = InProcess.run(arguments);
    assertEquals(0, outcome.status(), outcome.err());
    return outcome;
  }

  private String[] training(Path run, String... settings) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("train"));
    arguments.add(Files.writeString(folder.resolve("c.yaml"), CONFIG).toString());
    arguments.addAll(List.of("--run", run.toString(), "--threads", "1"));
    for (String setting : settings) {
      arguments.addAll(List.of("--set", setting));
    }
    return arguments.toArray(String[]::new);
  }

  /** Several labels, or none, of each sequence: learnt, measured, predicted, explained. */
  @Test
  void labelsHoldEachByItself() throws Exception {
    Path data = Files.writeString(folder.resolve("strings.csv"), strings(true));
    LabelTask task = (LabelTask) Task.of(config(SEVERAL));
    assertEquals(List.of("has a", "has b"), task.classes());
    int[] counts = task.counts(task.split().training());
    assertTrue(counts[0] + counts[1] < 2 * task.split().training().size(), "some have none");
    Path run = folder.resolve("several");
    command(training(run, SEVERAL));
    Outcome eval = command("eval", run.toString(), "--json");
    Json.Members measures = Json.parse(eval.out().strip()).asObject();
    for (String name : List.of("accuracy", "f1_micro", "f1_macro", "auc_macro")) {
      assertTrue(measures.get(name).asDouble() > 0.9, name + ": " + eval.out());
    }
    assertTrue(measures.get("exact").asDouble() > 0.8, eval.out());
    Outcome other = command("eval", run.toString(), "--data", data.toString());
    assertTrue(other.out().contains("of labels right"), other.out());
    Path input = Files.writeString(folder.resolve("new.csv"), "string\naabb\ncdcd\nbbbb\n");
    List<String> said =
        command("predict", run.toString(), "--input", input.toString()).out().lines().toList();
    assertEquals("sequence,predicted,has a,has b", said.getFirst());
    assertTrue(said.get(1).matches("1,has a\\+has b,(0\\.[5-9]|1).*"), said.toString());
    assertTrue(said.get(2).matches("2,,.*"), said.toString());
    assertTrue(said.get(3).startsWith("3,has b,0.0") || said.get(3).startsWith("3,has b,0."));
    Path svg = folder.resolve("why.svg");
    command(
        "explain", "" + run, "--what", "attributions", "--target", "has b", "--output", "" + svg);
    assertTrue(Files.readString(svg).contains("has b"));
    Outcome none = InProcess.run("eval", run.toString(), "--confusion", folder + "/c.svg");
    assertTrue(none.err().contains("tells no classes apart"), none.err());
  }

  @Test
  void twoClassesArePredictedWithTheirProbability() throws Exception {
    Path run = folder.resolve("two");
    command(training(run, BINARY));
    Path input = Files.writeString(folder.resolve("new.csv"), "string\naaca\nccdd\n");
    List<String> said =
        command("predict", run.toString(), "--input", input.toString()).out().lines().toList();
    assertEquals("sequence,predicted,probability", said.getFirst());
    assertTrue(said.get(1).matches("1,yes,(0\\.[5-9]\\d*|1\\.0)"), said.toString());
    assertTrue(said.get(2).matches("2,no,(0\\.[5-9]\\d*|1\\.0)"), said.toString());
    Path svg = folder.resolve("confusion.svg");
    command("eval", run.toString(), "--confusion", svg.toString());
    assertTrue(Files.readString(svg).contains("yes"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train.loss=huber | train.loss.name: that is for forecasts; classes take cross-entropy, or",
        "train.loss=hinge | train.loss.name: \"hinge\"; give one of squared, absolute, huber,",
        "train.loss.positive_weight=2 | only valid with train.loss.name binary-cross-entropy",
        "train.pos_weight=2 | did you mean train.loss.positive_weight?",
        "data.label_separator=+ | train.loss cross-entropy is for one class each; give binary-",
        "train.loss=binary-cross-entropy,train.label_smoothing=0.1 | that is for train.loss cross-",
        "train.loss=binary-cross-entropy,train.class_weights=balanced | that is for train.loss",
        "train.loss=binary-cross-entropy,train.hard_examples=0.5 | that is for train.loss cross",
        "train.loss=binary-cross-entropy,train.balance=batches | that is for train.loss cross-"
      })
  void whatDoesNotGoTogetherIsRefused(String settings, String message) {
    String said = error(settings.split(","));
    assertTrue(said.contains(message), said);
  }

  @Test
  void threeClassesHaveNoOneLogisticOutput() throws Exception {
    Files.writeString(
        folder.resolve("strings.csv"), strings(false).replace("no\n", "no\ncdc,maybe\n"));
    assertTrue(error(BINARY).contains("there are 3 classes: maybe, no, yes; give cross-entropy"));
    Files.writeString(folder.resolve("strings.csv"), "string,label\n" + "ab,\ncd, + \n".repeat(40));
    assertTrue(error(SEVERAL).contains("no sequence has a label; give some"));
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(300));
    Path series = Files.writeString(folder.resolve("s.yaml"), Samples.SERIES);
    String said =
        assertThrows(InputException.class, () -> Task.of(Config.read(series, List.of(BINARY))))
            .getMessage();
    assertTrue(String.valueOf(said).contains("that is for classes; a series takes squared"), said);
  }
}
