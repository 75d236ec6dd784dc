package dev.gatun.data;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a window sees of each row: its inputs, scaled and without gaps, and where asked for whether
 * each was there and how long the one before is ago.
 */
final class WindowInputs {

  private final Series series;
  private final Scaler scaler;
  private final @Nullable Filling filling;
  private final int[] columns;
  private final int width;
  private final boolean linear;
  private final MemorySegment rows; // [row][width]
  private final float[] base;

  WindowInputs(WindowData data, int[] columns) {
    series = data.series();
    scaler = data.scaler();
    filling = data.filling();
    this.columns = columns.clone();
    width = data.features();
    linear = filling != null && filling.method() == MissingValues.LINEAR && series.hasGaps();
    base = new float[columns.length];
    if (series.inFile()) {
      try (Spool spool = new Spool()) {
        each(spool::put);
        rows = spool.map();
      }
      return;
    }
    if (series.rows() > Integer.MAX_VALUE / width) {
      throw new IllegalArgumentException(
          "%d rows of %d inputs are more than the 2^31 - 1 values of a series: give fewer of either"
              .formatted(series.rows(), width));
    }
    float[] all = new float[series.rows() * width];
    int[] next = {0};
    each(value -> all[next[0]++] = value);
    rows = MemorySegment.ofArray(all);
  }

  /** Takes one number. */
  @FunctionalInterface
  private interface Sink {
    void put(float value);
  }

  /** Gives all numbers, row by row. */
  private void each(Sink sink) {
    int[] last = new int[columns.length];
    double[] ages = new double[columns.length];
    Arrays.fill(last, -1);
    for (int row = 0; row < series.rows(); row++) {
      for (int i = 0; i < columns.length; i++) {
        ages[i] = row == 0 ? 0 : series.clock(row) - series.clock(Math.max(0, last[i]));
        if (series.known(row, columns[i])) {
          last[i] = row;
        }
        sink.put((float) scaler.scale(columns[i], filled(row, last[i], columns[i])));
      }
      if (width == columns.length || filling == null) {
        continue;
      }
      for (int i = 0; i < columns.length; i++) {
        sink.put(last[i] == row ? 1 : 0);
      }
      boolean mask = filling.method() == MissingValues.MASK;
      for (int i = 0; i < columns.length; i++) {
        sink.put((float) (mask ? Math.log1p(ages[i]) : ages[i]));
      }
    }
  }

  private double filled(int row, int last, int column) {
    if (last == row || filling == null) {
      return series.value(row, column);
    }
    return switch (filling.method()) {
      case FORWARD, LINEAR, DECAY -> last < 0 ? filling.value(column) : series.value(last, column);
      default -> filling.value(column);
    };
  }

  /** The number of inputs of a step. */
  int width() {
    return width;
  }

  /** The last value of a column known at a row, in its own unit: what differences start from. */
  double known(int row, int column) {
    int last = series.lastKnown(row, column);
    return last >= 0 || filling == null ? series.value(last, column) : filling.value(column);
  }

  /**
   * Writes a row as a step of a sequence.
   *
   * @param end the last row that the window sees
   */
  void write(Batch into, int t, int n, int row, int end) {
    into.features(t, n, rows, (long) row * width);
    if (linear) {
      for (int i = 0; i < columns.length; i++) {
        if (!series.known(row, columns[i])) {
          into.feature(t, n, i, interpolated(row, end, columns[i]));
        }
      }
    }
  }

  private float interpolated(int row, int end, int column) {
    int before = series.lastKnown(row, column);
    int after = row + 1;
    while (after <= end && !series.known(after, column)) {
      after++;
    }
    if (before < 0 || after > end) {
      return (float) scaler.scale(column, known(row, column));
    }
    double low = series.value(before, column);
    double high = series.value(after, column);
    double start = series.clock(before);
    double span = series.clock(after) - start;
    double part = span > 0 ? (series.clock(row) - start) / span : 0;
    return (float) scaler.scale(column, low + part * (high - low));
  }

  /** Makes inputs their distance from the last known ones at a window's end. */
  void makeRelative(Batch into, int steps, int n, int end) {
    for (int i = 0; i < columns.length; i++) {
      base[i] = (float) scaler.scale(columns[i], known(end, columns[i]));
    }
    for (int t = 0; t < steps; t++) {
      into.subtractFeatures(t, n, base);
    }
  }

  /** Whether every input of some rows is there. */
  boolean complete(int from, int to) {
    for (int row = from; row < to; row++) {
      for (int c : columns) {
        if (!series.known(row, c)) {
          return false;
        }
      }
    }
    return true;
  }
}
