package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InitialKeys;
import dev.gatun.app.config.InitialKeys.Start;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.WordVectors;
import dev.gatun.model.Initializer;
import dev.gatun.model.Initializers;
import dev.gatun.model.KMeans;
import dev.gatun.model.Model;
import dev.gatun.model.Parameter;
import dev.gatun.model.PrincipalComponents;
import dev.gatun.model.RandomStream;
import dev.gatun.persist.FormatException;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.train.Word2Vec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Initial values that come from the training part or a file, in place of those of the layers. */
public final class LearntStarts {
  /** Rows of input that are enough to know their directions or clusters. */
  private static final int ROWS = 10_000;

  /** Clusters of tokens: beyond, K-means takes longer than it helps. */
  private static final int CLUSTERS = 64;

  /** The lowest layer's input weights; with norms between, layers are called rnn0, rnn1, ... */
  private static final String LOWEST = "rnn0?\\.weight_ih_l0(_reverse)?";

  /** Numbers of random streams, beyond those of a model's parameters. */
  private static final int STREAM = 1 << 20;

  private final Config config;
  private final long seed;
  private final List<String> lines = new ArrayList<>();

  private LearntStarts(Config config) {
    this.config = config;
    seed = config.get(TrainKeys.SEED);
  }

  /**
   * Overwrites what the configuration wants to be learnt.
   *
   * @param model freshly made
   * @return lines for the log that say what was done
   * @throws InputException if data or file cannot give it
   */
  public static List<String> apply(Config config, Task task, Model model) {
    LearntStarts starts = new LearntStarts(config);
    starts.inputs(task, model);
    if (TokenLayers.embeds(config)) {
      tables(task).forEach(table -> starts.table(table, model));
    }
    return starts.lines;
  }

  private static List<TokenTable> tables(Task task) {
    return switch (task) {
      case TextTask text -> List.of(text.table());
      case PairTask pairs -> pairs.tables();
      default -> List.of();
    };
  }

  private void inputs(Task task, Model model) {
    Start start = config.get(InitialKeys.INPUT);
    if (start != Start.PCA && start != Start.KMEANS) {
      return;
    }
    if (model.spec().input().isTokens()) {
      throw config.error(
          InitialKeys.INPUT,
          "pca and kmeans are for inputs of numbers, and these are tokens; give another, or"
              + " model.init.embedding kmeans");
    }
    try (BatchSource training = task.training()) {
      double[][] rows = rows(training);
      double gain = Starts.gain(config);
      for (Parameter weights : model.parameters().list()) {
        if (weights.name().matches(LOWEST)) {
          if (weights.value().dim(1) != rows[0].length) {
            throw config.error(
                InitialKeys.INPUT,
                "pca and kmeans are of the %d inputs, and model.convolution makes %d of them; give"
                        .formatted(rows[0].length, weights.value().dim(1))
                    + " another, or leave the convolution out");
          }
          int units = (int) weights.value().dim(0) / Starts.gates(config);
          Initializer each =
              start == Start.PCA
                  ? PrincipalComponents.of(rows).initializer(gain)
                  : KMeans.of(rows, Math.min(units, rows.length), seed).initializer(gain);
          fill(model, weights, Initializers.perGate(Starts.gates(config), each));
          lines.add(
              "%s starts from the %s of %d rows"
                  .formatted(
                      weights.name(),
                      start == Start.PCA ? "principal components" : "K-means centres",
                      rows.length));
        }
      }
    } catch (IllegalArgumentException e) {
      throw config.error(InitialKeys.INPUT, String.valueOf(e.getMessage()));
    }
    if (lines.isEmpty()) {
      throw config.error(
          InitialKeys.INPUT,
          "pca and kmeans are for input weights of recurrent layers; give another");
    }
  }

