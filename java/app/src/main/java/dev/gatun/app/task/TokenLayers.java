package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.EmbeddingKeys;
import dev.gatun.app.config.InitialKeys;
import dev.gatun.model.Embedding;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import dev.gatun.model.OneHot;

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
    Embedding embedding = embedding(config).padding(padding);
    double norm = config.get(EmbeddingKeys.MAX_NORM);
    embedding = norm > 0 ? embedding.maxNorm(norm) : embedding;
    return Starts.of(config, embedding, config.get(EmbeddingKeys.TIED));
  }

  private static Embedding embedding(Config config) {
    return Embedding.of(config.get(EmbeddingKeys.SIZE));
  }

  /** Whether tokens enter through an embedding. */
  static boolean embeds(Config config) {
    DataKeys.Kind kind = config.get(DataKeys.TYPE);
    return (kind == DataKeys.Kind.TEXT || kind == DataKeys.Kind.STRINGS)
        && config.get(EmbeddingKeys.INPUT) == EmbeddingKeys.Entry.EMBEDDING;
  }

  /** What only a language model has the tokens for. */
  private static void checkText(Config config) {
    if (config.get(DataKeys.TYPE) == DataKeys.Kind.TEXT) {
      return;
    }
    String only = "; that is for data.type text; leave it out";
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
