package dev.gatun.app.tracking;

import java.util.Arrays;

/**
 * How often values fall between limits that grow by a tenth, as TensorBoard draws them: 1e-12 times
 * 1.1^k up to 1e20, the same below zero, and zero between. Values that are not finite are left out.
 */
public final class Histogram {
  private static final double[] LIMITS = limits();

  private final double[] counts = new double[LIMITS.length];
  private double min = Double.POSITIVE_INFINITY;
  private double max = Double.NEGATIVE_INFINITY;
  private double count;
  private double sum;
  private double squares;

  /** Of nothing yet. */
  public Histogram() {}

  private static double[] limits() {
    double[] above = new double[1000];
    int n = 0;
    for (double limit = 1e-12; limit < 1e20; limit *= 1.1) {
      above[n++] = limit;
    }
    double[] all = new double[2 * n + 2];
    for (int i = 0; i < n; i++) {
      all[i] = -above[n - 1 - i];
      all[n + 1 + i] = above[i];
    }
    all[n] = 0;
    all[2 * n + 1] = Double.MAX_VALUE;
    return all;
  }

  /** Counts a value. */
  public void add(double value) {
    if (!Double.isFinite(value)) {
      return;
    }
    // A bucket has the values from the limit before, inclusive, to its own.
    int found = Arrays.binarySearch(LIMITS, value);
    counts[Math.min(found >= 0 ? found + 1 : -found - 1, counts.length - 1)]++;
    min = Math.min(min, value);
    max = Math.max(max, value);
    count++;
    sum += value;
    squares += value * value;
  }

  /**
   * HistogramProto of tensorflow's summary.proto; buckets before the first and after the last value
   * are left out.
   */
  Message message() {
    int from = 0;
    int to = counts.length - 1;
    while (from < to && counts[from] == 0) {
      from++;
    }
    while (to > from && counts[to] == 0) {
      to--;
    }
    from = Math.max(0, from - 1); // an empty one says where the first begins
    return new Message()
        .put(1, count == 0 ? 0 : min)
        .put(2, count == 0 ? 0 : max)
        .put(3, count)
        .put(4, sum)
        .put(5, squares)
        .put(6, Arrays.copyOfRange(LIMITS, from, to + 1))
        .put(7, Arrays.copyOfRange(counts, from, to + 1));
  }
}
