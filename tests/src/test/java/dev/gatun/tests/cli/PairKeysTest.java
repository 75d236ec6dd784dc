package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.TrainedRun;
import dev.gatun.app.task.LearntStarts;
import dev.gatun.app.task.Task;
import dev.gatun.app.task.Updates;
import dev.gatun.backend.Backend;
import dev.gatun.model.Model;
import dev.gatun.model.Parameter;
import dev.gatun.optim.Optimizer;
import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What pairs take as other tasks do: tables of tokens, layers of their own sizes, answers. */
class PairKeysTest {
  private static final String CONFIG =
      """
      data:
        type: pairs
        path: pairs.csv
        validation: 0
      model:
        hidden: 3
      train:
        steps: 2
        seed: 5
      """;

  private static final String READ = "seq2seq.encoder_embedding.weight";
  private static final String SHOWN = "seq2seq.embedding.weight";

  @TempDir Path folder;
  private List<String> lines = List.of();

  @BeforeEach
  void data() throws Exception {
    // Sources have a, b, c and the unknown; targets the boundary, x, y and the unknown.
    Files.writeString(
        folder.resolve("pairs.csv"), "source,target\nab,x\nba,yx\nabc,\n" + "cab,xyx\n".repeat(3));
  }

  private Config config(String... settings) throws Exception {
    return Config.read(Files.writeString(folder.resolve("c.yaml"), CONFIG), List.of(settings));
  }

  private static Map<String, double[]> values(Model model) {
    Map<String, double[]> values = new TreeMap<>();
    for (Parameter parameter : model.parameters().list()) {
      values.put(parameter.name(), parameter.value().toDoubles());
    }
    return values;
  }

  /** What every parameter starts from. */
  private Map<String, double[]> start(String... settings) throws Exception {
    Config config = config(settings);
    Task task = Task.of(config);
    try (Backend backend = Backends.open("cpu", 1);
        Model model = task.model().build(backend, 5)) {
      lines = LearntStarts.apply(config, task, model);
      return values(model);
    }
  }

  private Path train(String... settings) throws Exception {
    return KeyRuns.train(folder, CONFIG, settings).run().path();
  }

  private Map<String, double[]> trained(String... settings) throws Exception {
    TrainedRun run = TrainedRun.open(train(settings), "last");
    try (Backend backend = Backends.open("cpu", 1);
        Model model = run.load(Task.of(run.config(), run.strings()).model(), backend)) {
      return values(model);
    }
  }

  private static double[] of(Map<String, double[]> values, String name) {
    return Objects.requireNonNull(values.get(name), () -> name + " among " + values.keySet());
  }

  private static double[] row(Map<String, double[]> values, String name, int row, int width) {
    return Arrays.copyOfRange(of(values, name), row * width, (row + 1) * width);
  }

  private static double norm(double[] values) {
    return Math.sqrt(Arrays.stream(values).map(x -> x * x).sum());
  }

  private void assertRefused(String part, String... settings) {
    String message =
        String.valueOf(assertThrows(InputException.class, () -> start(settings)).getMessage());
    assertTrue(message.contains(part), message);
  }

  @Test
  void tokensMayEnterOneHot() throws Exception {
    Map<String, double[]> hot = start("model.input=one-hot");
    assertFalse(hot.containsKey(READ) || hot.containsKey(SHOWN), hot.keySet().toString());
    assertEquals(4 * 3 * 4, of(hot, "seq2seq.encoder.weight_ih_l0").length);
    assertEquals(4 * 3 * 4, of(hot, "seq2seq.decoder.weight_ih_l0").length);
    assertFalse(trained("model.input=one-hot").containsKey(READ));
  }

