package dev.gatun.app.config;

import dev.gatun.backend.Cell;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;

/** The keys under {@code model.init:}, how weights start. */
public final class InitialKeys {
  /** The ways to begin. */
  public enum Start {
    DEFAULT,
    ZEROS,
    CONSTANT,
    UNIFORM,
    NORMAL,
    SMALL_NORMAL,
    XAVIER_UNIFORM,
    XAVIER_NORMAL,
    HE_UNIFORM,
    HE_NORMAL,
    ORTHOGONAL,
    SVD,
    IDENTITY,
    PCA,
    KMEANS,
    WORD2VEC
  }

  private static final List<Start> VECTOR =
      List.copyOf(EnumSet.range(Start.DEFAULT, Start.SMALL_NORMAL));

  private static final List<Start> MATRIX =
      List.copyOf(EnumSet.range(Start.DEFAULT, Start.IDENTITY));

  /** What a group of weights starts from if nothing is said: PyTorch's values. */
  private static Key<Start> group(String name, List<Start> ways, String says) {
    return Key.of("model.init." + name, Type.oneOf(ways), Start.DEFAULT, says);
  }

  private static List<Start> and(List<Start> ways, Start... more) {
    EnumSet<Start> all = EnumSet.copyOf(ways);
    all.addAll(List.of(more));
    return List.copyOf(all);
  }

  public static final Key<Start> INPUT =
      group("input", and(MATRIX, Start.PCA, Start.KMEANS), "input weights of recurrent layers")
          .knownAs("kernel_initializer", "weight_ih");

  public static final Key<Start> RECURRENT =
      group("recurrent", MATRIX, "recurrent weights, each gate by itself")
          .knownAs("recurrent_initializer", "weight_hh", "hidden");

  public static final Key<Start> BIAS =
      group("bias", VECTOR, "biases of recurrent layers").knownAs("bias_initializer");

  public static final Key<Double> FORGET_BIAS =
      Key.of(
              "model.init.forget_bias",
              Type.number(Interval.atLeast(-1)),
              -1.0,
              "bias of an LSTM's forget gate; -1: as the other biases")
          .when(ModelKeys.CELL, Cell.LSTM)
          .knownAs("unit_forget_bias", "forget_gate_bias");

  public static final Key<Start> LINEAR =
      group("linear", MATRIX, "weights of the output layer").knownAs("output", "dense");

  public static final Key<Start> EMBEDDING =
      group(
              "embedding",
              and(MATRIX, Start.KMEANS, Start.WORD2VEC),
              "table of the embedding; word2vec and kmeans learn it from the training part first")
          .when(EmbeddingKeys.INPUT, EmbeddingKeys.Entry.EMBEDDING)
          .knownAs("embeddings_initializer");

  public static final Key<Double> CONSTANT =
      number("constant", 0.1, "what constant gives every weight");

  public static final Key<Double> BOUND =
      Key.of(
              "model.init.bound",
              Type.number(Interval.above(0)),
              0.1,
              "uniform is between minus this and this")
          .knownAs("range", "initrange");

  public static final Key<Double> DEVIATION =
      Key.of(
              "model.init.deviation",
              Type.number(Interval.above(0)),
              0.1,
              "standard deviation of normal")
          .knownAs("std", "stddev");

  public static final Key<Double> FACTOR =
      Key.of(
              "model.init.factor",
              Type.number(Interval.above(0)),
              0.01,
              "what small-normal multiplies normal(0, 1) with")
          .knownAs("scale");

  public static final Key<Double> GAIN =
      Key.of(
          "model.init.gain",
          Type.number(Interval.atLeast(0)),
          0.0,
          "factor of xavier, he, orthogonal, svd, identity, pca and kmeans; 0: that of the"
              + " activation for xavier and he, 1 for the others");

  public static final Key<Integer> WINDOW =
      word2vec("window", 5, "most tokens to each side that word2vec looks at");

  public static final Key<Integer> NEGATIVES =
      word2vec("negatives", 5, "tokens drawn against each pair").knownAs("negative");

  public static final Key<Integer> EPOCHS =
      word2vec("epochs", 5, "how often word2vec goes through the training part");

  public static final Key<Double> RATE =
      Key.of(
              "model.word2vec.rate",
              Type.number(Interval.above(0).atMost(1)),
              0.025,
              "rate of word2vec's first step; it falls to zero")
          .when(EMBEDDING, Start.WORD2VEC)
          .knownAs("alpha");

  public static final Key<Double> SUBSAMPLE =
      Key.of(
              "model.word2vec.subsample",
              Type.number(Interval.atLeast(0)),
              1e-3,
              "tokens of a larger share are left out at random; 0: none are")
          .when(EMBEDDING, Start.WORD2VEC)
          .knownAs("sample");

  public static final Key<Path> SAVE =
      Key.of(
              "model.word2vec.save",
              Type.path("a file to write word2vec's vectors to, in its text format"),
              Path.of(""),
              "where word2vec's vectors are written for other programs; empty: nowhere")
          .when(EMBEDDING, Start.WORD2VEC)
          .free();

  static final List<Key<?>> ALL =
      List.of(
          INPUT,
          RECURRENT,
          BIAS,
          FORGET_BIAS,
          LINEAR,
          EMBEDDING,
          CONSTANT,
          BOUND,
          DEVIATION,
          FACTOR,
          GAIN,
          WINDOW,
          NEGATIVES,
          EPOCHS,
          RATE,
          SUBSAMPLE,
          SAVE);

  private static Key<Double> number(String name, double fallback, String says) {
    return Key.of("model.init." + name, Type.number(Interval.atLeast(-1e6)), fallback, says);
  }

  private static Key<Integer> word2vec(String name, int fallback, String says) {
    return Key.of("model.word2vec." + name, Type.whole(1, 10_000), fallback, says)
        .when(EMBEDDING, Start.WORD2VEC);
  }

  private InitialKeys() {}
}
