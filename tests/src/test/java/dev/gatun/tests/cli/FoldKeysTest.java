package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.task.LabelTask;
import dev.gatun.app.task.Task;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Range;
import dev.gatun.data.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a fold trains on, validates and tests, of each kind of data. */
class FoldKeysTest {
  @TempDir Path folder;

  private Config config(String yaml, String... settings) throws IOException {
    return Config.read(Files.writeString(folder.resolve("c.yaml"), yaml), List.of(settings));
  }

  /** Sequences of 1 to so many steps: their lengths tell them apart. */
  private String sequences(String type, int count) throws IOException {
    StringBuilder csv = new StringBuilder();
    csv.append(
        switch (type) {
          case "strings" -> "string,label\n";
          case "sequences" -> "sequence,label,x\n";
          case "transcripts" -> "sequence,text,x\n";
          default -> "source,target\n";
        });
    for (int i = 1; i <= count; i++) {
      String label = i % 4 == 0 ? "b" : "a";
      switch (type) {
        case "sequences", "transcripts" -> csv.append((i + "," + label + "," + i + "\n").repeat(i));
        default -> csv.append("x".repeat(i)).append(",").append(label).append('\n');
      }
    }
    Files.writeString(folder.resolve("d.csv"), csv);
    return "data: {type: %s, path: d.csv, validation: 0.2, test: 4}\nmodel: {hidden: 2}\n"
            .formatted(type)
        + "train: {seed: 3, batch: 3}\n";
  }

  private static List<Integer> lengths(Task task, Range part) {
    List<Integer> lengths = new ArrayList<>();
    if (part.size() > 0) {
      try (BatchSource source = task.measuring(part);
          Batch batch = source.newBatch()) {
        for (int i = 0; i < source.batches(0); i++) {
          source.fill(0, i, batch);
          for (int n = 0; n < batch.size(); n++) {
            lengths.add((int) batch.lengths().toDoubles()[n]);
          }
        }
      }
    }
    return lengths;
  }

  @ParameterizedTest
  @ValueSource(strings = {"strings", "sequences", "transcripts", "pairs"})
  void everyExampleBesideTheTestPartIsValidatedOnce(String type) throws IOException {
    String yaml = sequences(type, 22);
    Task plain = Task.of(config(yaml));
    List<Integer> tested = lengths(plain, plain.split().test());
    List<Integer> seen = new ArrayList<>(tested);
    List<Integer> inOrder = new ArrayList<>();
    for (int fold = 1; fold <= 3; fold++) {
      Task task =
          Task.of(config(yaml, "data.fold={name: k-fold, count: 3}", "data.fold.number=" + fold));
      Split split = task.split();
      assertEquals(12, split.training().size());
      assertEquals(tested, lengths(task, split.test()), "the same test part");
      List<Integer> validated = lengths(task, split.validation());
      List<Integer> all = new ArrayList<>(lengths(task, split.training()));
      all.addAll(validated);
      all.addAll(tested);
      assertEquals(22, all.stream().distinct().count(), "no example is in two parts");
      seen.addAll(validated);
      inOrder.addAll(validated);
    }
    assertEquals(22, seen.size());
    assertEquals(22, seen.stream().distinct().count());
    assertTrue(!inOrder.equals(inOrder.stream().sorted().toList()), "drawn, not cut");
  }

  @Test
  void stratifiedFoldsHaveTheClassesAlike() throws IOException {
    String yaml = sequences("strings", 22);
    int[][] counts = new int[3][];
    for (int fold = 1; fold <= 3; fold++) {
      Config config =
          config(yaml, "data.fold={name: stratified, count: 3}", "data.fold.number=" + fold);
      LabelTask task = (LabelTask) Task.of(config);
      counts[fold - 1] = task.counts(task.split().validation());
    }
    for (int k = 0; k < 2; k++) {
      int label = k;
      int[] each = Arrays.stream(counts).mapToInt(c -> c[label]).sorted().toArray();
      assertTrue(each[2] - each[0] <= 1, Arrays.deepToString(counts));
    }
  }

