package dev.gatun.app.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Maps values to places along one side of a chart.
 *
 * @param low value at the start
 * @param high value at the end, above low
 * @param step distance of ticks: 1, 2 or 5 times a power of ten
 * @param from place of low
 * @param to place of high
 */
public record Axis(double low, double high, double step, double from, double to) {
  private static final int TICKS = 7;

  /**
   * An axis over a range of data; ends at the data if tight, else at the ticks around it.
   *
   * @param low least value; with high below it there is no data
   */
  public static Axis over(double low, double high, boolean tight, double from, double to) {
    double least = low <= high ? low : 0;
    double most = low <= high ? high : 1;
    if (least == most) {
      double margin = least == 0 ? 1 : Math.abs(least) * 0.1;
      least -= margin;
      most += margin;
    }
    double step = niceStep((most - least) / TICKS);
    return tight
        ? new Axis(least, most, step, from, to)
        : new Axis(Math.floor(least / step) * step, Math.ceil(most / step) * step, step, from, to);
  }

  private static double niceStep(double rough) {
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double times = rough / power;
    return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
  }

  /** The place of a value. */
  public double at(double value) {
    return from + (value - low) / (high - low) * (to - from);
  }

  /** The values that are marked, all within the axis. */
  public List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    long first = (long) Math.ceil(low / step - 1e-9);
    for (long i = first; i * step <= high + step * 1e-9; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  /** A tick's text, with as many decimals as the step needs. */
  public String label(double tick) {
    double largest = Math.max(Math.abs(low), Math.abs(high));
    if (largest >= 1e7 || step < 1e-5) {
      return String.format(Locale.ROOT, "%.1e", tick);
    }
    int decimals = (int) Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    return String.format(Locale.ROOT, "%." + decimals + "f", tick);
  }
}
