package dev.gatun.data;

/**
 * The largest shapes of a source's batches.
 *
 * @param maxTime T, at least 1
 * @param maxBatch N, at least 1
 * @param features C, numbers per step; 0: the inputs are tokens
 * @param targets what is predicted
 * @param targetColumns O, numbers per target; 1 for classes; S, the most labels of a sequence
 */
public record BatchLayout(
    int maxTime, int maxBatch, int features, TargetKind targets, int targetColumns) {
  /** Checks the sizes. */
  public BatchLayout {
    if (maxTime < 1 || maxBatch < 1 || features < 0 || targetColumns < 1) {
      throw new IllegalArgumentException(
          "time steps, batch and target columns must be at least 1 and features at least 0, got "
              + "%d, %d, %d and %d".formatted(maxTime, maxBatch, targetColumns, features));
    }
    if (!targets.isReal() && targets != TargetKind.LABELS && targetColumns != 1) {
      throw new IllegalArgumentException("a class takes 1 target column, not " + targetColumns);
    }
  }

  /** Whether the inputs are tokens. */
  public boolean isTokens() {
    return features == 0;
  }
}
