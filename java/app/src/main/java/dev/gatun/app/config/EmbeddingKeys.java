package dev.gatun.app.config;

import java.nio.file.Path;
import java.util.List;

/** The keys of what tokens become before they enter a network. */
public final class EmbeddingKeys {
  /** What a token enters as. */
  public enum Entry {
    EMBEDDING,
    ONE_HOT
  }

  public static final Key<Entry> INPUT =
      Key.of(
              "model.input",
              Type.oneOf(Entry.class),
              Entry.EMBEDDING,
              "what tokens enter as: rows that are learnt, or a one among zeros")
          .when(DataKeys.TYPE, DataKeys.Kind.TEXT, DataKeys.Kind.STRINGS, DataKeys.Kind.PAIRS)
          .knownAs("encoding", "onehot", "one_hot");

  public static final Key<Integer> SIZE =
      Key.of("model.embedding", Type.whole(1, 1 << 16), 64, "width of a token's embedding")
          .when(INPUT, Entry.EMBEDDING)
          .knownAs("embedding_dim", "embed", "emsize", "embedding_size");

  public static final Key<Boolean> TIED =
      Key.of(
              "model.embedding_tied",
              Type.flag(),
              false,
              "the output layer has the embedding's table for its weight")
          .when(INPUT, Entry.EMBEDDING)
          .knownAs("tied", "tie_weights", "tie_embeddings", "tie_word_embeddings");

  public static final Key<Double> MAX_NORM =
      Key.of(
              "model.embedding_max_norm",
              Type.number(Interval.atLeast(0)),
              0.0,
              "rows are scaled to at most this norm before they are looked up; 0: no limit")
          .when(INPUT, Entry.EMBEDDING)
          .knownAs("max_norm");

  public static final Key<Integer> PADDING =
      Key.of(
              "model.embedding_padding",
              Type.whole(-1, Integer.MAX_VALUE),
              -1,
              "id of a token whose row starts at zero and is not learnt; -1: none; of pairs, of those read")
          .when(INPUT, Entry.EMBEDDING)
          .knownAs("padding_idx", "mask_zero");

  public static final Key<Path> VECTORS =
      Key.of(
              "model.embedding_vectors",
              Type.path("a file of vectors, of word2vec's text format or GloVe's"),
              Path.of(""),
              "where rows of tokens that are in it start; the others start as model.init.embedding")
          .when(INPUT, Entry.EMBEDDING)
          .knownAs("pretrained", "vectors", "glove", "embedding_weights");

  public static final Key<Boolean> FROZEN =
      Key.of("model.embedding_frozen", Type.flag(), false, "the embedding stays as it starts")
          .when(INPUT, Entry.EMBEDDING)
          .knownAs("freeze", "freeze_embedding");

  public static final Key<Boolean> LAZY =
      Key.of(
              "model.embedding_lazy",
              Type.flag(),
              false,
              "rows of tokens that are not in a batch stay, with their moments and penalties")
          .when(INPUT, Entry.EMBEDDING)
          .knownAs("sparse", "sparse_adam", "lazy_adam", "lazy");

  static final List<Key<?>> ALL =
      List.of(INPUT, SIZE, TIED, MAX_NORM, PADDING, VECTORS, FROZEN, LAZY);

  private EmbeddingKeys() {}
}
