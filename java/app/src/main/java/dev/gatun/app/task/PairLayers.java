package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.EmbeddingKeys;
import dev.gatun.app.config.InitialKeys;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.PairKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.model.CrossAttention;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack.Merge;
import dev.gatun.model.ScheduledSampling;
import dev.gatun.model.SequenceToSequence;
import dev.gatun.model.Signal;
import java.util.List;

/** From the keys under {@code model:} to an encoder and a decoder. */
final class PairLayers {
  /** What embeddings and the last layer of a text have, and those of pairs have not. */
  private static final List<Key<?>> OF_TEXTS =
      List.of(
          EmbeddingKeys.INPUT,
          EmbeddingKeys.TIED,
          EmbeddingKeys.MAX_NORM,
          EmbeddingKeys.PADDING,
          EmbeddingKeys.VECTORS,
          EmbeddingKeys.FROZEN,
          EmbeddingKeys.LAZY,
          InitialKeys.EMBEDDING,
          InitialKeys.LINEAR);

  private PairLayers() {}

  private static void refuse(Config config) {
    for (Key<?> key : OF_TEXTS) {
      Object value = config.get(key);
      if (!value.equals(key.fallback())) {
        throw config.error(
            key, value + "; the embeddings and last layer of pairs are plain ones; leave it out");
      }
    }
  }

  /**
   * An encoder of tokens and a decoder.
   *
   * @param read the different tokens of sources
   * @param said those of targets, the boundary not among them
   */
  static ModelSpec translator(Config config, int read, int said) {
    refuse(config);
    List<Integer> sizes = Layers.sizes(config);
    if (sizes.stream().distinct().count() > 1) {
      throw config.error(
          ModelKeys.HIDDEN, sizes + "; encoder and decoder have layers of one size; give a number");
    }
    boolean both = config.get(ModelKeys.BIDIRECTIONAL);
    if (both && config.get(ModelKeys.MERGE) == Merge.SUM) {
      throw config.error(
          ModelKeys.MERGE, "sum; an encoder's directions stand side by side; give concat");
    }
    CrossAttention attention = config.get(PairKeys.ATTENTION);
    if (both && attention == CrossAttention.DOT) {
      throw config.error(
          PairKeys.ATTENTION,
          "dot; an encoder of both directions is twice as wide as the decoder; give general or"
              + " additive");
    }
    boolean byHeart = config.get(TrainKeys.OVERFIT) > 0;
    List<Double> between = Layers.dropouts(config, sizes.size());
    if (between.stream().distinct().count() > 1) {
      throw config.error(
          ModelKeys.DROPOUT, between + "; encoder and decoder have one rate; give a number");
    }
    RecurrentLayer decoder =
        Layers.oneWay(config, sizes.getFirst()).stacked(sizes.size(), between.getFirst());
    SequenceToSequence layer =
        SequenceToSequence.of(said + 1, config.get(EmbeddingKeys.SIZE), decoder)
            .encoder(both ? decoder.bothDirections() : decoder)
            .attention(attention)
            .dropout(
                byHeart ? 0 : config.get(ModelKeys.INPUT_DROPOUT),
                byHeart ? 0 : config.get(ModelKeys.OUTPUT_DROPOUT));
    double sampled = config.get(PairKeys.SAMPLED);
    if (sampled > 0 && !byHeart) {
      layer =
          layer.sampling(
              new ScheduledSampling(
                  config.get(PairKeys.DECAY), config.get(PairKeys.PACE), sampled));
    }
    return ModelSpec.of(Signal.tokens(read), layer);
  }
}
