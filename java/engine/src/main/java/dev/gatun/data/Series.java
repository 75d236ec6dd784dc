package dev.gatun.data;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Named columns of numbers, one row per time step, the earliest first. */
public final class Series {
  private final List<String> names;
  private final double[][] columns;
  private final @Nullable List<String> times;
  private final int rows;

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
    this.names = List.copyOf(names);
    this.times = times == null ? null : List.copyOf(times);
    if (names.isEmpty() || names.size() != columns.length) {
      throw new IllegalArgumentException(
          names.size() + " names for " + columns.length + " columns; a series needs at least 1");
    }
    rows = columns[0].length;
    this.columns = new double[columns.length][];
    Set<String> seen = new HashSet<>();
    for (int c = 0; c < columns.length; c++) {
      if (!seen.add(names.get(c))) {
        throw new IllegalArgumentException("two columns are named " + names.get(c));
      }
      if (columns[c].length != rows) {
        throw new IllegalArgumentException(
            "column %s has %d rows, column %s %d"
                .formatted(names.get(c), columns[c].length, names.get(0), rows));
      }
      this.columns[c] = columns[c].clone();
    }
    if (times != null && times.size() != rows) {
      throw new IllegalArgumentException(times.size() + " time labels for " + rows + " rows");
    }
    checkValues();
  }

  private void checkValues() {
    for (int row = 0; row < rows; row++) {
      for (int c = 0; c < columns.length; c++) {
        double value = columns[c][row];
        if (!Double.isFinite(value)) {
          throw new IllegalArgumentException(
              "row %s, column %s: %s; every value must be a finite number"
                  .formatted(
                      label(row),
                      names.get(c),
                      Double.isNaN(value) ? "the value is missing" : "the value is " + value));
        }
      }
    }
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

  /** A value. */
  public double value(int row, int column) {
    return columns[column][row];
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
    return new Series(names, columns, labels);
  }

  /** The columns that have one value throughout some rows: nothing can be learned from them. */
  public List<String> constants(Range range) {
    range.within(rows, "a series");
    List<String> constants = new ArrayList<>();
    for (int c = 0; c < columns.length; c++) {
      int row = range.from() + 1;
      while (row < range.to() && columns[c][row] == columns[c][range.from()]) {
        row++;
      }
      if (range.size() > 0 && row >= range.to()) {
        constants.add(names.get(c));
      }
    }
    return constants;
  }
}
