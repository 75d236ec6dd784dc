package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.Training;
import dev.gatun.backend.Backend;
import dev.gatun.persist.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code data.type: sequences} and {@code strings}, from files to what is measured. */
class LabelledSequencesTest {
  private static final Path EXAMPLES =
      Path.of(System.getProperty("gatun.root")).resolve("examples");

  private static final String CONFIG =
      """
      data:
        type: sequences
        path: rows.csv
        validation: 0
        test: 4
      model:
        hidden: 3
      train:
        epochs: 1
        rate: 1e-9
      """;

  @TempDir Path folder;

  private Training.Result train(Path config, String... settings) throws IOException {
    Path run = Files.createTempDirectory(folder, "run").resolve("r");
    try (Backend backend = Backends.open("cpu")) {
      Config read = Config.read(config, List.of(settings));
      return new Training(read, backend, "").run(run, "t", false, result -> {});
    }
  }

  /** Of class a 12 sequences of x near 1, of class b 4 of x near -1. */
  private Training.Result trainRows(String... settings) throws IOException {
    StringBuilder csv = new StringBuilder("sequence,label,x,y\n");
    for (int i = 0; i < 16; i++) {
      for (int t = 0; t <= i % 5; t++) {
        csv.append("s%d,%s,%d.%d,%d\n".formatted(i, i < 12 ? "a" : "b", i < 12 ? 1 : -1, i, t));
      }
    }
    Files.writeString(folder.resolve("rows.csv"), csv);
    return train(Files.writeString(folder.resolve("c.yaml"), CONFIG), settings);
  }

  private static double measure(Training.Result result, String name) {
    return result.test().getOrDefault(name, Double.NaN);
  }

  @Test
  void speakersAreKnownByTheirVowels() throws IOException {
    String shared = System.getProperty("gatun.shared.data", "");
    Path file = Path.of(shared, "JapaneseVowels_TRAIN.ts");
    assumeTrue(!shared.isEmpty() && Files.isRegularFile(file), "skipped: no " + file);
    Path config =
        Files.writeString(
            folder.resolve("vowels.yaml"),
            """
            data: {type: sequences, path: %s, test_path: %s, validation: 0}
            model: {hidden: 64, bidirectional: true}
            train: {epochs: 15, batch: 16, rate: 0.01, schedule: cosine, clip: 1}
            """
                .formatted(file, file.resolveSibling("JapaneseVowels_TEST.ts")));
    Training.Result result = train(config);
    assertTrue(measure(result, "accuracy") >= 0.96, () -> result.test().toString());
  }

  @ParameterizedTest
  @CsvSource({"strokes,train.epochs=15", "dna,train.epochs=10"})
  void examplesLearn(String name, String setting) throws IOException {
    Training.Result result = train(EXAMPLES.resolve(name + ".yaml"), setting);
    assertTrue(measure(result, "accuracy") >= 0.95, () -> result.test().toString());
  }

  /** Of one parameter each, two strings differ by their pieces alone. */
  @Test
  void piecesAreOfKCharacters() throws IOException {
    StringBuilder csv = new StringBuilder("string,label\n");
    for (int i = 0; i < 8; i++) {
      csv.append(i % 2 == 0 ? "ACGTAC,even\n" : "CATGCA,odd\n");
    }
    Files.writeString(folder.resolve("strings.csv"), csv);
    Path config =
        Files.writeString(
            folder.resolve("s.yaml"),
            """
            data: {type: strings, path: strings.csv, validation: 0}
            model: {hidden: 2, embedding: 3}
            train: {epochs: 1}
            """);
    // ACGT and CATG hold 3 + 4 different pieces of 2: AC CG GT TA, CA AT TG GC.
    assertEquals(3 * (4 + 1), embedding(train(config)));
    assertEquals(3 * (8 + 1), embedding(train(config, "data.kmer=2")));
    assertEquals(
        3 * (4 + 1), embedding(train(config, "data.kmer=2", "data.kmer_stride=2")), "AC GT CA TG");
  }

