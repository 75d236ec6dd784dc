package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.EmbeddingKeys;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.Names;
import dev.gatun.app.config.PairKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.model.CrossAttention;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Recurrence;
import dev.gatun.model.ScheduledSampling;
import dev.gatun.model.SequenceToSequence;
import dev.gatun.model.SequenceToSequence.Rates;
import dev.gatun.model.SequenceToSequence.Tables;
import dev.gatun.model.Signal;
import org.jspecify.annotations.Nullable;

/** From the keys under {@code model:} to an encoder and a decoder. */
final class PairLayers {
  static final String NAME = "seq2seq";

  private PairLayers() {}

  /**
   * An encoder of tokens and a decoder.
   *
   * @param read the different tokens of sources
   * @param said those of targets, the boundary not among them
   */
  static ModelSpec translator(Config config, int read, int said) {
    Recurrence encoder = Layers.recurrence(config, config.get(ModelKeys.BIDIRECTIONAL));
    Recurrence decoder = Layers.recurrence(config, false);
    Tables tables = TokenLayers.tables(config, read);
    check(config, encoder.outputWidth(), decoder.outputWidth(), tables);
    boolean byHeart = config.get(TrainKeys.OVERFIT) > 0;
    Rates dropout =
        byHeart
            ? Rates.NONE
            : new Rates(config.get(ModelKeys.INPUT_DROPOUT), config.get(ModelKeys.OUTPUT_DROPOUT));
    CrossAttention attention = config.get(PairKeys.ATTENTION);
    ScheduledSampling sampling = byHeart ? null : sampling(config);
    SequenceToSequence layer =
        new SequenceToSequence(
            NAME, said + 1, tables, encoder, decoder, attention, dropout, sampling);
    return ModelSpec.of(Signal.tokens(read), layer);
  }

  private static void check(Config config, int encoder, int decoder, Tables tables) {
    if (encoder != decoder && config.get(PairKeys.ATTENTION).needsOneWidth()) {
      throw config.error(
          PairKeys.ATTENTION,
          "%s; an encoder of both directions is twice as wide as the decoder; give general or"
                  .formatted(Names.of(config.get(PairKeys.ATTENTION)))
              + " additive, or model.merge sum");
    }
    int size = tables.tied() ? config.get(EmbeddingKeys.SIZE) : decoder;
    if (size != decoder) {
      throw config.error(
          EmbeddingKeys.TIED,
          "true; the table is %d wide and the decoder %d; give model.embedding %d"
              .formatted(size, decoder, decoder));
    }
  }

  private static @Nullable ScheduledSampling sampling(Config config) {
    double sampled = config.get(PairKeys.SAMPLED);
    return sampled == 0
        ? null
        : new ScheduledSampling(config.get(PairKeys.DECAY), config.get(PairKeys.PACE), sampled);
  }
}
