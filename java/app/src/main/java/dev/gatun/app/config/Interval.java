package dev.gatun.app.config;

/**
 * The numbers a key accepts.
 *
 * @param low lower end
 * @param withLow whether the lower end belongs to it
 * @param high upper end
 * @param withHigh whether the upper end belongs to it
 */
record Interval(double low, boolean withLow, double high, boolean withHigh) {
  static Interval atLeast(double low) {
    return new Interval(low, true, Double.POSITIVE_INFINITY, false);
  }

  static Interval above(double low) {
    return new Interval(low, false, Double.POSITIVE_INFINITY, false);
  }

  Interval atMost(double end) {
    return new Interval(low, withLow, end, true);
  }

  Interval below(double end) {
    return new Interval(low, withLow, end, false);
  }

  boolean contains(double x) {
    return (withLow ? x >= low : x > low) && (withHigh ? x <= high : x < high);
  }

  @Override
  public String toString() {
    String from = (withLow ? "at least " : "above ") + Type.shortest(low);
    if (high == Double.POSITIVE_INFINITY) {
      return from;
    }
    return from + " and " + (withHigh ? "at most " : "below ") + Type.shortest(high);
  }
}