  /** Rows of the first epoch's inputs, without padding, from batches spread evenly. */
  private static double[][] rows(BatchSource source) {
    List<double[]> rows = new ArrayList<>();
    int batches = source.batches(0);
    int each = Math.max(1, source.maxTime() * source.maxBatch());
    int step = Math.max(1, batches / Math.max(1, Math.ceilDiv(ROWS, each)));
    try (Batch batch = source.newBatch()) {
      for (int index = 0; index < batches && rows.size() < ROWS; index += step) {
        source.fill(0, index, batch);
        collect(batch, rows);
      }
    }
    return rows.toArray(double[][]::new);
  }

  private static void collect(Batch batch, List<double[]> rows) {
    int width = batch.layout().features();
    for (int t = 0; t < batch.time() && rows.size() < ROWS; t++) {
      for (int n = 0; n < batch.size(); n++) {
        if (batch.ragged() && t >= batch.lengths().getLong(n)) {
          continue;
        }
        double[] row = new double[width];
        long first = ((long) t * batch.size() + n) * width;
        for (int c = 0; c < width; c++) {
          row[c] = batch.inputs().get(first + c);
        }
        rows.add(row);
      }
    }
  }

  private void table(TokenTable from, Model model) {
    Parameter table = model.parameters().get(from.parameter());
    int size = (int) table.value().dim(1);
    Start start = config.get(InitialKeys.EMBEDDING);
    if (start == Start.WORD2VEC) {
      fill(model, table, rows(word2vec(from, size)));
    } else if (start == Start.KMEANS) {
      fill(model, table, clusters(from, size));
    }
    if (!config.get(from.vectors()).toString().isEmpty()) {
      fill(model, table, vectors(from, size, values(model, table)));
    }
    if (from.padding() >= 0) {
      double[][] rows = values(model, table);
      rows[from.padding()] = new double[size];
      fill(model, table, Initializers.rows(rows, Initializers.constant(0)));
    }
  }

  private static Initializer rows(float[][] vectors) {
    double[][] rows = new double[vectors.length][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = new double[vectors[i].length];
      for (int c = 0; c < rows[i].length; c++) {
        rows[i][c] = vectors[i][c];
      }
    }
    return Initializers.rows(rows, Initializers.constant(0));
  }

  private float[][] word2vec(TokenTable from, int size) {
    Word2Vec how =
        new Word2Vec(
            size,
            config.get(InitialKeys.WINDOW),
            config.get(InitialKeys.NEGATIVES),
            config.get(InitialKeys.SUBSAMPLE),
            config.get(InitialKeys.EPOCHS),
            config.get(InitialKeys.RATE),
            seed);
    Path file = saved(from);
    long before = System.nanoTime();
    float[][] vectors = how.learn(from.texts(), from.names().size());
    lines.add(
        "%s starts from word2vec over %,d tokens, learnt in %.1f s"
            .formatted(from.parameter(), from.size(), (System.nanoTime() - before) / 1e9));
    if (!file.toString().isEmpty()) {
      try {
        WordVectors.of(from.names(), vectors).write(file);
      } catch (IOException e) {
        throw config.error(InitialKeys.SAVE, file + " cannot be written: " + e.getMessage());
      }
    }
    return vectors;
  }

  /** Where the vectors go: not over what is read. */
  private Path saved(TokenTable from) {
    Path base = config.get(InitialKeys.SAVE);
    if (base.toString().isEmpty()) {
      return base;
    }
    Path file = base.resolveSibling(base.getFileName() + from.suffix());
    try {
      if (Files.exists(file) && Files.isSameFile(file, config.file(DataKeys.PATH))) {
        throw config.error(
            InitialKeys.SAVE, file + " is read too, and would be lost; give another path");
      }
    } catch (IOException e) {
      throw config.error(InitialKeys.SAVE, file + " cannot be looked at: " + e.getMessage());
    }
    return file;
  }