  @Test
  void whatIsShownMayBeTheOutputsTable() throws Exception {
    String[] tied = {"model.embedding=64", "model.hidden=64", "model.embedding_tied=true"};
    Map<String, double[]> values = start(tied);
    assertFalse(values.containsKey("seq2seq.output.weight"), values.keySet().toString());
    assertEquals(1.0 / 8, norm(of(values, SHOWN)) / Math.sqrt(4 * 64), 0.03);
    assertEquals(1, norm(of(values, READ)) / Math.sqrt(4 * 64), 0.2);
    double[] before = row(values, SHOWN, 3, 64);
    double[] after = row(trained(tied), SHOWN, 3, 64);
    // The unknown token is never shown: its row learns as a weight of the output.
    assertFalse(Arrays.equals(before, after));
    assertArrayEquals(
        row(start("model.embedding=64"), SHOWN, 3, 64),
        row(trained("model.embedding=64"), SHOWN, 3, 64));
    assertRefused("give model.embedding 3", "model.embedding_tied=true");
    assertRefused(
        "the weights are the embedding's",
        "model.embedding=3",
        "model.embedding_tied=true",
        "model.init.linear=normal");
  }

  @Test
  void aPaddingTokenIsOfThoseRead() throws Exception {
    Map<String, double[]> values = trained("model.embedding=2", "model.embedding_padding=1");
    assertEquals(0, norm(row(values, READ, 1, 2)));
    assertTrue(norm(row(values, READ, 0, 2)) > 0 && norm(row(values, SHOWN, 1, 2)) > 0);
  }

  @Test
  void rowsAreLimitedOnBothSides() throws Exception {
    String[] settings = {"model.embedding=9", "model.embedding_max_norm=0.1", "train.rate=1e-7"};
    Map<String, double[]> values = trained(settings);
    Map<String, double[]> free = start(settings);
    for (String table : List.of(READ, SHOWN)) {
      for (int token = 0; token < 3; token++) {
        assertEquals(0.1, norm(row(values, table, token, 9)), 1e-4, table + " " + token);
        assertTrue(norm(row(free, table, token, 9)) > 0.5);
      }
    }
  }

  @Test
  void frozenTablesStay() throws Exception {
    for (boolean frozen : new boolean[] {true, false}) {
      String key = "model.embedding_frozen=" + frozen;
      Map<String, double[]> before = start(key);
      Map<String, double[]> after = trained(key);
      for (String table : List.of(READ, SHOWN)) {
        assertEquals(frozen, Arrays.equals(of(before, table), of(after, table)), table);
      }
      assertFalse(
          Arrays.equals(of(before, "seq2seq.output.bias"), of(after, "seq2seq.output.bias")));
    }
  }

  @Test
  void lazyRowsStayOnBothSides() throws Exception {
    for (boolean lazy : new boolean[] {true, false}) {
      Config config = config("model.embedding_lazy=" + lazy);
      try (Backend backend = Backends.open("cpu", 1);
          Model model = Task.of(config).model().build(backend, 1);
          Optimizer adam = Updates.optimizer(config, model.parameters())) {
        backend.fill(model.parameters().gradients(), 1);
        adam.step(0.1);
        Map<String, double[]> before = values(model);
        adam.step(0.1);
        Map<String, double[]> after = values(model);
        for (String table : List.of(READ, SHOWN)) {
          assertEquals(lazy, Arrays.equals(of(before, table), of(after, table)), table);
        }
      }
    }
  }

  @Test
  void vectorsOfFilesAreOfEachSide() throws Exception {
    Path file = Files.writeString(folder.resolve("v.txt"), "a 1 2 3\nx 4 5 6\n</s> 7 8 9\n");
    Map<String, double[]> plain = start("model.embedding=3");
    Map<String, double[]> read = start("model.embedding=3", "model.embedding_vectors=" + file);
    assertArrayEquals(new double[] {1, 2, 3}, row(read, READ, 0, 3));
    assertArrayEquals(row(plain, READ, 1, 3), row(read, READ, 1, 3));
    assertArrayEquals(of(plain, SHOWN), of(read, SHOWN));
    assertTrue(lines.getFirst().contains("for 1 of 4"), lines.toString());
    Map<String, double[]> said = start("model.embedding=3", "model.target_vectors=" + file);
    assertArrayEquals(new double[] {7, 8, 9}, row(said, SHOWN, 0, 3));
    assertArrayEquals(new double[] {4, 5, 6}, row(said, SHOWN, 1, 3));
    assertArrayEquals(of(plain, READ), of(said, READ));
    assertRefused("vectors of 3 numbers", "model.embedding=4", "model.target_vectors=" + file);
    assertRefused("there is no table", "model.input=one-hot", "model.target_vectors=" + file);
    assertRefused("no such file", "model.target_vectors=" + folder.resolve("none"));
  }

