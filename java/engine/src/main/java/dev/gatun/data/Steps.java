package dev.gatun.data;

/**
 * One sequence while it is augmented: numbers, or tokens as whole numbers in one column. Copied
 * from a batch and back.
 */
public final class Steps {
  private final int longest;
  private final int columns;
  private final boolean tokens;
  private float[] values;
  private float[] spare;
  private int length;

  /** Twice the longest fits, as every step may come again. */
  Steps(BatchLayout layout) {
    longest = layout.maxTime();
    columns = Math.max(1, layout.features());
    tokens = layout.isTokens();
    values = new float[Math.multiplyExact(2 * longest, columns)];
    spare = new float[values.length];
  }

  void read(Batch batch, int n) {
    length = batch.length(n);
    for (int t = 0; t < length; t++) {
      for (int c = 0; c < columns; c++) {
        values[t * columns + c] = tokens ? batch.token(t, n) : batch.feature(t, n, c);
      }
    }
  }

  /** Writes it back; of one that has grown beyond the longest the start is left off. */
  void write(Batch batch, int n) {
    int from = Math.max(0, length - longest);
    batch.length(n, length - from);
    for (int t = from; t < length; t++) {
      if (tokens) {
        batch.token(t - from, n, (int) values[t * columns]);
      } else {
        batch.features(t - from, n, values, t * columns);
      }
    }
  }

  /** The steps it has. */
  public int length() {
    return length;
  }

  /** C, the numbers of a step; 1 of tokens. */
  public int columns() {
    return columns;
  }

  /** Whether its numbers are tokens, which have no values in between. */
  public boolean isTokens() {
    return tokens;
  }

  /** A number. */
  public float get(int t, int c) {
    return values[t * columns + c];
  }

  /** Overwrites a number. */
  public void set(int t, int c, float value) {
    values[t * columns + c] = value;
  }

  /**
   * Gives it other steps: step {@code t} becomes what was at a place, between two steps in equal
   * parts of both by distance, of tokens the nearer.
   *
   * @param newLength from 1 to twice the longest of the data
   * @param places of each new step the old one, cut off at the ends
   */
  void resample(int newLength, Places places) {
    for (int t = 0; t < newLength; t++) {
      double place = Math.clamp(places.of(t), 0.0, length - 1.0);
      int before = (int) place;
      double share = place - before;
      int after = Math.min(before + 1, length - 1);
      for (int c = 0; c < columns; c++) {
        float low = values[before * columns + c];
        float high = values[after * columns + c];
        spare[t * columns + c] =
            tokens ? (share < 0.5 ? low : high) : (float) (low + share * (high - low));
      }
    }
    float[] filled = spare;
    spare = values;
    values = filled;
    length = newLength;
  }

  /** Where a new step was. */
  @FunctionalInterface
  interface Places {
    double of(int t);
  }

  /** Gives every step again for which a draw is below a probability. */
  void repeat(double probability, Draws draws) {
    int to = 0;
    for (int t = 0; t < length; t++) {
      int times = draws.uniform() < probability ? 2 : 1;
      for (int i = 0; i < times; i++) {
        System.arraycopy(values, t * columns, spare, to * columns, columns);
        to++;
      }
    }
    float[] filled = spare;
    spare = values;
    values = filled;
    length = Math.min(to, 2 * longest);
  }
}
