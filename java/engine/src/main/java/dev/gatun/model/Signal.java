package dev.gatun.model;

import dev.gatun.tensor.DType;
import java.util.Objects;

/**
 * What flows between layers.
 *
 * @param kind token ids, real features or sequences of labels
 * @param width V, the number of different tokens or labels; or the number of features
 * @param perStep true: one row per step and sequence, [T, N, ·]; false: one per sequence, [N, ·]
 */
public record Signal(Kind kind, int width, boolean perStep) {

  /** What the rows hold. */
  public enum Kind {
    /** One I32 id per row, 0 to width - 1; negative in a target means ignored. */
    TOKENS,
    /** {@code width} real numbers per row. */
    FEATURES,
    /** Of targets alone: for each sequence some I32 ids, 0 to width - 1, as many as it likes. */
    LABELS
  }

  /** Checks the width. */
  public Signal {
    Objects.requireNonNull(kind, "kind");
    if (width < 1) {
      throw new IllegalArgumentException("a signal's width " + width + " must be at least 1");
    }
  }

  /** Token ids [T, N], each below {@code vocabulary}. */
  public static Signal tokens(int vocabulary) {
    return new Signal(Kind.TOKENS, vocabulary, true);
  }

  /** Real features [T, N, width]. */
  public static Signal features(int width) {
    return new Signal(Kind.FEATURES, width, true);
  }

  /** Targets of sequences of labels, each below {@code classes}: [N, S], S a plan's most labels. */
  public static Signal labels(int classes) {
    return new Signal(Kind.LABELS, classes, false);
  }

  /** Real features of another width, per step or not as this signal is. */
  public Signal withFeatures(int newWidth) {
    return new Signal(Kind.FEATURES, newWidth, perStep);
  }

  /** The same with one row per sequence. */
  public Signal perSequence() {
    return new Signal(kind, width, false);
  }

  /** Whether the rows are token ids. */
  public boolean isTokens() {
    return kind == Kind.TOKENS;
  }

  /** Whether the rows are real numbers. */
  public boolean isFeatures() {
    return kind == Kind.FEATURES;
  }

  /** Whether it is a sequence of labels for each sequence. */
  public boolean isLabels() {
    return kind == Kind.LABELS;
  }

  /** The rows of t steps of n sequences. */
  public int rows(int t, int n) {
    return perStep ? t * n : n;
  }

  /**
   * The shape for t steps of n sequences; of labels without their number, which t and n do not say.
   */
  public long[] shape(int t, int n) {
    if (isLabels()) {
      return new long[] {n};
    }
    if (isTokens()) {
      return perStep ? new long[] {t, n} : new long[] {n};
    }
    return perStep ? new long[] {t, n, width} : new long[] {n, width};
  }

  /** The type of its elements: {@code real} for features, else I32. */
  public DType dtype(DType real) {
    return isFeatures() ? real : DType.I32;
  }

  /** As {@code features [T, N, 128]} or {@code tokens [T, N] below 65}. */
  @Override
  public String toString() {
    String rows = perStep ? "T, N" : "N";
    if (isLabels()) {
      return "sequences of labels [N] below " + width;
    }
    return isTokens()
        ? "tokens [%s] below %d".formatted(rows, width)
        : "features [%s, %d]".formatted(rows, width);
  }
}