  @Test
  void tablesAreLearntFromTheirOwnTexts() throws Exception {
    Map<String, double[]> plain = start();
    Path file = folder.resolve("w");
    String save = "model.word2vec.save=" + file;
    for (String[] how :
        new String[][] {{"model.init.embedding=word2vec", save}, {"model.init.embedding=kmeans"}}) {
      Map<String, double[]> learnt = start(how);
      assertFalse(Arrays.equals(of(plain, READ), of(learnt, READ)));
      assertFalse(Arrays.equals(of(plain, SHOWN), of(learnt, SHOWN)));
      assertTrue(lines.get(0).startsWith(READ) && lines.get(1).startsWith(SHOWN), lines + "");
    }
    // 2 and 2 and 3 and three times 3 letters; of targets 1, 2, 0 and 3 times 3, and both ends.
    start("model.init.embedding=word2vec", save);
    assertTrue(lines.get(0).contains("over 16 tokens"), lines.toString());
    assertTrue(lines.get(1).contains("over 24 tokens"), lines.toString());
    assertTrue(Files.readString(file).contains("\nc "));
    assertTrue(Files.readString(folder.resolve("w.target")).contains("\n</s> "));
  }

  @Test
  void outputsStartAsTheirKeySays() throws Exception {
    assertEquals(0, norm(of(start("model.init.linear=zeros"), "seq2seq.output.weight")));
    assertTrue(norm(of(start(), "seq2seq.output.weight")) > 0);
    Map<String, double[]> zeros = start("model.init.embedding=zeros");
    assertEquals(0, norm(of(zeros, READ)) + norm(of(zeros, SHOWN)));
  }

  @Test
  void layersMayDiffer() throws Exception {
    Map<String, double[]> sizes = start("model.hidden=[3, 5]");
    assertEquals(4 * 5 * 3, of(sizes, "seq2seq.encoder.weight_ih_l1").length);
    assertEquals(4 * 5 * 3, of(sizes, "seq2seq.decoder.weight_ih_l1").length);
    assertFalse(sizes.containsKey("seq2seq.bridge_h_l0.weight"), "states fit as they are");
    String[] sum = {
      "model.bidirectional=true", "model.merge=sum", "model.attention=dot", "model.layers=2"
    };
    Map<String, double[]> added = start(sum);
    assertEquals(4 * 3 * 3, of(added, "seq2seq.encoder.weight_ih_l1_reverse").length);
    assertEquals(3 * 6, of(added, "seq2seq.bridge_h_l1.weight").length);
    assertEquals(4 * 3 * 3, of(added, "seq2seq.decoder.weight_ih_l1").length);
    assertFalse(
        Arrays.equals(
            of(trained("model.layers=3", "model.dropout=[0.5, 0]"), "seq2seq.output.bias"),
            of(trained("model.layers=3", "model.dropout=[0, 0.5]"), "seq2seq.output.bias")));
  }

  private Outcome predict(Path run, String rows, String... options) throws Exception {
    Path input = Files.writeString(folder.resolve("in.csv"), "source\n" + rows);
    return InProcess.run(
        Stream.concat(
                Stream.of(
                    "predict", run.toString(), "--device", "cpu", "--input", input.toString()),
                Stream.of(options))
            .toArray(String[]::new));
  }

  private static List<Json> pairs(Outcome outcome) {
    assertEquals(0, outcome.status(), outcome.err());
    return Json.parse(outcome.out().strip()).asObject().get("pairs").asList();
  }

  private static List<Json> answers(Json pair) {
    return pair.asObject().get("answers").asList();
  }