  private static long embedding(Training.Result result) throws IOException {
    Path last = result.run().checkpoints().resolve("last.safetensors");
    try (var reader = new SafetensorsReader(last)) {
      return reader.doubles("embedding.weight").length;
    }
  }

  /** The rows beyond have another class. */
  @Test
  void onlyTheRowsInUseHaveClasses() throws IOException {
    StringBuilder csv = new StringBuilder("string,label\n");
    csv.append("ACGT,a\nCATG,b\n".repeat(6)).append("TTTT,c\n");
    Files.writeString(folder.resolve("strings.csv"), csv);
    Path config =
        Files.writeString(
            folder.resolve("s.yaml"),
            """
            data: {type: strings, path: strings.csv, rows: 12, validation: 0}
            model: {hidden: 2, embedding: 3}
            train: {epochs: 1}
            """);
    assertEquals(1, train(config).epochs());
  }

  /** Weights of 1 and 0 leave the loss of class a alone; equal ones change nothing. */
  @Test
  void classWeightsWeighTheLoss() throws IOException {
    double plain = trainRows().trainLoss();
    assertEquals(plain, trainRows("train.class_weights=[2, 2]").trainLoss(), 1e-9);
    double a = trainRows("train.class_weights=[1, 0]").trainLoss();
    double b = trainRows("train.class_weights=[0, 1]").trainLoss();
    // 12 sequences to train on, 9 of a.
    assertEquals((9 * a + 3 * b) / 12, plain, 1e-6);
    assertEquals((a + b) / 2, trainRows("train.class_weights=balanced").trainLoss(), 1e-6);
    assertTrue(Math.abs(a - b) > 1e-3, a + " and " + b);
  }

  @Test
  void smallClassesComeAgain() throws IOException {
    double a = trainRows("train.class_weights=[1, 0]").trainLoss();
    double b = trainRows("train.class_weights=[0, 1]").trainLoss();
    assertEquals((a + b) / 2, trainRows("train.balance=oversample").trainLoss(), 1e-6);
    double batches = trainRows("train.balance=batches", "train.batch=4").trainLoss();
    // 6 of the 9 of a, in an epoch of 12.
    assertEquals((a + b) / 2, batches, 0.2 * Math.abs(a - b));
  }

  /** Of one sequence in a hundred is one of twelve: the loss is the largest there is. */
  @Test
  void hardExamplesAreLearntFromAlone() throws IOException {
    double plain = trainRows("data.validation=2").trainLoss();
    Training.Result hardest = trainRows("data.validation=2", "train.hard_examples=0.01");
    Training.Result half = trainRows("data.validation=2", "train.hard_examples=0.5");
    assertTrue(plain < half.trainLoss(), plain + " and " + half.trainLoss());
    assertTrue(half.trainLoss() < hardest.trainLoss(), half + " and " + hardest);
    assertEquals(half.validationLoss(), hardest.validationLoss(), 1e-6);
    assertEquals(plain, trainRows("data.validation=2", "train.hard_examples=1").trainLoss());
  }

