package dev.gatun.app.config;

import dev.gatun.backend.AttentionSpec.Score;
import java.util.List;

/** The keys of what lies before, between and after the recurrent layers. */
public final class ReadoutKeys {
  /** What the result is computed from. */
  public enum Readout {
    /** The top layer's last state. */
    LAST,
    /** The last states of all layers. */
    LAYERS,
    /** The mean of the top layer's outputs. */
    MEAN,
    /** The largest of the top layer's outputs. */
    MAX,
    /** The top layer's outputs, weighted by a learned query. */
    ATTENTION
  }

  public static final Key<Readout> READOUT =
      Key.of(
              "model.readout",
              Type.oneOf(Readout.class),
              Readout.LAST,
              "what a sequence's result is computed from: the last state, those of all layers, or"
                  + " the mean, the largest or an attention over all its steps")
          .when(DataKeys.TYPE, DataKeys.Kind.SERIES, DataKeys.Kind.SEQUENCES, DataKeys.Kind.STRINGS)
          .knownAs("pooling", "return_sequences", "pool", "aggregate");

  public static final Key<Score> SCORE =
      Key.of(
              "model.readout_score",
              Type.oneOf(Score.class),
              Score.ADDITIVE,
              "how a readout by attention scores a step: v·tanh(W x + b), or q·x / sqrt(width)")
          .when(READOUT, Readout.ATTENTION)
          .knownAs("attention_score", "attention_type");

  public static final Key<Integer> SIZE =
      Key.of(
              "model.readout_size",
              Type.whole(1, 1 << 16),
              64,
              "the units that an additive score looks at")
          .when(SCORE, Score.ADDITIVE)
          .knownAs("attention_size", "attention_dim");

  /** Where features are normalised over a batch. */
  public enum Norm {
    NONE,
    /** What the recurrent layers get. */
    INPUT,
    /** What one recurrent layer gives another. */
    LAYERS,
    BOTH
  }

  public static final Key<Norm> BATCH_NORM =
      Key.of(
              "model.batch_norm",
              Type.oneOf(Norm.class),
              Norm.NONE,
              "what is normalised over the valid steps of a batch (Ioffe 2015): the input of the"
                  + " recurrent layers, what lies between them, or both")
          .when(
              DataKeys.TYPE,
              DataKeys.Kind.TEXT,
              DataKeys.Kind.SERIES,
              DataKeys.Kind.TRANSCRIPTS,
              DataKeys.Kind.SEQUENCES,
              DataKeys.Kind.STRINGS)
          .knownAs("batchnorm", "bn", "use_batch_norm", "batch_normalization");

  static final List<Key<?>> ALL = List.of(READOUT, SCORE, SIZE, BATCH_NORM);

  private ReadoutKeys() {}
}
