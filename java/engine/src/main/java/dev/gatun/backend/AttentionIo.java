package dev.gatun.backend;

import dev.gatun.backend.AttentionSpec.Score;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of an attention. A call works on the dense prefix that its sizes shape.
 *
 * @param queries [Tq, N, A], read; null: none, and a key is scored by itself: v·k or v·tanh(k)
 * @param keys [Tk, N, A], read
 * @param values [Tk, N, E], read; may be keys
 * @param lengths I32 [N], the valid steps of keys and values of each sequence, 0 to tk; null: all
 *     are tk
 * @param vector v [A], read; null if and only if dot products are those of queries
 * @param weights [Tq, N, Tk], overwritten: dense for the call's tk; zero on padding
 * @param context [Tq, N, E], overwritten
 * @param gradients what backward reads and writes; null: it will not come
 */
public record AttentionIo(
    @Nullable Tensor queries,
    Tensor keys,
    Tensor values,
    @Nullable Tensor lengths,
    @Nullable Tensor vector,
    Tensor weights,
    Tensor context,
    @Nullable Gradients gradients) {

  private static final String NAME = "attention";

  /**
   * The gradients of an attention.
   *
   * @param dContext dL/dcontext, read
   * @param dQueries overwritten; null: not wanted
   * @param dKeys overwritten, zero on padding; null: not wanted
   * @param dValues overwritten, zero on padding; a tensor apart from dKeys even where values are
   *     keys; null: not wanted
   * @param dVector accumulated into; null if and only if there is no vector
   */
  public record Gradients(
      Tensor dContext,
      @Nullable Tensor dQueries,
      @Nullable Tensor dKeys,
      @Nullable Tensor dValues,
      @Nullable Tensor dVector) {}

  /** A, the width of keys. */
  public int width() {
    return Math.toIntExact(keys.dim(-1));
  }

  /** E, the width of values. */
  public int depth() {
    return Math.toIntExact(values.dim(-1));
  }

  /** Checks {@link LayerOperations#attention}. */
  public void check(AttentionSpec spec, DType real) {
    long queryRows = (long) spec.maxQueries() * spec.maxBatch();
    long keyRows = (long) spec.maxKeys() * spec.maxBatch();
    if (keys.rank() == 0 || values.rank() == 0) {
      throw Checks.wrong(NAME, keys.rank() == 0 ? "keys" : "values", keys, "[Tk, N, width]");
    }
    Checks.rowsOf(NAME, "keys", keys, real, keyRows, width());
    Checks.rowsOf(NAME, "values", values, real, keyRows, depth());
    Checks.atLeast(NAME, "weights", weights, real, queryRows * spec.maxKeys());
    Checks.rowsOf(NAME, "context", context, real, queryRows, depth());
    if (queries != null) {
      Checks.rowsOf(NAME, "queries", queries, real, queryRows, width());
    } else if (spec.maxQueries() != 1) {
      throw new IllegalArgumentException(
          "attention: %d steps of queries, but no queries".formatted(spec.maxQueries()));
    }
    if (lengths != null) {
      Checks.atLeast(NAME, "lengths", lengths, DType.I32, spec.maxBatch());
    }
    boolean needsVector = queries == null || spec.score() == Score.ADDITIVE;
    if (needsVector != (vector != null)) {
      throw new IllegalArgumentException(
          needsVector
              ? "attention: the vector v is missing: additive scores and keys without queries need"
                  + " one"
              : "attention: dot products of queries and keys take no vector");
    }
    if (vector != null) {
      Checks.exactly(NAME, "vector", vector, real, width());
    }
    if (gradients != null) {
      check(gradients, real, queryRows, keyRows);
    }
  }

  private void check(Gradients given, DType real, long queryRows, long keyRows) {
    Checks.rowsOf(NAME, "dContext", given.dContext, real, queryRows, depth());
    if (given.dQueries != null) {
      Checks.rowsOf(NAME, "dQueries", given.dQueries, real, queryRows, width());
    }
    if (given.dKeys != null) {
      Checks.rowsOf(NAME, "dKeys", given.dKeys, real, keyRows, width());
    }
    if (given.dValues != null) {
      Checks.rowsOf(NAME, "dValues", given.dValues, real, keyRows, depth());
    }
    if ((given.dVector == null) != (vector == null)
        || (given.dQueries != null && queries == null)) {
      throw new IllegalArgumentException(
          "attention: a gradient of what is not there, or none of the vector");
    }
    if (given.dVector != null) {
      Checks.exactly(NAME, "dVector", given.dVector, real, width());
    }
  }

  /** Checks the sizes of a call. */
  public void check(AttentionSpec spec, int tq, int tk, int n) {
    if (tq < 1
        || tq > spec.maxQueries()
        || tk < 1
        || tk > spec.maxKeys()
        || n < 1
        || n > spec.maxBatch()) {
      throw new IllegalArgumentException(
          "attention: %d queries over %d keys of %d sequences; made for 1 to %d, 1 to %d, 1 to %d"
              .formatted(tq, tk, n, spec.maxQueries(), spec.maxKeys(), spec.maxBatch()));
    }
    if (lengths != null) {
      Checks.lengths(NAME, lengths, tk, n);
    }
  }

  /** The gradients, for backward. */
  public Gradients given() {
    if (gradients == null) {
      throw new IllegalStateException("attention: backward needs gradients, which were not given");
    }
    return gradients;
  }
}
