package dev.gatun.data;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * One batch in host memory, filled again and again. Its tensors have the largest shapes of the
 * layout; a batch of t steps and n sequences uses a dense prefix of each, shaped by t and n, so
 * that no view has to be made. Belongs to one thread at a time.
 *
 * <p>A source fills it so: {@link #begin}, then every element of the prefixes, then {@link
 * #targetCount(long)} and, where they apply, {@link #ragged(boolean)}, {@link #continues(boolean)}
 * and {@link #carried(int)}.
 */
public final class Batch implements AutoCloseable {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final BatchLayout layout;
  private final Workspace workspace = Workspace.host(DType.F32);
  private final Tensor inputs;
  private final Tensor lengths;
  private final Tensor targets;
  private final @Nullable Tensor weights;
  private final @Nullable Tensor labelLengths;
  private final @Nullable Tensor decoderInputs;
  private final @Nullable Tensor decoderLengths;
  // A slice of a segment is an object: these are made once so that filling allocates nothing.
  private final MemorySegment inputData;
  private final MemorySegment lengthData;
  private final MemorySegment targetData;
  private int time;
  private int size;
  private boolean ragged;
  private boolean continues;
  private int carried;
  private long targetCount;

  /**
   * Allocates a batch.
   *
   * @param layout its largest shapes
   */
  public Batch(BatchLayout layout) {
    this.layout = layout;
    long t = layout.maxTime();
    long n = layout.maxBatch();
    long o = layout.targetColumns();
    try {
      inputs =
          layout.isTokens()
              ? workspace.tensor(DType.I32, t, n)
              : workspace.tensor(DType.F32, t, n, layout.features());
      lengths = workspace.tensor(DType.I32, n);
      targets =
          switch (layout.targets()) {
            case STEP_CLASSES, DECODED -> workspace.tensor(DType.I32, t, n);
            case CLASSES -> workspace.tensor(DType.I32, n);
            case STEP_VALUES -> workspace.tensor(DType.F32, t, n, o);
            case VALUES -> workspace.tensor(DType.F32, n, o);
            case LABELS -> workspace.tensor(DType.I32, n, o);
          };
      weights =
          switch (layout.targets()) {
            case STEP_VALUES -> workspace.tensor(DType.F32, t, n);
            case VALUES -> workspace.tensor(DType.F32, n);
            case STEP_CLASSES, CLASSES, LABELS, DECODED -> null;
          };
      labelLengths = layout.targets() == TargetKind.LABELS ? workspace.tensor(DType.I32, n) : null;
      boolean decoded = layout.targets() == TargetKind.DECODED;
      decoderInputs = decoded ? workspace.tensor(DType.I32, t, n) : null;
      decoderLengths = decoded ? workspace.tensor(DType.I32, n) : null;
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
    inputData = inputs.segment();
    lengthData = lengths.segment();
    targetData = targets.segment();
  }

  /**
   * Starts a batch of full-length sequences that carries no state and has no targets yet.
   *
   * @param newTime t, at least 1
   * @param newSize n, at least 1
   * @throws IllegalArgumentException if the layout is smaller
   */
  public void begin(int newTime, int newSize) {
    if (newTime < 1 || newSize < 1 || newTime > layout.maxTime() || newSize > layout.maxBatch()) {
      throw new IllegalArgumentException(
          "a batch of %d steps and %d sequences in one of at most %d and %d"
              .formatted(newTime, newSize, layout.maxTime(), layout.maxBatch()));
    }
    time = newTime;
    size = newSize;
    ragged = false;
    continues = false;
    carried = newTime;
    targetCount = 0;
    for (int n = 0; n < newSize; n++) {
      length(n, newTime);
    }
  }

  /** The largest shapes. */
  public BatchLayout layout() {
    return layout;
  }

  /** t, the steps of the longest sequence. */
  public int time() {
    return time;
  }

  /** n, the number of sequences. */
  public int size() {
    return size;
  }

  /** F32 features with the prefix [t, n, C], zero on padding; or I32 tokens [t, n]. */
  public Tensor inputs() {
    return inputs;
  }

  /** I32 [n]: the valid steps of each sequence, 1 to t. */
  public Tensor lengths() {
    return lengths;
  }

  /** Whether a length differs from t. */
  public boolean ragged() {
    return ragged;
  }

  /** The targets, shaped as {@link TargetKind} says. */
  public Tensor targets() {
    return targets;
  }

  /** The rows of targets: t * n, or n for one target per sequence. */
  public long targetRows() {
    return layout.targets().perStep() ? (long) time * size : size;
  }

  /**
   * For real targets F32 [t, n] or [n]: 1 where a target is valid, 0 on padding and where it is
   * unknown. Null for classes, where a negative target says so.
   */
  public @Nullable Tensor weights() {
    return weights;
  }

  /** I32 [n]: the labels of each sequence, from 0; null for other targets. */
  public @Nullable Tensor labelLengths() {
    return labelLengths;
  }

  /**
   * I32 [t, n]: what a decoder is shown before each target, {@link Examples#BOUNDARY} first and 0
   * on padding; null for other targets.
   */
  public @Nullable Tensor decoderInputs() {
    return decoderInputs;
  }

  /** I32 [n]: the steps of each sequence's decoder, 1 to t; null for other targets. */
  public @Nullable Tensor decoderLengths() {
    return decoderLengths;
  }

  /**
   * The number of valid targets: what a mean loss divides by, times O for numbers. Of labels it is
   * the number of sequences.
   */
  public long targetCount() {
    return targetCount;
  }

  /** Whether each sequence goes on where the batch before ended, so that state carries over. */
  public boolean continues() {
    return continues;
  }

  /** Says whether a length differs from t. */
  public void ragged(boolean value) {
    ragged = value;
  }

  /** Says whether state carries over from the batch before. */
  public void continues(boolean value) {
    continues = value;
  }

  /**
   * The steps after which the state is that a continuing batch starts from; t unless set. Fewer
   * make batches overlap: each trains on more steps than it goes on by (truncated back-propagation
   * with k1 below k2).
   */
  public int carried() {
    return carried;
  }

  /**
   * Says after how many steps the state is that is carried on.
   *
   * @param steps 1 to t
   */
  public void carried(int steps) {
    if (steps < 1 || steps > time) {
      throw new IllegalArgumentException(
          "state cannot be carried from after %d steps of %d".formatted(steps, time));
    }
    carried = steps;
  }

  /** Says how many targets are valid. */
  public void targetCount(long count) {
    targetCount = count;
  }

  /** Becomes a copy of another batch of the same layout. */
  void copyFrom(Batch other) {
    begin(other.time, other.size);
    inputData.copyFrom(other.inputData);
    lengthData.copyFrom(other.lengthData);
    targetData.copyFrom(other.targetData);
    if (weights != null && other.weights != null) {
      for (long i = 0; i < targetRows(); i++) {
        weights.set(i, other.weights.get(i));
      }
    }
    if (labelLengths != null && other.labelLengths != null) {
      for (int n = 0; n < size; n++) {
        labelLengths.setLong(n, other.labelLengths.getLong(n));
      }
    }
    if (decoderInputs != null && other.decoderInputs != null) {
      decoderInputs.segment().copyFrom(other.decoderInputs.segment());
    }
    if (decoderLengths != null && other.decoderLengths != null) {
      decoderLengths.segment().copyFrom(other.decoderLengths.segment());
    }
    ragged = other.ragged;
    continues = other.continues;
    carried = other.carried;
    targetCount = other.targetCount;
  }

  /** The token of step t of sequence n. */
  int token(int t, int n) {
    return inputData.getAtIndex(INT, (long) t * size + n);
  }

  /** A feature of step t of sequence n. */
  float feature(int t, int n, int c) {
    return inputData.getAtIndex(FLOAT, ((long) t * size + n) * layout.features() + c);
  }

  /** The valid steps of sequence n. */
  int length(int n) {
    return lengthData.getAtIndex(INT, n);
  }

  /** Makes it at least so many steps long; what is added is padding. For targets per sequence. */
  void lengthen(int steps) {
    boolean whole = carried == time;
    for (; time < steps; time++) {
      for (int n = 0; n < size; n++) {
        if (layout.isTokens()) {
          token(time, n, 0);
        } else {
          padding(time, n);
        }
      }
    }
    carried = whole ? time : carried;
  }

  /** Sets the token of step t of sequence n. */
  void token(int t, int n, int token) {
    inputData.setAtIndex(INT, (long) t * size + n, token);
  }

  /** Sets the length of sequence n. */
  void length(int n, int steps) {
    lengthData.setAtIndex(INT, n, steps);
  }

  /** Copies the C features of step t of sequence n from an array. */
  void features(int t, int n, float[] from, int at) {
    long element = ((long) t * size + n) * layout.features();
    for (int c = 0; c < layout.features(); c++) {
      inputData.setAtIndex(FLOAT, element + c, from[at + c]);
    }
  }

  /** Copies the C features of step t of sequence n from floats. */
  void features(int t, int n, MemorySegment from, long at) {
    long element = ((long) t * size + n) * layout.features();
    for (int c = 0; c < layout.features(); c++) {
      inputData.setAtIndex(FLOAT, element + c, from.getAtIndex(FLOAT, at + c));
    }
  }

  /** Sets one feature of step t of sequence n. */
  void feature(int t, int n, int c, float value) {
    inputData.setAtIndex(FLOAT, ((long) t * size + n) * layout.features() + c, value);
  }

  /** Subtracts values from the first features of step t of sequence n. */
  void subtractFeatures(int t, int n, float[] values) {
    long element = ((long) t * size + n) * layout.features();
    for (int c = 0; c < values.length; c++) {
      float value = inputData.getAtIndex(FLOAT, element + c);
      inputData.setAtIndex(FLOAT, element + c, value - values[c]);
    }
  }

  /** Zeroes the features of step t of sequence n. */
  void padding(int t, int n) {
    long element = ((long) t * size + n) * layout.features();
    for (int c = 0; c < layout.features(); c++) {
      inputData.setAtIndex(FLOAT, element + c, 0);
    }
  }

  /** Sets the class of a row: n, or t * size + n for a target per step. */
  void classTarget(long row, int target) {
    targetData.setAtIndex(INT, row, target);
  }

  /** Sets the labels of sequence n; what is left of its row is -1. */
  void labels(int n, int[] labels) {
    if (labelLengths == null) {
      throw new IllegalStateException("only sequences of labels have lengths");
    }
    labelLengths.setLong(n, labels.length);
    long row = (long) n * layout.targetColumns();
    for (int i = 0; i < layout.targetColumns(); i++) {
      targetData.setAtIndex(INT, row + i, i < labels.length ? labels[i] : -1);
    }
  }

  /**
   * Sets what a decoder is to say for sequence n, and what it is shown before each; then the end.
   */
  void decoded(int n, int[] tokens) {
    if (decoderInputs == null || decoderLengths == null) {
      throw new IllegalStateException("only sequences to decode have inputs of a decoder");
    }
    decoderLengths.setLong(n, tokens.length + 1L);
    for (int s = 0; s < time; s++) {
      long row = (long) s * size + n;
      int before = s == 0 || s > tokens.length ? Examples.BOUNDARY : tokens[s - 1];
      decoderInputs.setLong(row, before);
      classTarget(row, s < tokens.length ? tokens[s] : s == tokens.length ? Examples.BOUNDARY : -1);
    }
  }

  /** Sets column o of the real target of a row. */
  void realTarget(long row, int o, float target) {
    targetData.setAtIndex(FLOAT, row * layout.targetColumns() + o, target);
  }

  /** Sets whether the real target of a row counts. */
  void weight(long row, float weight) {
    if (weights == null) {
      throw new IllegalStateException("classes have no weights");
    }
    weights.set(row, weight);
  }

  @Override
  public void close() {
    workspace.close();
  }
}