  /** Each alone changes what is learnt from, and not what is measured on. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "data.augment.reverse=0.5",
        "data.augment.shift=2",
        "data.augment.warp=0.5",
        "data.augment.repeat=0.5",
        "data.augment.scaling=0.3",
        "data.augment.jitter=0.2",
        "data.augment.time_mask=0.5"
      })
  void augmentationsAreOfTheTrainingPart(String augmentation) throws IOException {
    Training.Result plain = trainRows("data.validation=2");
    Training.Result other = trainRows("data.validation=2", augmentation);
    assertTrue(Math.abs(plain.trainLoss() - other.trainLoss()) > 1e-5, other::toString);
    assertEquals(plain.validationLoss(), other.validationLoss(), 1e-6);
    assertEquals(measure(plain, "loss"), measure(other, "loss"), 1e-6);
  }

  /** What stands in for gaps is told by weights that read the input alone: the loss changes. */
  @Test
  void missingValuesAreFilledOrLeftOut() throws IOException {
    StringBuilder csv = new StringBuilder("sequence,label,x\n");
    String[] x = {"1", "?", "3", "4", "", "8", "2", "-9", "5", "1", "1", "7"};
    for (int i = 0; i < 36; i++) {
      String value = i < 12 ? x[i] : Integer.toString(i % 5);
      csv.append("s%d,%s,%s\n".formatted(i / 3, i % 6 < 3 ? "a" : "b", value));
    }
    Files.writeString(folder.resolve("rows.csv"), csv);
    Path config =
        Files.writeString(
            folder.resolve("c.yaml"),
            """
            data: {type: sequences, path: rows.csv, validation: 0, scaler: none, sentinel: -9}
            model: {hidden: 3}
            train: {epochs: 1, rate: 1e-9}
            """);
    InputException e = assertThrows(InputException.class, () -> train(config));
    assertTrue(
        String.valueOf(e.getMessage()).contains("rows.csv:3: column x: \"?\""), e.getMessage());
    Set<Double> losses = new HashSet<>();
    for (String way : List.of("mean", "median", "mode", "forward", "linear", "mask", "drop")) {
      losses.add(train(config, "data.missing=" + way).trainLoss());
    }
    assertEquals(7, losses.size(), losses.toString());
    // Filled by hand: 1 2 3, 4 6 8, 2 3.5 5.
    Files.writeString(
        folder.resolve("rows.csv"),
        csv.toString().replace("a,?", "a,2").replace("b,\n", "b,6\n").replace("a,-9", "a,3.5"));
    assertTrue(losses.contains(train(config).trainLoss()), "linear");
    InputException decay =
        assertThrows(InputException.class, () -> train(config, "data.missing=decay"));
    assertTrue(String.valueOf(decay.getMessage()).contains("for data.type series"));
  }

  /** Windows of a series and sequences with transcripts take those that leave their targets. */
  @ParameterizedTest
  @CsvSource({
    "series,data.augment.jitter=0.3",
    "series,data.augment.time_mask=0.9",
    "transcripts,data.augment.warp=0.5",
    "transcripts,data.augment.scaling=0.5"
  })
  void otherDataIsAugmentedToo(String type, String setting) throws IOException {
    StringBuilder csv = new StringBuilder("sequence,text,x\n");
    for (int i = 0; i < 60; i++) {
      csv.append("s%d,%s,%d\n".formatted(i / 6, i % 12 < 6 ? "a" : "b", i * i % 11));
    }
    Files.writeString(folder.resolve("rows.csv"), csv);
    Path config =
        Files.writeString(
            folder.resolve("c.yaml"),
            """
            data: {type: %s, path: rows.csv, validation: 0.2%s}
            model: {hidden: 3}
            train: {epochs: 1, rate: 1e-9}
            """
                .formatted(type, type.equals("series") ? ", targets: x, window: 5" : ""));
    Training.Result plain = train(config);
    Training.Result other = train(config, setting);
    assertTrue(Math.abs(plain.trainLoss() - other.trainLoss()) > 1e-5, other::toString);
    assertEquals(plain.validationLoss(), other.validationLoss(), 1e-6);
  }

  @Test
  void bucketsChangeTheOrderAlone() throws IOException {
    double plain = trainRows("train.batch=3").trainLoss();
    assertEquals(plain, trainRows("train.batch=3", "data.bucket=true").trainLoss(), 1e-6);
    InputException e =
        assertThrows(
            InputException.class, () -> trainRows("train.balance=batches", "data.bucket=true"));
    assertTrue(String.valueOf(e.getMessage()).contains("give one of the two"), e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train.class_weights=[1, 2, 3] | 3 numbers; there are 2 classes: a, b",
        "train={class_weights: balanced, hard_examples: 0.5} | give one of the two",
        "train.class_weights=rare | give none, balanced, or a list",
        "data.label=said | no column \"said\"",
        "data.test=15 | validation 0 and test 15",
        "data.kmer=2 | only valid with data.type strings"
      })
  void whatIsWrongIsNamed(String setting, String message) {
    InputException e = assertThrows(InputException.class, () -> trainRows(setting));
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }
}
