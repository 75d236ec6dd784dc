package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.task.LearntStarts;
import dev.gatun.app.task.Task;
import dev.gatun.app.task.TextTask;
import dev.gatun.app.task.Updates;
import dev.gatun.backend.Backend;
import dev.gatun.data.WordVectors;
import dev.gatun.model.Model;
import dev.gatun.model.Parameter;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.train.Trainer;
import dev.gatun.train.Word2Vec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each key of how weights start changes the weights that it names, as it says, and no others. */
class StartKeysTest {
  private static final String BARE = Samples.TEXT.replace("  embedding: 8\n", "");

  @TempDir Path folder;
  private List<String> lines = List.of();

  @BeforeEach
  void data() throws Exception {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(300));
    Files.writeString(folder.resolve("prose.txt"), Samples.prose(80));
  }

  private Config config(String yaml, String... settings) throws Exception {
    return Config.read(Files.writeString(folder.resolve("c.yaml"), yaml), List.of(settings));
  }

  /** The initial values of every parameter. */
  private Map<String, double[]> start(String yaml, String... settings) throws Exception {
    Config config = config(yaml, settings);
    Task task = Task.of(config);
    try (Backend backend = Backends.open("reference");
        Model model = task.model().build(backend, 1)) {
      lines = LearntStarts.apply(config, task, model);
      Map<String, double[]> values = new TreeMap<>();
      for (Parameter parameter : model.parameters().list()) {
        values.put(parameter.name(), parameter.value().toDoubles());
      }
      return values;
    }
  }

  private static double deviation(double[] values) {
    return Math.sqrt(Arrays.stream(values).map(x -> x * x).average().orElseThrow());
  }

  /** The standard deviation of one group, where its key alone is given; the rest stays. */
  @ParameterizedTest
  @CsvSource({
    "model.init.recurrent, zeros, rnn.weight_hh, 0",
    "model.init.recurrent, constant, rnn.weight_hh, 0.1",
    "model.init.recurrent, uniform, rnn.weight_hh, 0.057735",
    "model.init.recurrent, normal, rnn.weight_hh, 0.1",
    "model.init.recurrent, small-normal, rnn.weight_hh, 0.01",
    "model.init.recurrent, xavier-uniform, rnn.weight_hh, 0.25",
    "model.init.recurrent, xavier-normal, rnn.weight_hh, 0.25",
    "model.init.recurrent, he-uniform, rnn.weight_hh, 0.25",
    "model.init.recurrent, he-normal, rnn.weight_hh, 0.25",
    "model.init.recurrent, orthogonal, rnn.weight_hh, 0.25",
    "model.init.recurrent, svd, rnn.weight_hh, 0.25",
    "model.init.recurrent, identity, rnn.weight_hh, 0.25",
    "model.init.input, normal, rnn.weight_ih, 0.1",
    "model.init.bias, zeros, rnn.bias, 0",
    "model.init.linear, small-normal, linear.weight, 0.01",
    "model.init.embedding, normal, embedding.weight, 0.1"
  })
  void groups(String group, String way, String prefix, double deviation) throws Exception {
    String[] base = {"model.hidden=16", "model.embedding=16"};
    Map<String, double[]> plain = start(Samples.TEXT, base);
    Map<String, double[]> changed = start(Samples.TEXT, base[0], base[1], group + "=" + way);
    for (String name : plain.keySet()) {
      if (name.startsWith(prefix)) {
        double[] values = changed.get(name);
        assertEquals(deviation, deviation(values), deviation * 4 / Math.sqrt(values.length), name);
      } else {
        assertArrayEquals(plain.get(name), changed.get(name), name);
      }
    }
  }

  /** Numbers that go with a way, and the gain of an activation. */
  @ParameterizedTest
  @CsvSource({
    "constant, model.init.constant, 0.7, 0.7",
    "uniform, model.init.bound, 0.3, 0.173205",
    "normal, model.init.deviation, 0.3, 0.3",
    "small-normal, model.init.factor, 0.3, 0.3",
    "he-normal, model.init.gain, 2, 0.5",
    "orthogonal, model.init.gain, 2, 0.5"
  })
  void numbers(String way, String key, String value, double deviation) throws Exception {
    double[] values =
        start(Samples.TEXT, "model.hidden=16", "model.init.recurrent=" + way, key + "=" + value)
            .get("rnn.weight_hh_l0");
    assertEquals(deviation, deviation(values), deviation * 4 / Math.sqrt(values.length));
  }

  @ParameterizedTest
  @CsvSource({"relu, 1.41421356", "tanh, 1.66666667", "gru, 1"})
  void gainsOfCells(String cell, double gain) throws Exception {
    double[] values =
        start(
                Samples.TEXT,
                "model.hidden=32",
                "model.cell=" + cell,
                "model.init.recurrent=he-normal")
            .get("rnn.weight_hh_l0");
    double expected = gain / Math.sqrt(32);
    assertEquals(expected, deviation(values), expected * 4 / Math.sqrt(2.0 * values.length));
  }

  @Test
  void forgetBias() throws Exception {
    Map<String, double[]> values =
        start(Samples.TEXT, "model.hidden=4", "model.init.forget_bias=1.5");
    for (int i = 4; i < 8; i++) {
      assertEquals(1.5, values.get("rnn.bias_ih_l0")[i] + values.get("rnn.bias_hh_l0")[i]);
    }
  }

  /** The two columns of the wave as components and centres: unit length or unit variance. */
  @Test
  void fromInputs() throws Exception {
    double[] plain = start(Samples.SERIES).get("rnn.weight_ih_l0");
    double[] centres =
        start(Samples.SERIES, "model.init.input=kmeans", "model.init.gain=0.5")
            .get("rnn.weight_ih_l0");
    assertEquals(plain.length, centres.length);
    // One input: every centre is its sign, times the gain.
    assertEquals(0.5, Math.abs(centres[0]), 1e-6);
    assertTrue(lines.getFirst().contains("K-means centres"), lines.toString());
    double[] components = start(Samples.SERIES, "model.init.input=pca").get("rnn.weight_ih_l0");
    // The input has been standardised, so that the component is nearly as long as one.
    for (double value : components) {
      assertEquals(1, Math.abs(value), 0.05);
    }
    String[] normed = {"model.init.input=pca", "model.layers=2", "model.batch_norm=layers"};
    for (double value : start(Samples.SERIES, normed).get("rnn0.weight_ih_l0")) {
      assertEquals(1, Math.abs(value), 0.05);
    }
  }

  /** What starts from the text moves tokens in like places together. */
  @Test
  void fromText() throws Exception {
    SplittableRandom random = new SplittableRandom(2);
    StringBuilder prose = new StringBuilder();
    for (int i = 0; i < 600; i++) {
      prose.append(random.nextBoolean() ? "cat " : "dog ");
      prose.append(random.nextBoolean() ? "sat. " : "ran. ");
    }
    Files.writeString(folder.resolve("prose.txt"), prose);
    String[] base = {"data.tokens=words", "model.embedding=8", "data.min_count=1"};
    TextTask task = (TextTask) Task.of(config(Samples.TEXT, base));
    List<String> tokens = task.tokenizer().tokens();
    for (String way : List.of("word2vec", "kmeans")) {
      double[] values =
          start(
                  Samples.TEXT,
                  base[0],
                  base[1],
                  base[2],
                  "model.init.embedding=" + way,
                  way.equals("kmeans") ? "model.init.gain=1" : "model.word2vec.epochs=60")
              .get("embedding.weight");
      float[][] rows = new float[tokens.size()][8];
      for (int i = 0; i < values.length; i++) {
        rows[i / 8][i % 8] = (float) values[i];
      }
      assertEquals(
          List.of("dog"), WordVectors.of(tokens, rows).nearest("cat", 1), way + " " + lines);
    }
  }

  private double[] word2vec(String... settings) throws Exception {
    List<String> all = new ArrayList<>(List.of(settings));
    all.add("model.init.embedding=word2vec");
    return start(Samples.TEXT, all.toArray(String[]::new)).get("embedding.weight");
  }

  /** Each key is the number that Java takes. */
  @Test
  void word2vecLearnsAsItsKeysSay() throws Exception {
    TextTask task = (TextTask) Task.of(config(Samples.TEXT));
    int[] all = task.tokenizer().encode(Samples.prose(80));
    int[] tokens = Arrays.copyOf(all, task.split().training().size());
    Map<String, Word2Vec> ways =
        Map.of(
            "model.word2vec.negatives=2", new Word2Vec(8, 5, 2, 1e-3, 5, 0.025, 5),
            "model.word2vec.subsample=0.5", new Word2Vec(8, 5, 5, 0.5, 5, 0.025, 5),
            "model.word2vec.window=1", new Word2Vec(8, 1, 5, 1e-3, 5, 0.025, 5),
            "model.word2vec.rate=0.1", new Word2Vec(8, 5, 5, 1e-3, 5, 0.1, 5));
    double[] usual = word2vec();
    for (Map.Entry<String, Word2Vec> way : ways.entrySet()) {
      float[][] expected = way.getValue().learn(tokens, task.tokenizer().size());
      double[] values = word2vec(way.getKey());
      assertEquals(expected[3][2], values[8 * 3 + 2], way.getKey());
      assertTrue(usual[8 * 3 + 2] != values[8 * 3 + 2], way.getKey());
    }
    // Nearly every token is left out: what is left is the random beginning, within 0.5 / E.
    double most =
        Arrays.stream(word2vec("model.word2vec.subsample=1e-12"))
            .map(Math::abs)
            .max()
            .orElseThrow();
    assertTrue(most <= 0.5 / 8 && deviation(usual) > 0.5 / 8, most + " and " + deviation(usual));
  }

  @Test
  void learntVectorsAreWritten() throws Exception {
    Path file = folder.resolve("learnt.txt");
    double[] values =
        start(
                Samples.TEXT,
                "model.init.embedding=word2vec",
                "model.word2vec.epochs=1",
                "model.word2vec.save=" + file)
            .get("embedding.weight");
    WordVectors written = WordVectors.read(file, List.of());
    TextTask task = (TextTask) Task.of(config(Samples.TEXT));
    List<String> tokens = task.tokenizer().tokens();
    assertEquals(tokens.size(), written.count());
    assertEquals((float) values[8 * 3 + 2], Objects.requireNonNull(written.of(tokens.get(3)))[2]);
  }

  @Test
  void vectorsFromAFile() throws Exception {
    Files.writeString(folder.resolve("v.txt"), "e 1 2 3\nno-character 4 5 6\nt 7 8 9\n");
    String[] base = {"model.embedding=3", "model.embedding_vectors=" + folder.resolve("v.txt")};
    Map<String, double[]> plain = start(Samples.TEXT, base[0]);
    double[] values = start(Samples.TEXT, base).get("embedding.weight");
    TextTask task = (TextTask) Task.of(config(Samples.TEXT, base));
    List<String> tokens = task.tokenizer().tokens();
    for (int id = 0; id < tokens.size(); id++) {
      double[] row = Arrays.copyOfRange(values, 3 * id, 3 * id + 3);
      double[] own = Arrays.copyOfRange(plain.get("embedding.weight"), 3 * id, 3 * id + 3);
      switch (tokens.get(id)) {
        case "e" -> assertArrayEquals(new double[] {1, 2, 3}, row);
        case "t" -> assertArrayEquals(new double[] {7, 8, 9}, row);
        default -> assertArrayEquals(own, row);
      }
    }
    assertTrue(lines.getFirst().contains("for 2 of " + tokens.size()), lines.toString());
    assertRefused("vectors of 3 numbers", "model.embedding=4", base[1]);
  }

  @Test
  void entries() throws Exception {
    int v = ((TextTask) Task.of(config(Samples.TEXT))).tokenizer().size();
    Map<String, double[]> tied =
        start(Samples.TEXT, "model.embedding=16", "model.hidden=16", "model.embedding_tied=true");
    assertTrue(!tied.containsKey("linear.weight"));
    assertEquals(0.25, deviation(tied.get("embedding.weight")), 0.05, "of size 1 / sqrt(E)");
    Map<String, double[]> hot = start(BARE, "model.input=one-hot");
    assertTrue(!hot.containsKey("embedding.weight"));
    assertEquals(4 * 16 * v, hot.get("rnn.weight_ih_l0").length);
    double[] padded = start(Samples.TEXT, "model.embedding_padding=2").get("embedding.weight");
    int e = padded.length / v;
    assertEquals(0, deviation(Arrays.copyOfRange(padded, 2 * e, 3 * e)));
    assertTrue(deviation(Arrays.copyOfRange(padded, 3 * e, 4 * e)) > 0.1);
    assertRefused("as many outputs", "model.embedding_tied=true", "model.hidden=17");
    assertRefused("only valid with model.input", "model.input=one-hot", "model.embedding=3");
    assertRefused("give an id below", "model.embedding_padding=1000");
    assertRefused("these are tokens", "model.init.input=pca");
    assertRefused(
        "the weights are the embedding's",
        "model.embedding=16",
        "model.hidden=16",
        "model.embedding_tied=true",
        "model.init.linear=normal");
  }

  private void assertRefused(String part, String... settings) {
    String message =
        String.valueOf(
            assertThrows(InputException.class, () -> start(Samples.TEXT, settings)).getMessage());
    assertTrue(message.contains(part), message);
  }

  /** Rows of a tenth in norm, and rows that stay, after a step. */
  @Test
  void limitsAndFrozenTables() throws Exception {
    assertEquals(0.1, norms(1, "model.embedding_max_norm=0.1", "train.rate=1e-9"), 1e-6);
    Config frozen = config(Samples.TEXT, "model.embedding_frozen=true");
    Task task = Task.of(frozen);
    try (Backend backend = Backends.open("cpu", 1);
        Model model = task.model().build(backend, 1);
        Optimizer optimizer = Updates.optimizer(frozen, model.parameters())) {
      double[] before = model.parameters().get("embedding.weight").value().toDoubles();
      double[] linear = model.parameters().get("linear.weight").value().toDoubles();
      backend.fill(model.parameters().gradients(), 1);
      optimizer.step(0.1);
      assertArrayEquals(before, model.parameters().get("embedding.weight").value().toDoubles());
      assertTrue(
          !Arrays.equals(linear, model.parameters().get("linear.weight").value().toDoubles()));
    }
  }

  /** Adam's moments move rows that have no gradient any more, but lazy ones. */
  @Test
  void lazyRowsStay() throws Exception {
    for (boolean lazy : new boolean[] {false, true}) {
      Config config = config(Samples.TEXT, "model.embedding_lazy=" + lazy);
      try (Backend backend = Backends.open("cpu", 1);
          Model model = Task.of(config).model().build(backend, 1);
          Optimizer adam = Updates.optimizer(config, model.parameters())) {
        Parameter table = model.parameters().get("embedding.weight");
        backend.fill(model.parameters().gradients(), 1);
        adam.step(0.1);
        double[] before = table.value().toDoubles();
        table.gradient().set(3, 1);
        adam.step(0.1);
        double[] after = table.value().toDoubles();
        assertTrue(before[3] != after[3] && before[4] != after[4], "a row with a gradient");
        int next = (int) table.value().dim(1);
        assertEquals(lazy, before[next] == after[next], "a row without");
      }
    }
    for (String other : new String[] {"train.optimizer=lamb", "train.l2=0.1"}) {
      Config wrong = config(Samples.TEXT, "model.embedding_lazy=true", other);
      try (Backend backend = Backends.open("cpu", 1);
          Model model = Task.of(wrong).model().build(backend, 1)) {
        assertThrows(InputException.class, () -> Updates.optimizer(wrong, model.parameters()));
      }
    }
  }

  /** The largest norm of a row after some steps of training. */
  private double norms(int steps, String... settings) throws Exception {
    Config config = config(Samples.TEXT, settings);
    Task task = Task.of(config);
    try (Backend backend = Backends.open("cpu", 1);
        Model model = task.model().build(backend, 1);
        Optimizer optimizer = Updates.optimizer(config, model.parameters());
        var training = task.training();
        var trainer =
            Trainer.of(model, task.loss(), optimizer, Schedules.constant(1e-9), training)
                .maxSteps(steps)
                .build()) {
      trainer.run();
      double[] values = model.parameters().get("embedding.weight").value().toDoubles();
      int e = (int) model.parameters().get("embedding.weight").value().dim(1);
      double most = 0;
      int limited = 0;
      for (int row = 0; row < values.length / e; row++) {
        double norm = deviation(Arrays.copyOfRange(values, row * e, row * e + e)) * Math.sqrt(e);
        limited += norm < 0.11 ? 1 : 0;
        most = norm < 0.11 ? Math.max(most, norm) : most;
      }
      assertTrue(limited > values.length / e / 2, "rows that were looked up");
      return most;
    }
  }
}
