package dev.gatun.data;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Labelled sequences of one's own, as Java arrays; lengths may differ. Made as {@code
 * Examples.features(x).classes(y)} or {@code Examples.tokens(x).stepClasses(y)}. Arrays are checked
 * and not copied: they must not change.
 */
public final class Examples {
  /** In sequences to decode, what begins and ends each: no token of its own. */
  public static final int BOUNDARY = 0;

  private final Inputs inputs;
  private final TargetKind kind;
  private final int targetColumns;
  // [i][step], with step 0 alone for one target per example, or labels; one of the two is null.
  private final int @Nullable [][] classes;
  private final float @Nullable [][][] values;

  private Examples(
      Inputs inputs,
      TargetKind kind,
      int targetColumns,
      int @Nullable [][] classes,
      float @Nullable [][][] values) {
    this.inputs = inputs;
    this.kind = kind;
    this.targetColumns = targetColumns;
    this.classes = classes;
    this.values = values;
  }

  /**
   * Sequences of numbers.
   *
   * @param x [i][t][c]: at least one example, each of at least one step, every step of C finite
   *     numbers
   * @throws IllegalArgumentException naming the example, step and column that is wrong
   */
  public static Inputs features(float[][][] x) {
    checkGiven(x, "x");
    if (x.length > 0) {
      checkGiven(x[0], "x[0]");
    }
    int columns = x.length == 0 || x[0].length == 0 ? 0 : x[0][0].length;
    for (int i = 0; i < x.length; i++) {
      checkSteps(i, x[i].length);
      for (int t = 0; t < x[i].length; t++) {
        checkNumbers(x[i][t], columns, "example " + i + ", step " + t);
      }
    }
    return new Inputs(x, null, columns);
  }

  /**
   * Sequences of tokens.
   *
   * @param x [i][t]: at least one example, each of at least one step, no token below 0
   * @throws IllegalArgumentException naming the example and step that is wrong
   */
  public static Inputs tokens(int[][] x) {
    checkGiven(x, "x");
    for (int i = 0; i < x.length; i++) {
      checkSteps(i, x[i].length);
      for (int t = 0; t < x[i].length; t++) {
        if (x[i][t] < 0) {
          throw new IllegalArgumentException(
              "example %d, step %d: token %d is below 0".formatted(i, t, x[i][t]));
        }
      }
    }
    return new Inputs(null, x, 0);
  }

  /** Names what is null: the JVM would name a variable of this class. */
  private static void checkGiven(Object[] rows, String name) {
    Objects.requireNonNull(rows, name);
    for (int i = 0; i < rows.length; i++) {
      if (rows[i] == null) {
        throw new NullPointerException(name + "[" + i + "]");
      }
    }
  }

  private static void checkSteps(int example, int steps) {
    if (steps == 0) {
      throw new IllegalArgumentException("example " + example + " has no time steps");
    }
  }

  private static void checkNumbers(float[] numbers, int columns, String where) {
    Objects.requireNonNull(numbers, where);
    if (numbers.length != columns || columns == 0) {
      throw new IllegalArgumentException(
          "%s has %d numbers, expected %s"
              .formatted(where, numbers.length, columns == 0 ? "at least 1" : "" + columns));
    }
    for (int c = 0; c < columns; c++) {
      if (!Float.isFinite(numbers[c])) {
        throw new IllegalArgumentException(
            "%s, column %d: %s is no finite number".formatted(where, c, numbers[c]));
      }
    }
  }

  /** Sequences that still need targets. */
  public static final class Inputs {
    private final float @Nullable [][][] features;
    private final int @Nullable [][] tokens;
    private final int columns;

    private Inputs(float @Nullable [][][] features, int @Nullable [][] tokens, int columns) {
      this.features = features;
      this.tokens = tokens;
      this.columns = columns;
      if (count() == 0) {
        throw new IllegalArgumentException("there must be at least one example");
      }
    }

    private int count() {
      return features != null ? features.length : tokens != null ? tokens.length : 0;
    }

    private int length(int i) {
      return features != null ? features[i].length : tokens != null ? tokens[i].length : 0;
    }

    /**
     * A class for every example; negative: none.
     *
     * @param y [i]
     */
    public Examples classes(int[] y) {
      Objects.requireNonNull(y, "y");
      checkCount(y.length);
      int[][] each = new int[y.length][1];
      for (int i = 0; i < y.length; i++) {
        each[i][0] = y[i];
      }
      return new Examples(this, TargetKind.CLASSES, 1, each, null);
    }

    /**
     * A class for every step; negative: none.
     *
     * @param y [i][t], as long as the inputs
     */
    public Examples stepClasses(int[][] y) {
      checkCount(y);
      for (int i = 0; i < y.length; i++) {
        checkLength(i, y[i].length);
      }
      return new Examples(this, TargetKind.STEP_CLASSES, 1, y, null);
    }

    /**
     * O numbers for every example.
     *
     * @param y [i][o]
     */
    public Examples values(float[][] y) {
      checkCount(y);
      float[][][] each = new float[y.length][1][];
      for (int i = 0; i < y.length; i++) {
        checkNumbers(y[i], y[0].length, "the target of example " + i);
        each[i][0] = y[i];
      }
      return new Examples(this, TargetKind.VALUES, y[0].length, null, each);
    }

