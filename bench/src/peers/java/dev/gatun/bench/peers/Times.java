package dev.gatun.bench.peers;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/**
 * Times of single runs.
 *
 * @param median in nanoseconds
 * @param p99 in nanoseconds
 */
record Times(double median, double p99) {
  /** The median of the rounds' figures. */
  static Times median(List<Times> rounds) {
    return new Times(
        middle(sorted(rounds, Times::median).toArray()),
        middle(sorted(rounds, Times::p99).toArray()));
  }

  /** The lowest of the rounds' figures: what others do on the machine only adds to them. */
  static Times best(List<Times> rounds) {
    return new Times(
        sorted(rounds, Times::median).findFirst().orElseThrow(),
        sorted(rounds, Times::p99).findFirst().orElseThrow());
  }

  private static DoubleStream sorted(List<Times> rounds, ToDoubleFunction<Times> figure) {
    return rounds.stream().mapToDouble(figure).sorted();
  }

  private static double middle(double[] sorted) {
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  /** Nanoseconds as people read them. */
  static String text(double nanos) {
    return nanos < 1e6
        ? String.format(Locale.ROOT, "%.2f µs", nanos * 1e-3)
        : String.format(Locale.ROOT, "%.2f ms", nanos * 1e-6);
  }

  @Override
  public String toString() {
    return "median " + text(median) + ", p99 " + text(p99);
  }
}
