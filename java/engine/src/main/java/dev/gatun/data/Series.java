package dev.gatun.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Named columns of numbers, one row per time step, the earliest first. A value may be missing where
 * the series was made for that: {@link #withGaps}, {@link SeriesBuilder}.
 */
public final class Series {
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE;

  private final List<String> names;
  private final MemorySegment values; // [row][column], then the row's time where there is one
  private final int width;
  private final boolean clocked;
  private final @Nullable List<String> times;
  private final int rows;
  private final long[] missing;

  /**
   * Copies columns.
   *
   * @param names one name for each column
   * @param columns [column][row], all of one length
   * @param times what each row is called, such as its date; null: rows have only numbers
   * @throws IllegalArgumentException if names repeat, lengths differ, or a value is missing or
   *     infinite, with its row (from 1) and column
   */
  public Series(List<String> names, double[][] columns, @Nullable List<String> times) {
    this(names, interleaved(names, columns), height(columns), false, times);
    for (int c = 0; c < missing.length; c++) {
      if (missing[c] > 0) {
        throw new IllegalArgumentException(
            "row %s, column %s: the value is missing; every value must be a finite number"
                .formatted(label(nextMissing(0, c)), names.get(c)));
      }
    }
  }

  /**
   * Takes rows as they lie.
   *
   * @param values [row][column], with {@code clocked} followed by the row's time
   */
  Series(
      List<String> names,
      MemorySegment values,
      int rows,
      boolean clocked,
      @Nullable List<String> times) {
    this.names = List.copyOf(names);
    this.times = times == null ? null : List.copyOf(times);
    this.values = values;
    this.rows = rows;
    this.clocked = clocked;
    width = names.size() + (clocked ? 1 : 0);
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (!seen.add(name)) {
        throw new IllegalArgumentException("two columns are named " + name);
      }
    }
    if (times != null && times.size() != rows) {
      throw new IllegalArgumentException(times.size() + " time labels for " + rows + " rows");
    }
    missing = new long[names.size()];
    countMissing();
  }

  private void countMissing() {
    for (int row = 0; row < rows; row++) {
      for (int c = 0; c < missing.length; c++) {
        double value = value(row, c);
        if (Double.isInfinite(value)) {
          throw new IllegalArgumentException(
              "row %s, column %s: the value is %s; every value must be a finite number"
                  .formatted(label(row), names.get(c), value));
        }
        missing[c] += Double.isNaN(value) ? 1 : 0;
      }
    }
  }

  private static int height(double[][] columns) {
    return columns.length == 0 ? 0 : columns[0].length;
  }

  private static MemorySegment interleaved(List<String> names, double[][] columns) {
    if (names.isEmpty() || names.size() != columns.length) {
      throw new IllegalArgumentException(
          names.size() + " names for " + columns.length + " columns; a series needs at least 1");
    }
    int rows = columns[0].length;
    double[] all = new double[Math.multiplyExact(rows, columns.length)];
    for (int c = 0; c < columns.length; c++) {
      if (columns[c].length != rows) {
        throw new IllegalArgumentException(
            "column %s has %d rows, column %s %d"
                .formatted(names.get(c), columns[c].length, names.get(0), rows));
      }
      for (int row = 0; row < rows; row++) {
        all[row * columns.length + c] = columns[c][row];
      }
    }
    return MemorySegment.ofArray(all);
  }

  /**
   * As {@link #Series(List, double[][], List)} with values that may be missing.
   *
   * @param columns [column][row], NaN where a value is missing
   */
  public static Series withGaps(
      List<String> names, double[][] columns, @Nullable List<String> times) {
    return new Series(names, interleaved(names, columns), height(columns), false, times);
  }

  /** The number of rows. */
  public int rows() {
    return rows;
  }

  /** The names of the columns. */
  public List<String> names() {
    return names;
  }

  /**
   * The index of a column.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public int column(String name) {
    int index = names.indexOf(name);
    if (index < 0) {
      throw new IllegalArgumentException("no column " + name + "; there are " + names);
    }
    return index;
  }

  /** A value; NaN where it is missing. */
  public double value(int row, int column) {
    return values.getAtIndex(DOUBLE, (long) row * width + column);
  }

  /** Whether a value is there. */
  public boolean known(int row, int column) {
    return !Double.isNaN(value(row, column));
  }

  /** The number of values that a column misses. */
  public long missing(int column) {
    return missing[column];
  }

  /** Whether any value is missing. */
  public boolean hasGaps() {
    for (long count : missing) {
      if (count > 0) {
        return true;
      }
    }
    return false;
  }

  /** The first row from one on where a column's value is missing; the number of rows if none is. */
  int nextMissing(int from, int column) {
    int row = from;
    while (row < rows && known(row, column)) {
      row++;
    }
    return row;
  }

  /** The last row up to one where a column's value is known; -1 if none is. */
  int lastKnown(int from, int column) {
    int row = from;
    while (row >= 0 && !known(row, column)) {
      row--;
    }
    return row;
  }

  /**
   * The time of a row, in the mean distance of two rows: its number from 0 in a series without
   * times.
   */
  public double clock(int row) {
    if (!clocked) {
      return row;
    }
    double first = time(0);
    double span = time(rows - 1) - first;
    return span > 0 ? (time(row) - first) * ((rows - 1) / span) : row;
  }

  private double time(int row) {
    return values.getAtIndex(DOUBLE, (long) row * width + names.size());
  }

  /** Whether the values lie in a temporary file rather than in memory. */
  public boolean inFile() {
    return values.isMapped();
  }

  /** What a row is called: its number from 1, with its time where there is one. */
  public String label(int row) {
    return times == null ? Integer.toString(row + 1) : (row + 1) + " (" + times.get(row) + ")";
  }

  /** The time labels, or null. */
  public @Nullable List<String> times() {
    return times;
  }

  /**
   * The same with what each row is called.
   *
   * @throws IllegalArgumentException if there are more or fewer than rows
   */
  public Series withTimes(List<String> labels) {
    return new Series(names, values, rows, clocked, labels);
  }

  /** The columns that have one value throughout some rows: nothing can be learned from them. */
  public List<String> constants(Range range) {
    range.within(rows, "a series");
    List<String> constants = new ArrayList<>();
    for (int c = 0; c < names.size(); c++) {
      double one = Double.NaN;
      boolean constant = range.size() > 0;
      for (int row = range.from(); row < range.to() && constant; row++) {
        double value = value(row, c);
        constant = Double.isNaN(value) || Double.isNaN(one) || value == one;
        one = Double.isNaN(value) ? one : value;
      }
      if (constant && !Double.isNaN(one)) {
        constants.add(names.get(c));
      }
    }
    return constants;
  }
}
