package dev.gatun.app.search;

import java.util.List;

/**
 * The values of one parameter. Strategies see a value as its code, a number: itself, or the index
 * of an option; and as its place in [0, 1), in which every value of a scale has an equal share.
 */
public sealed interface Domain {
  /** The value of a code: {@link Double}, {@link Long} or an option. */
  Object value(double code);

  /**
   * The code of a value.
   *
   * @param value any {@link Number}, or an option
   * @throws IllegalArgumentException when it is none of the domain's, with the valid ones
   */
  double code(Object value);

  /** The code at a place in [0, 1]; whole numbers and options have equal parts of it. */
  double at(double place);

  /** The place of a code: of whole numbers and options the middle of their part. */
  double place(double code);

  /** How many values there are; {@link Long#MAX_VALUE} of real numbers. */
  long size();

  /** Refuses bounds that are no range. */
  private static void check(double low, double high, boolean log) {
    if (!(low < high) || !Double.isFinite(high - low)) {
      throw new IllegalArgumentException(
          "a range goes from a number to a larger one, not from " + low + " to " + high);
    }
    if (log && low <= 0) {
      throw new IllegalArgumentException(
          "a logarithmic range begins above 0, not at " + low + " (to " + high + ")");
    }
  }

  private static double number(Object value, Domain domain) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw outside(value, domain);
  }

  private static IllegalArgumentException outside(Object value, Domain domain) {
    return new IllegalArgumentException(value + " is not in " + domain);
  }

  /**
   * Real numbers.
   *
   * @param low the least
   * @param high the largest, above low
   * @param log whether their logarithm is what is spread evenly; then low is above 0
   */
  record Real(double low, double high, boolean log) implements Domain {
    public Real {
      check(low, high, log);
    }

    @Override
    public Object value(double code) {
      return code;
    }

    @Override
    public double code(Object value) {
      double code = number(value, this);
      if (!(code >= low && code <= high)) {
        throw outside(value, this);
      }
      return code;
    }

    @Override
    public double at(double place) {
      double code =
          log
              ? Math.exp(Math.log(low) + place * (Math.log(high) - Math.log(low)))
              : low + place * (high - low);
      return Math.clamp(code, low, high);
    }

    @Override
    public double place(double code) {
      return log
          ? (Math.log(code) - Math.log(low)) / (Math.log(high) - Math.log(low))
          : (code - low) / (high - low);
    }

    @Override
    public long size() {
      return Long.MAX_VALUE;
    }

    @Override
    public String toString() {
      return (log ? "log-uniform " : "uniform ") + low + " to " + high;
    }
  }

  /**
   * Whole numbers.
   *
   * @param low the least
   * @param high the largest, above low, within 2^53 of 0
   * @param log whether their logarithm is what is spread evenly; then low is above 0
   */
  record Whole(long low, long high, boolean log) implements Domain {
    private static final long EXACT = 1L << 53;

    public Whole {
      check((double) low, (double) high, log);
      if (low < -EXACT || high > EXACT) {
        throw new IllegalArgumentException(
            "whole numbers are within 2^53 of 0, not from " + low + " to " + high);
      }
    }

    @Override
    public Object value(double code) {
      return (long) code;
    }

    @Override
    public double code(Object value) {
      double code = number(value, this);
      if (!(code >= low && code <= high) || code != Math.rint(code)) {
        throw outside(value, this);
      }
      return code;
    }

    @Override
    public double at(double place) {
      double from = scale(low - 0.5);
      double at = from + place * (scale(high + 0.5) - from);
      return Math.clamp(Math.rint(log ? Math.exp(at) : at), (double) low, (double) high);
    }

    @Override
    public double place(double code) {
      double from = scale(low - 0.5);
      return (scale(code) - from) / (scale(high + 0.5) - from);
    }

    private double scale(double value) {
      return log ? Math.log(value) : value;
    }

    @Override
    public long size() {
      return high - low + 1;
    }

    @Override
    public String toString() {
      return (log ? "log-integer " : "integer ") + low + " to " + high;
    }
  }

  /**
   * Options without an order. Equal to {@link Object#equals}; whole numbers of any type are equal.
   *
   * @param options at least one, all different: texts, booleans, numbers or what has an equals
   */
  record Choice(List<Object> options) implements Domain {
    public Choice {
      options = List.copyOf(options);
      if (options.isEmpty()) {
        throw new IllegalArgumentException("a choice needs at least one option");
      }
      if (options.stream().map(Choice::canonical).distinct().count() < options.size()) {
        throw new IllegalArgumentException("the options of a choice differ, unlike " + options);
      }
    }

    private static Object canonical(Object option) {
      return option instanceof Number number ? (Object) number.doubleValue() : option;
    }

    @Override
    public Object value(double code) {
      return options.get((int) code);
    }

    @Override
    public double code(Object value) {
      for (int i = 0; i < options.size(); i++) {
        if (canonical(options.get(i)).equals(canonical(value))) {
          return i;
        }
      }
      throw outside(value, this);
    }

    @Override
    public double at(double place) {
      return Math.clamp(Math.floor(place * options.size()), 0.0, options.size() - 1.0);
    }

    @Override
    public double place(double code) {
      return (code + 0.5) / options.size();
    }

    @Override
    public long size() {
      return options.size();
    }

    @Override
    public String toString() {
      return "one of " + options;
    }
  }
}