    /**
     * O numbers for every step.
     *
     * @param y [i][t][o], as long as the inputs
     */
    public Examples stepValues(float[][][] y) {
      checkCount(y);
      checkGiven(y[0], "y[0]");
      for (int i = 0; i < y.length; i++) {
        checkLength(i, y[i].length);
        for (int t = 0; t < y[i].length; t++) {
          checkNumbers(y[i][t], y[0][0].length, "the target of example " + i + ", step " + t);
        }
      }
      return new Examples(this, TargetKind.STEP_VALUES, y[0][0].length, null, y);
    }

    /**
     * A sequence of labels for every example, of any length, to be aligned with its steps by the
     * loss.
     *
     * @param y [i][s], none below 0; an example may have none
     * @throws IllegalArgumentException naming the example and label that is wrong
     */
    public Examples labels(int[][] y) {
      checkCount(y);
      int most = 1;
      for (int i = 0; i < y.length; i++) {
        most = Math.max(most, y[i].length);
        for (int s = 0; s < y[i].length; s++) {
          if (y[i][s] < 0) {
            throw new IllegalArgumentException(
                "example %d: label %d is %d, below 0".formatted(i, s, y[i][s]));
          }
        }
      }
      return new Examples(this, TargetKind.LABELS, most, y, null);
    }

    /**
     * A sequence of tokens for every example, of any length, to be said by a decoder ({@link
     * dev.gatun.model.SequenceToSequence}); what begins and ends it is added.
     *
     * @param y [i][s], none below 1; an example may have none
     * @throws IllegalArgumentException naming the example and token that is wrong
     */
    public Examples decoded(int[][] y) {
      checkCount(y);
      for (int i = 0; i < y.length; i++) {
        for (int s = 0; s < y[i].length; s++) {
          if (y[i][s] <= BOUNDARY) {
            throw new IllegalArgumentException(
                "example %d: token %d to decode is %d; %d is kept for start and end, give at least 1"
                    .formatted(i, s, y[i][s], BOUNDARY));
          }
        }
      }
      return new Examples(this, TargetKind.DECODED, 1, y, null);
    }

    private void checkCount(Object[] y) {
      checkGiven(y, "y");
      checkCount(y.length);
    }

    private void checkCount(int targets) {
      if (targets != count()) {
        throw new IllegalArgumentException(targets + " targets for " + count() + " examples");
      }
    }

    private void checkLength(int i, int targets) {
      if (targets != length(i)) {
        throw new IllegalArgumentException(
            "example %d has %d steps but %d targets".formatted(i, length(i), targets));
      }
    }
  }

  /** The number of examples. */
  public int count() {
    return inputs.count();
  }

  /** The steps of an example. */
  public int length(int example) {
    return inputs.length(example);
  }

  /**
   * The class of an example; negative: none.
   *
   * @throws IllegalArgumentException if examples have not one class each
   */
  int classOf(int example) {
    if (kind != TargetKind.CLASSES || classes == null) {
      throw new IllegalArgumentException(
          "examples with one class each can be balanced, not those with targets " + kind);
    }
    return classes[example][0];
  }

  /** The steps that an example takes in a batch: its own or, where they are more, the decoder's. */
  int span(int example) {
    return Math.max(length(example), decoderSteps(example));
  }

  /** Whether an example leaves steps of a batch unused. */
  boolean pads(int example, int time) {
    return length(example) < time || (kind == TargetKind.DECODED && decoderSteps(example) < time);
  }

  private int decoderSteps(int example) {
    return kind == TargetKind.DECODED && classes != null ? classes[example].length + 1 : 0;
  }

  /** The layout of batches of at most {@code batch} of these examples. */
  BatchLayout layout(int batch) {
    int longest = 1;
    for (int i = 0; i < count(); i++) {
      longest = Math.max(longest, span(i));
    }
    return new BatchLayout(longest, batch, inputs.columns, kind, targetColumns);
  }

  /** Writes example {@code i} as sequence {@code n} of a batch that has begun. */
  int copy(int i, Batch into, int n) {
    int length = length(i);
    into.length(n, length);
    for (int t = 0; t < into.time(); t++) {
      boolean valid = t < length;
      if (inputs.tokens != null) {
        into.token(t, n, valid ? inputs.tokens[i][t] : 0);
      } else if (inputs.features != null && valid) {
        into.features(t, n, inputs.features[i][t], 0);
      } else {
        into.padding(t, n);
      }
    }
    if (kind == TargetKind.LABELS && classes != null) {
      into.labels(n, classes[i]);
      return 1;
    }
    if (kind == TargetKind.DECODED && classes != null) {
      into.decoded(n, classes[i]);
      return decoderSteps(i);
    }
    if (!kind.perStep()) {
      return copyTarget(i, 0, into, n, true);
    }
    int count = 0;
    for (int t = 0; t < into.time(); t++) {
      count += copyTarget(i, t, into, t * into.size() + n, t < length);
    }
    return count;
  }

  /** Writes a target and gives back whether it counts, as 1 or 0. */
  private int copyTarget(int i, int t, Batch into, int row, boolean valid) {
    if (classes != null) {
      int target = valid ? classes[i][t] : -1;
      into.classTarget(row, target);
      return target >= 0 ? 1 : 0;
    }
    for (int o = 0; o < targetColumns; o++) {
      into.realTarget(row, o, valid && values != null ? values[i][t][o] : 0);
    }
    into.weight(row, valid ? 1 : 0);
    return valid ? 1 : 0;
  }
}