  /**
   * Tokens with like neighbours start near one another: what stands before and after a token,
   * brought to E numbers by random signs, and of these the nearest of some centres with a little
   * noise.
   */
  private Initializer clusters(TokenTable from, int size) {
    int vocabulary = from.names().size();
    double[][] contexts = new double[vocabulary][size];
    double[][] signs = new double[2 * vocabulary][size];
    RandomStream random = new RandomStream(seed, STREAM);
    for (double[] row : signs) {
      for (int c = 0; c < size; c++) {
        row[c] = random.uniform() < 0.5 ? -1 : 1;
      }
    }
    from.texts().forEach(tokens -> addNeighbours(tokens, signs, contexts));
    for (double[] row : contexts) {
      double squares = 0;
      for (double value : row) {
        squares += value * value;
      }
      for (int c = 0; c < size; c++) {
        row[c] = squares == 0 ? 0 : row[c] / Math.sqrt(squares);
      }
    }
    int k = Math.min(CLUSTERS, (int) Math.ceil(Math.sqrt(vocabulary)));
    KMeans found = KMeans.of(contexts, k, seed);
    double[][] centres = found.centres();
    double[][] rows = new double[vocabulary][size];
    for (int id = 0; id < vocabulary; id++) {
      for (int c = 0; c < size; c++) {
        double noise = 0.1 / Math.sqrt(size) * random.normal();
        rows[id][c] = Starts.gain(config) * (centres[found.owners()[id]][c] + noise);
      }
    }
    lines.add("%s starts from %d K-means centres of neighbours".formatted(from.parameter(), k));
    return Initializers.rows(rows, Initializers.constant(0));
  }

  private static void addNeighbours(int[] tokens, double[][] signs, double[][] contexts) {
    for (int i = 0; i < tokens.length; i++) {
      double[] context = contexts[tokens[i]];
      for (int c = 0; c < context.length; c++) {
        context[c] += i == 0 ? 0 : signs[tokens[i - 1]][c];
        context[c] += i + 1 == tokens.length ? 0 : signs[contexts.length + tokens[i + 1]][c];
      }
    }
  }

  private Initializer vectors(TokenTable from, int size, double[][] rows) {
    Path file = config.file(from.vectors());
    List<String> tokens = from.names();
    WordVectors vectors;
    try {
      vectors = WordVectors.read(file, tokens);
    } catch (FormatException e) {
      throw config.error(from.vectors(), String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new InputException(file + ": cannot be read: " + e.getMessage(), e);
    }
    if (vectors.size() != size) {
      throw config.error(
          from.vectors(),
          "%s has vectors of %d numbers; give model.embedding %d"
              .formatted(file, vectors.size(), vectors.size()));
    }
    int known = 0;
    for (int id = 0; id < rows.length; id++) {
      float[] vector = vectors.of(tokens.get(id));
      known += vector == null ? 0 : 1;
      for (int c = 0; vector != null && c < size; c++) {
        rows[id][c] = vector[c];
      }
    }
    lines.add(
        "%s has vectors for %,d of %,d tokens; the others keep their own"
            .formatted(file, known, tokens.size()));
    return Initializers.rows(rows, Initializers.constant(0));
  }

  private static double[][] values(Model model, Parameter table) {
    int width = (int) table.value().dim(1);
    double[][] rows = new double[(int) table.value().dim(0)][width];
    Tensor host = Tensor.host(model.backend().real(), table.value().shape());
    try {
      model.backend().copy(table.value(), host);
      for (int r = 0; r < rows.length; r++) {
        for (int c = 0; c < width; c++) {
          rows[r][c] = host.get((long) r * width + c);
        }
      }
      return rows;
    } finally {
      host.memory().close();
    }
  }

  private void fill(Model model, Parameter parameter, Initializer initializer) {
    Tensor host = Tensor.host(DType.F32, parameter.value().shape());
    try {
      initializer.fill(host, new RandomStream(seed, STREAM + 1));
      model.backend().copy(host, parameter.value());
      model.parameters().changed();
    } finally {
      host.memory().close();
    }
  }
}