  /** All of it at once, measured, searched and explained. */
  @Test
  void aRunOfEverythingIsMeasuredAndAnswers() throws Exception {
    Path run =
        train(
            "model.hidden=[4, 6]",
            "model.dropout=0.2",
            "model.bidirectional=true",
            "model.merge=sum",
            "model.attention=scaled-dot",
            "model.embedding=6",
            "model.embedding_tied=true",
            "model.embedding_padding=3",
            "model.embedding_max_norm=1",
            "model.embedding_lazy=true",
            "train.rate=0.05");
    Outcome eval = InProcess.run("eval", run.toString(), "--device", "cpu", "--json");
    assertEquals(0, eval.status(), eval.err());
    assertTrue(eval.out().contains("\"perplexity\""), eval.out());
    Outcome explained =
        InProcess.run(
            "explain",
            run.toString(),
            "--what",
            "attention",
            "--output",
            folder.resolve("a.svg").toString(),
            "--device",
            "cpu");
    assertEquals(0, explained.status(), explained.err());
    Outcome csv = predict(run, "ab\ncab\n", "--beam", "3");
    List<String> texts = csv.out().lines().skip(1).map(line -> line.split(",", 2)[1]).toList();
    List<Json> found = pairs(predict(run, "ab\ncab\n", "--beam", "3", "--json"));
    for (int i = 0; i < 2; i++) {
      List<Json> best = answers(found.get(i));
      assertTrue(best.size() > 1 && best.size() <= 3, csv.out());
      assertEquals(texts.get(i), best.getFirst().asObject().get("text").asText());
      List<Double> scores =
          best.stream().map(answer -> answer.asObject().get("score").asDouble()).toList();
      List<Double> sorted = new ArrayList<>(scores);
      sorted.sort((a, b) -> Double.compare(b, a));
      assertEquals(sorted, scores);
      assertTrue(best.getFirst().asObject().get("log_probability").asDouble() < 0);
    }
    List<Json> one = pairs(predict(run, "ab\n", "--beam", "3", "--json", "--n-best", "1"));
    assertEquals(1, answers(one.getFirst()).size());
    assertEquals(1, answers(pairs(predict(run, "ab\n", "--json")).getFirst()).size());
  }

  @Test
  void sourcesUnlikeThoseOfTheTraining() throws Exception {
    Path run = train();
    Outcome unknown = predict(run, "azzb\nab\n");
    assertEquals(0, unknown.status(), unknown.err());
    assertTrue(
        unknown.err().contains("2 characters that the training part has not"), unknown.err());
    List<Json> counted = pairs(predict(run, "azzb\nab\n", "--json"));
    assertEquals(2, counted.get(0).asObject().get("unknown").asLong());
    assertEquals(0, counted.get(1).asObject().get("unknown").asLong());
    // Longer than any that was read, and the answer to another one stays what it is.
    String length = "ab".repeat(100);
    Outcome alone = predict(run, "ab\n");
    Outcome both = predict(run, "ab\n" + length + "\n");
    assertEquals(0, both.status(), both.err());
    assertTrue(both.out().startsWith(alone.out()), both.out());
    assertEquals("", both.err());
    Outcome empty = predict(run, "ab\n\"\"\n");
    assertEquals(2, empty.status());
    assertTrue(empty.err().contains("in.csv:3: column source: empty"), empty.err());
    assertEquals(1, empty.err().lines().count(), empty.err());
  }

  /**
   * A beam wider than there are sequences to begin with; of a width that is none one clear error.
   */
  @Test
  void widths() throws Exception {
    Path run = train("model.max_tokens=3");
    double narrow = score(predict(run, "ab\n", "--json", "--beam", "1"));
    double wide = score(predict(run, "ab\n", "--json", "--beam", "3000", "--n-best", "7"));
    assertTrue(wide >= narrow, wide + " and " + narrow);
    for (String[] wrong :
        new String[][] {
          {"--beam", "65537", "up to 65536"},
          {"--beam", "2000000000", "up to 65536"},
          {"--n-best", "2", "give --json too"},
        }) {
      assertRefusedAnswer(predict(run, "ab\n", wrong[0], wrong[1]), wrong[2]);
    }
    assertRefusedAnswer(predict(run, "ab\n", "--json", "--n-best", "0"), "give 1 to the beam's");
    assertRefusedAnswer(predict(run, "ab\n", "--json", "--beam", "3", "--n-best", "4"), "width, 3");
  }

  private static double score(Outcome outcome) {
    List<Json> answers = answers(pairs(outcome).getFirst());
    assertTrue(IntStream.of(1, 7).anyMatch(n -> n == answers.size()), outcome.out());
    return answers.getFirst().asObject().get("score").asDouble();
  }

  private static void assertRefusedAnswer(Outcome outcome, String part) {
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains(part), outcome.err());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
  }
}
