package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.EmbeddingKeys;
import dev.gatun.app.config.InitialKeys;
import dev.gatun.app.config.PairKeys;
import dev.gatun.model.Embedding;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import dev.gatun.model.OneHot;
import dev.gatun.model.SequenceToSequence.Tables;

/** The layers next to tokens: what they enter as, and the logits of them. */
final class TokenLayers {
  private TokenLayers() {}

  /** One logit per token, by a weight of its own or the embedding's table. */
  static Linear logits(Config config, int vocabulary) {
    Linear own = Linear.of(vocabulary);
    boolean tied = embeds(config) && config.get(EmbeddingKeys.TIED);
    return Starts.of(config, tied ? own.tiedTo(embedding(config).name()) : own);
  }

  /** What tokens become. */
  static Layer entry(Config config, int vocabulary) {
    return entry(config, vocabulary, embeds(config) && config.get(EmbeddingKeys.TIED));
  }

  private static Layer entry(Config config, int vocabulary, boolean tied) {
    if (!embeds(config)) {
      return OneHot.of();
    }
    checkText(config);
    int padding = config.get(EmbeddingKeys.PADDING);
    if (padding >= vocabulary) {
      throw config.error(
          EmbeddingKeys.PADDING,
          "%d; there are %d tokens; give an id below".formatted(padding, vocabulary));
    }
    Embedding embedding = limited(config, embedding(config).padding(padding));
    return Starts.of(config, embedding, tied);
  }

  /**
   * What an encoder's tokens and those that a decoder is shown become, and the weights of logits.
   *
   * @param read the different tokens of the encoder
   */
  static Tables tables(Config config, int read) {
    if (!embeds(config)) {
      if (!config.get(PairKeys.VECTORS).toString().isEmpty()) {
        throw config.error(
            PairKeys.VECTORS, "given; with model.input one-hot there is no table; leave it out");
      }
      Linear said = Starts.of(config, Linear.of(1));
      return new Tables(OneHot.of(), OneHot.of(), said.initializer(), false);
    }
    boolean tied = config.get(EmbeddingKeys.TIED);
    Linear said = logits(config, 1);
    Layer shown = Starts.of(config, limited(config, embedding(config)), tied);
    return new Tables(entry(config, read, false), shown, said.initializer(), tied);
  }

  private static Embedding embedding(Config config) {
    return Embedding.of(config.get(EmbeddingKeys.SIZE));
  }

  private static Embedding limited(Config config, Embedding embedding) {
    double norm = config.get(EmbeddingKeys.MAX_NORM);
    return norm > 0 ? embedding.maxNorm(norm) : embedding;
  }

  /** Whether tokens enter through an embedding. */
  static boolean embeds(Config config) {
    return switch (config.get(DataKeys.TYPE)) {
      case TEXT, STRINGS, PAIRS -> config.get(EmbeddingKeys.INPUT) == EmbeddingKeys.Entry.EMBEDDING;
      default -> false;
    };
  }

  /** The names of the tables of embeddings; * stands for any letters. */
  static String names(Config config) {
    return config.get(DataKeys.TYPE) == DataKeys.Kind.PAIRS
        ? "seq2seq.*embedding.weight"
        : "embedding.weight";
  }

  /** What classes of strings have no use for: they are not said, and are no text to learn from. */
  private static void checkText(Config config) {
    if (config.get(DataKeys.TYPE) != DataKeys.Kind.STRINGS) {
      return;
    }
    String only = "; that is for data.type text or pairs; leave it out";
    if (config.get(EmbeddingKeys.TIED)) {
      throw config.error(EmbeddingKeys.TIED, "true" + only);
    }
    if (!config.get(EmbeddingKeys.VECTORS).toString().isEmpty()) {
      throw config.error(EmbeddingKeys.VECTORS, "given" + only);
    }
    InitialKeys.Start start = config.get(InitialKeys.EMBEDDING);
    if (start == InitialKeys.Start.WORD2VEC || start == InitialKeys.Start.KMEANS) {
      throw config.error(InitialKeys.EMBEDDING, "learnt from text" + only);
    }
  }
}