  @ParameterizedTest
  @CsvSource({
    // 200 rows, 40 of them tested: blocks of 40; a window of 8 and a horizon of 1 reach over 8.
    "1, '', 0, 32, 40, 80",
    "3, '', 0, 112, 120, 160",
    "3, 'data.fold.gap=0', 0, 120, 120, 160",
    "3, 'data.fold.train_rows=50', 62, 112, 120, 160",
  })
  void blocksAreValidatedAfterWhatIsTrainedOn(
      int number, String more, int from, int to, int first, int end) throws IOException {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(200));
    List<String> settings =
        new ArrayList<>(
            List.of("data.fold={name: blocked, count: 3}", "data.fold.number=" + number));
    if (!more.isEmpty()) {
      settings.add(more);
    }
    Task task = Task.of(config(Samples.SERIES, settings.toArray(String[]::new)));
    assertEquals(
        new Split(new Range(from, to), new Range(first, end), new Range(160, 200)), task.split());
    try (BatchSource training = task.training()) {
      assertEquals(Math.ceilDiv(to - from - 8, 16), training.batches(0));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"characters", "words"})
  void aTextIsCutIntoBlocks(String tokens) throws IOException {
    Files.writeString(folder.resolve("prose.txt"), Samples.prose(80));
    String yaml = Samples.TEXT.replace("validation: 0.1", "test: 0.2\n  tokens: " + tokens);
    Split plain = Task.of(config(yaml)).split();
    int before = 0;
    for (int fold = 1; fold <= 3; fold++) {
      Split split =
          Task.of(config(yaml, "data.fold={name: blocked, count: 3}", "data.fold.number=" + fold))
              .split();
      assertEquals(split.training().to(), split.validation().from());
      assertTrue(split.training().size() > before);
      before = split.training().size() + split.validation().size() - 2;
      assertEquals(plain.test().size(), split.test().size());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "strings|blocked|blocked; examples have no order in time; give k-fold or stratified",
        "pairs|blocked|blocked; examples have no order in time; give k-fold",
        "pairs|stratified|stratified; examples have no class, one for each; give k-fold",
        "transcripts|stratified|stratified; examples have no class",
        "strings|{name: k-fold, count: 30}|data.fold.count: 30; 18 samples make no 30 parts",
        "strings|{name: k-fold, count: 3, number: 4}|there are 3 folds; give 1 to 3",
      })
  void whatDoesNotFitTheDataIsRefused(String type, String fold, String message) throws IOException {
    String yaml = sequences(type, 22);
    InputException e =
        assertThrows(InputException.class, () -> Task.of(config(yaml, "data.fold=" + fold)));
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }

  @Test
  void noFoldLeavesAClassNothingToTrainOn() throws IOException {
    String yaml = sequences("strings", 5).replace("test: 4", "test: 0");
    for (String kind : List.of("k-fold", "stratified")) {
      InputException e =
          assertThrows(
              InputException.class,
              () -> Task.of(config(yaml, "data.fold={name: %s, count: 5}".formatted(kind))));
      assertTrue(
          String.valueOf(e.getMessage()).contains("a fold leaves class b nothing to train on"),
          e.getMessage());
    }
  }

  @Test
  void aTextHasNeitherGapNorAWindow() throws IOException {
    Files.writeString(folder.resolve("prose.txt"), Samples.prose(80));
    for (String more : List.of("gap: 5", "train_rows: 50")) {
      InputException e =
          assertThrows(
              InputException.class,
              () -> Task.of(config(Samples.TEXT, "data.fold={name: blocked, " + more + "}")));
      assertTrue(String.valueOf(e.getMessage()).contains("a text has neither gap"), e.getMessage());
    }
  }
}
