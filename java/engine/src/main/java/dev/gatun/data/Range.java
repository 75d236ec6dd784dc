package dev.gatun.data;

/**
 * Consecutive rows of a series or tokens of a text.
 *
 * @param from the first
 * @param to the one after the last
 */
public record Range(int from, int to) {
  /** Checks the order. */
  public Range {
    if (from < 0 || to < from) {
      throw new IllegalArgumentException("no range goes from " + from + " to " + to);
    }
  }

  /** The number of rows. */
  public int size() {
    return to - from;
  }

  /**
   * This range, which must lie within the first rows.
   *
   * @throws IllegalArgumentException if it does not
   */
  Range within(int rows, String what) {
    if (to > rows) {
      throw new IllegalArgumentException(
          "rows %d to %d of %s, which has %d".formatted(from, to, what, rows));
    }
    return this;
  }
}
