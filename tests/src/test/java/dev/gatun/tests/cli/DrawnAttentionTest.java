package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.run.Explainer;
import dev.gatun.app.run.TrainedRun;
import dev.gatun.app.task.PairTask;
import dev.gatun.app.task.Task;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import dev.gatun.tests.support.Host;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code gatun explain --what attention}: what is drawn is what the layer looked at. */
class DrawnAttentionTest {
  private static final String PAIRS =
      """
      data: {type: pairs, path: pairs.csv, validation: 0}
      model: {cell: gru, hidden: 6, embedding: 5, max_tokens: 4}
      train: {epochs: 2, batch: 2, rate: 0.05, seed: 3}
      """;

  private static final String LABELS =
      """
      data: {type: strings, path: labels.csv, string: string, label: label, kmer: 1, validation: 0}
      model: {cell: gru, embedding: 4, hidden: 5, readout: attention, readout_score: dot}
      train: {epochs: 2, batch: 3, rate: 0.05, seed: 3}
      """;

  private static final String LETTERS =
      "string,label\nACCGT,one\nGGTA,two\nTTACGA,one\nCAG,two\nACG,one\nTGC,two\n";

  private static final Pattern SQUARE = Pattern.compile("<title>(.*), (.*): (.*)</title>");

  @TempDir Path folder;

  private Path trained(String yaml, String... settings) throws Exception {
    Files.writeString(
        folder.resolve("pairs.csv"), "source,target\nabc,xy\nca b,y\nbac,yxx\nab,x\nc,xx\n");
    Files.writeString(folder.resolve("labels.csv"), LETTERS);
    return KeyRuns.train(folder, yaml, settings).run().path();
  }

  private static Outcome explain(Path run, String... more) {
    List<String> words = new ArrayList<>(List.of("explain", run.toString(), "--device", "cpu"));
    words.addAll(List.of(more));
    return InProcess.run(words.toArray(String[]::new));
  }

  private static Json.Members drawn(Path run, int example) {
    Outcome drawn =
        explain(run, "--what", "attention", "--json", "--example", Integer.toString(example));
    assertEquals(0, drawn.status(), drawn.err());
    return Json.parse(drawn.out().strip()).asObject();
  }

  private static double[][] values(Json.Members map) {
    return map.get("values").asList().stream()
        .map(row -> row.asList().stream().mapToDouble(Json::asDouble).toArray())
        .toArray(double[][]::new);
  }

  private static List<String> names(Json.Members map, String side) {
    return map.get(side).asList().stream().map(Json::asText).toList();
  }

  private static void assertRowsAreShares(double[][] weights) {
    for (double[] row : weights) {
      assertEquals(1, Arrays.stream(row).sum(), 1e-6);
      assertTrue(Arrays.stream(row).allMatch(w -> w >= 0), Arrays.toString(row));
    }
  }

  /** Every square of the picture says its value to three digits. */
  private static void assertSquares(Path svg, Json.Members map) throws Exception {
    double[] all = Arrays.stream(values(map)).flatMapToDouble(Arrays::stream).toArray();
    List<String> rows = names(map, "rows");
    List<String> columns = names(map, "columns");
    String text = Files.readString(svg);
    Matcher square = SQUARE.matcher(text);
    for (int i = 0; i < all.length; i++) {
      assertTrue(square.find(), text);
      assertEquals(rows.get(i / columns.size()), square.group(1));
      assertEquals(columns.get(i % columns.size()), square.group(2));
      assertEquals(all[i], Double.parseDouble(square.group(3)), 6e-3 * all[i]);
    }
    assertTrue(!square.find(), "more squares than values");
  }

  /** The layer's weights, shown all that the picture says at once. */
  private static double[][] weights(Model model, int[] source, int[] said) {
    Examples one = Examples.tokens(new int[][] {source}).decoded(new int[][] {said});
    try (BatchSource data = ArraySource.sequential(one, 1);
        Batch batch = data.newBatch();
        Plan plan = model.plan(PlanSpec.inference(data.layout()))) {
      data.fill(0, 0, batch);
      plan.forward(batch);
      int time = batch.time();
      double[] all =
          Host.read(
              model.backend(), Objects.requireNonNull(plan.observed().get("seq2seq.attention")));
      return IntStream.rangeClosed(0, said.length)
          .mapToObj(row -> Arrays.copyOfRange(all, row * time, row * time + source.length))
          .toArray(double[][]::new);
    }
  }

