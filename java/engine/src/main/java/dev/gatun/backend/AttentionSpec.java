package dev.gatun.backend;

import java.util.Objects;

/**
 * How an attention scores keys, and the sizes it is reserved for.
 *
 * @param score of a query and a key
 * @param scale what scores are multiplied by: 1, or 1 / sqrt(A) for a scaled dot product (Vaswani
 *     et al. 2017)
 * @param maxQueries the most steps of queries, Tq
 * @param maxKeys the most steps of keys, Tk
 * @param maxBatch the most sequences, N
 */
public record AttentionSpec(Score score, double scale, int maxQueries, int maxKeys, int maxBatch) {

  /** How well a key k answers a query q, each of A numbers. */
  public enum Score {
    /** q·k (Luong et al. 2015). */
    DOT,
    /** v·tanh(q + k), v a parameter (Bahdanau et al. 2015). */
    ADDITIVE
  }

  /** Checks the sizes. */
  public AttentionSpec {
    Objects.requireNonNull(score, "score");
    if (!(scale > 0 && scale <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "attention: the scale " + scale + " must be finite and above 0");
    }
    if (maxQueries < 1 || maxKeys < 1 || maxBatch < 1) {
      throw new IllegalArgumentException(
          "attention: %d queries, %d keys, %d sequences: each must be at least 1"
              .formatted(maxQueries, maxKeys, maxBatch));
    }
    if ((long) maxQueries * maxBatch > Integer.MAX_VALUE
        || (long) maxKeys * maxBatch > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "attention: %d queries and %d keys of %d sequences are more than %d rows"
              .formatted(maxQueries, maxKeys, maxBatch, Integer.MAX_VALUE));
    }
  }

  /** One query for each sequence, to make one row of its steps. */
  public static AttentionSpec pooling(Score score, double scale, int maxKeys, int maxBatch) {
    return new AttentionSpec(score, scale, 1, maxKeys, maxBatch);
  }
}
