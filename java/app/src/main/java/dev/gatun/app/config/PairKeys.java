package dev.gatun.app.config;

import dev.gatun.model.CrossAttention;
import dev.gatun.model.ScheduledSampling.Decay;
import java.nio.file.Path;
import java.util.List;

/** The keys of sequences that become others. */
public final class PairKeys {
  private static final DataKeys.Kind PAIRS = DataKeys.Kind.PAIRS;

  public static final Key<String> SOURCE =
      Key.of("data.source", Type.text("a column's name"), "source", "column of what is read")
          .when(DataKeys.TYPE, PAIRS)
          .knownAs("src", "question", "from");

  public static final Key<String> TARGET =
      Key.of("data.target", Type.text("a column's name"), "target", "column of what is to be said")
          .when(DataKeys.TYPE, PAIRS)
          .knownAs("tgt", "answer", "to");

  public static final Key<CrossAttention> ATTENTION =
      Key.of(
              "model.attention",
              Type.oneOf(CrossAttention.class),
              CrossAttention.GENERAL,
              "how a decoder's steps are held against those of the encoder: not at all, d·e,"
                  + " d·e/sqrt(width), (W d)·e or v·tanh(W d + U e)")
          .when(DataKeys.TYPE, PAIRS)
          .knownAs("attn", "attention_type", "attention_model", "score");

  public static final Key<Double> LENGTH_PENALTY =
      Key.of(
              "model.length_penalty",
              Type.number(Interval.atLeast(0).below(100)),
              0.0,
              "favours longer sequences of a beam: log p is divided by ((5 + length) / 6)^this")
          .when(DataKeys.TYPE, PAIRS)
          .knownAs("alpha", "length_normalization", "lenpen");

  public static final Key<Integer> MAX_TOKENS =
      Key.of(
              "model.max_tokens",
              Type.whole(0, 1 << 20),
              0,
              "tokens after which what is said is cut; 0: twice those read and 10 more")
          .when(DataKeys.TYPE, PAIRS)
          .knownAs("max_length", "max_len", "max_decode_length");

  public static final Key<Path> VECTORS =
      Key.of(
              "model.target_vectors",
              Type.path("a file of vectors, of word2vec's text format or GloVe's"),
              Path.of(""),
              "where the decoder's embedding starts, as model.embedding_vectors for the encoder's;"
                  + " the boundary is </s>")
          .when(DataKeys.TYPE, PAIRS)
          .knownAs("decoder_vectors", "target_embedding_weights");

  public static final Key<Double> SAMPLED =
      Key.of(
              "train.sampling.probability",
              Type.number(Interval.atLeast(0).atMost(1)),
              0.0,
              "with which a decoder is, in the end, shown what it said itself (scheduled sampling)")
          .when(DataKeys.TYPE, PAIRS)
          .knownAs("scheduled_sampling", "sampling_probability", "teacher_forcing");

  public static final Key<Decay> DECAY =
      Key.of(
              "train.sampling.decay",
              Type.oneOf(Decay.class),
              Decay.LINEAR,
              "how the share of right tokens falls from 1; constant: at once")
          .when(DataKeys.TYPE, PAIRS)
          .knownAs("schedule");

  public static final Key<Double> PACE =
      Key.of(
              "train.sampling.steps",
              Type.number(Interval.above(0)),
              1000.0,
              "its pace k: linear 1 - i/k, exponential exp(-i/k), inverse-sigmoid k/(k + exp(i/k))")
          .when(DataKeys.TYPE, PAIRS)
          .knownAs("k", "pace");

  static final List<Key<?>> DATA = List.of(SOURCE, TARGET);

  static final List<Key<?>> MODEL = List.of(ATTENTION, LENGTH_PENALTY, MAX_TOKENS, VECTORS);

  static final List<Key<?>> TRAIN = List.of(SAMPLED, DECAY, PACE);

  private PairKeys() {}
}
