package dev.gatun.data;

/** What a batch asks the network to predict. */
public enum TargetKind {
  /** A class for every step: I32 [t, n]; a negative one is ignored. */
  STEP_CLASSES,
  /** A class for every sequence: I32 [n]; a negative one is ignored. */
  CLASSES,
  /** O numbers for every step: F32 [t, n, O]. */
  STEP_VALUES,
  /** O numbers for every sequence: F32 [n, O]. */
  VALUES,
  /** A sequence of labels for every sequence, of a length of its own: I32 [n, S], padded. */
  LABELS,
  /**
   * A sequence of classes for every sequence, of a length of its own, from a decoder that is shown
   * what comes before each: I32 [t, n], negative beyond its end. The batch has {@link
   * Batch#decoderInputs} too.
   */
  DECODED;

  /** Whether each step has its own target. */
  public boolean perStep() {
    return this == STEP_CLASSES || this == STEP_VALUES || this == DECODED;
  }

  /** Whether targets are numbers, not classes. */
  public boolean isReal() {
    return this == STEP_VALUES || this == VALUES;
  }
}