  @Test
  void eachStepOfADecoderHasARow() throws Exception {
    Path run = trained(PAIRS, "model.attention=additive", "model.beam=2");
    Json.Members map = drawn(run, 2);
    assertEquals(List.of("c", "a", "\u2423", "b"), names(map, "columns"));
    TrainedRun of = TrainedRun.open(run, "");
    PairTask task = (PairTask) Task.of(of.config(), of.strings());
    try (Backend backend = Backends.open("reference");
        Model model = of.load(task.model(), backend)) {
      String answer = task.answers(model, 2, 1).get(1).getFirst().text();
      List<String> rows =
          new ArrayList<>(answer.codePoints().mapToObj(Character::toString).toList());
      int[] said =
          Arrays.stream(task.targetVocabulary().encode(answer)).map(id -> id + 1).toArray();
      double[][] weights = weights(model, task.sourceVocabulary().encode("ca b"), said);
      if (names(map, "rows").size() > rows.size()) {
        rows.add("end");
      }
      assertEquals(rows, names(map, "rows"));
      double[][] shown = values(map);
      assertRowsAreShares(shown);
      for (int row = 0; row < shown.length; row++) {
        assertEquals(4, shown[row].length);
        for (int column = 0; column < 4; column++) {
          assertEquals(weights[row][column], shown[row][column], 1e-5);
        }
      }
    }
    assertSquares(run.resolve("attention.svg"), map);
  }

  /** Without a query's weights all scores are 0: each of the S steps has 1/S. */
  @Test
  void scoresOfZeroAreEvenShares() throws Exception {
    Path run = trained(PAIRS);
    TrainedRun of = TrainedRun.open(run, "");
    Task task = Task.of(of.config(), of.strings());
    try (Backend backend = Backends.open("cpu", 1);
        Model model = of.load(task.model(), backend)) {
      backend.fill(model.parameters().get("seq2seq.query.weight").value(), 0);
      model.parameters().changed();
      Json.Members map = new Explainer(task, model, 1).attention().toJson().asObject();
      assertEquals(List.of("a", "b", "c"), names(map, "columns"));
      for (double[] row : values(map)) {
        for (double weight : row) {
          assertEquals(1.0 / 3, weight, 1e-6);
        }
      }
    }
  }

  @Test
  void whatPairsCannotShowIsRefused() throws Exception {
    Path run = trained(PAIRS, "model.attention=none");
    for (String what : List.of("gates", "attributions")) {
      Outcome other = explain(run, "--what", what);
      assertEquals(2, other.status(), other.err());
      assertTrue(other.err().contains("give --what attention"), other.err());
    }
    Outcome none = explain(run, "--what", "attention");
    assertEquals(2, none.status(), none.err());
    assertTrue(none.err().contains("model.attention: general"), none.err());
    Outcome far = explain(run, "--what", "attention", "--example", "6");
    assertEquals(2, far.status(), far.err());
    assertTrue(far.err().contains("give 1 to 5"), far.err());
  }

  /** softmax(q·h_t / sqrt(width)), by hand from the states below the readout. */
  @Test
  void aClassifiersReadoutIsDrawn() throws Exception {
    Path run = trained(LABELS);
    Json.Members map = drawn(run, 3);
    String letters = String.join("", names(map, "columns"));
    assertTrue(LETTERS.contains("\n" + letters + ","), letters);
    assertEquals(List.of("weight"), names(map, "rows"));
    TrainedRun of = TrainedRun.open(run, "");
    Task task = Task.of(of.config(), of.strings());
    try (Backend backend = Backends.open("reference");
        Model model = of.load(task.model(), backend)) {
      double[][] h = states(task.model(), model, tokens(task, letters));
      double[] query = Host.read(backend, model.parameters().get("readout.query").value());
      double[] score = new double[h.length];
      for (int t = 0; t < h.length; t++) {
        for (int k = 0; k < query.length; k++) {
          score[t] += query[k] * h[t][k] / Math.sqrt(query.length);
        }
      }
      double sum = Arrays.stream(score).map(Math::exp).sum();
      double[][] shown = values(map);
      assertRowsAreShares(shown);
      for (int t = 0; t < h.length; t++) {
        assertEquals(Math.exp(score[t]) / sum, shown[0][t], 1e-5);
      }
    }
    assertSquares(run.resolve("attention.svg"), map);
  }

  private static int[] tokens(Task task, String letters) {
    return letters
        .codePoints()
        .map(
            letter ->
                IntStream.range(0, 9)
                    .filter(id -> task.token(id).equals(Character.toString(letter)))
                    .findFirst()
                    .orElseThrow())
        .toArray();
  }

  /** What the layers below the readout give, [T][H], in a model of their own with their weights. */
  private static double[][] states(ModelSpec spec, Model model, int[] tokens) {
    ModelSpec below =
        ModelSpec.of(spec.input(), spec.stages().get(0).layer(), spec.stages().get(1).layer());
    Backend backend = model.backend();
    try (Model lower = below.build(backend, 0);
        Plan plan = lower.plan(PlanSpec.inference(tokens.length, 1).equalLengths())) {
      lower
          .parameters()
          .list()
          .forEach(to -> backend.copy(model.parameters().get(to.name()).value(), to.value()));
      lower.parameters().changed();
      Host.write(backend, plan.input(), Arrays.stream(tokens).asDoubleStream().toArray());
      plan.forward(tokens.length, 1);
      double[] flat = Host.read(backend, plan.output());
      int width = flat.length / tokens.length;
      return IntStream.range(0, tokens.length)
          .mapToObj(t -> Arrays.copyOfRange(flat, t * width, (t + 1) * width))
          .toArray(double[][]::new);
    }
  }
}
