package dev.gatun.app.config;

import static dev.gatun.app.config.DataKeys.Kind.SEQUENCES;
import static dev.gatun.app.config.DataKeys.Kind.STRINGS;
import static dev.gatun.app.config.DataKeys.Kind.TRANSCRIPTS;
import static dev.gatun.app.config.DataKeys.TYPE;

import dev.gatun.data.Balance;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The keys of sequences with a class each, under {@code data:} and {@code train:}. */
public final class LabelKeys {
  public static final Key<String> LABEL =
      Key.of(
              "data.label",
              Type.text("a column's name"),
              "label",
              "column of a sequence's class; empty but in its first row, or the same in all")
          .when(TYPE, SEQUENCES, STRINGS)
          .knownAs("class", "target", "y");

  public static final Key<String> SEPARATOR =
      Key.of(
              "data.label_separator",
              Type.text("some characters, or \"\" for one class each"),
              "",
              "what stands between the labels of a sequence where several or none may hold; empty: it"
                  + " has one class")
          .when(TYPE, SEQUENCES, STRINGS)
          .knownAs("multi_label", "multilabel", "separator", "delimiter");

  public static final Key<String> STRING =
      Key.of(
              "data.string",
              Type.text("a column's name"),
              "string",
              "column of strings, such as DNA or proteins: one row is one sequence")
          .when(TYPE, STRINGS)
          .knownAs("dna", "protein");

  public static final Key<Integer> KMER =
      Key.of(
              "data.kmer",
              Type.whole(1, 64),
              1,
              "characters of a piece of a string; each piece is a step")
          .when(TYPE, STRINGS)
          .knownAs("k", "kmers", "k_mer");

  public static final Key<Integer> KMER_STRIDE =
      Key.of(
              "data.kmer_stride",
              Type.whole(1, 64),
              1,
              "characters from the start of a piece to that of the next")
          .when(TYPE, STRINGS)
          .knownAs("kmer_step");

  public static final Key<Path> TEST_PATH =
      Key.of(
              "data.test_path",
              Type.path("a file"),
              Path.of(""),
              "a file of its own for the test part; data.test is 0 then")
          .when(TYPE, SEQUENCES, STRINGS)
          .knownAs("test_file", "test_data");

  public static final Key<Boolean> BUCKET =
      Key.of(
              "data.bucket",
              Type.flag(),
              false,
              "batches are of sequences of like length, in mixed order: less padding")
          .when(TYPE, SEQUENCES, STRINGS, TRANSCRIPTS)
          .knownAs("bucketing", "group_by_length", "bucket_by_length");

  public static final Key<Balance> BALANCE =
      Key.of(
              "train.balance",
              Type.oneOf(Balance.class),
              Balance.NONE,
              "oversample: examples of small classes come again; batches: as many of each class in"
                  + " every batch")
          .when(TYPE, SEQUENCES, STRINGS)
          .knownAs("sampler", "oversample", "oversampling");

  /** What each class counts in the loss: one number for each, or a rule. */
  public static final Key<List<String>> CLASS_WEIGHTS =
      Key.of(
              "train.class_weights",
              classWeights(),
              List.of("none"),
              "what each class counts in the loss, in the order that gatun data shows; balanced: N /"
                  + " (classes * those of the class)")
          .when(TYPE, SEQUENCES, STRINGS)
          .knownAs("class_weight", "weights");

  public static final Key<Double> HARD_EXAMPLES =
      Key.of(
              "train.hard_examples",
              Type.number(Interval.above(0).atMost(1)),
              1.0,
              "the fraction of each batch that is learnt from: its sequences of the largest losses")
          .when(TYPE, SEQUENCES, STRINGS)
          .knownAs("ohem", "hard_mining", "hard_example_mining", "topk");

  static final List<Key<?>> DATA =
      List.of(LABEL, SEPARATOR, STRING, KMER, KMER_STRIDE, TEST_PATH, BUCKET);

  static final List<Key<?>> TRAIN = List.of(BALANCE, CLASS_WEIGHTS, HARD_EXAMPLES);

  private LabelKeys() {}

  private static Type<List<String>> classWeights() {
    return new Type<>(
        "none, balanced, or a list of one number of at least 0 for each class",
        LabelKeys::readWeights,
        list -> list.size() == 1 ? list.getFirst() : "[" + String.join(", ", list) + "]");
  }

  private static Optional<List<String>> readWeights(Node node) {
    if (node instanceof Node.Scalar s && List.of("none", "balanced").contains(s.text())) {
      return Optional.of(List.of(s.text()));
    }
    if (!(node instanceof Node.Sequence sequence) || sequence.items().size() < 2) {
      return Optional.empty();
    }
    List<String> weights = new ArrayList<>();
    for (Node item : sequence.items()) {
      Type.number(Interval.atLeast(0))
          .reader()
          .apply(item)
          .map(Type::shortest)
          .ifPresent(weights::add);
    }
    return weights.size() == sequence.items().size() ? Optional.of(weights) : Optional.empty();
  }
}
