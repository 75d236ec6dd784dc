package dev.gatun.data;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Takes the rows of a series one by one, as they are read. Its memory is that of the series; with
 * {@link #inFile} it does not grow with the rows.
 */
public final class SeriesBuilder implements AutoCloseable {
  private final List<String> names;
  private final @Nullable Spool spool;
  private final @Nullable List<String> labels;
  private final boolean clocked;
  private double[] values = new double[1024];
  private int size;
  private int rows;

  /** The time of the row before. */
  private double before = Double.NEGATIVE_INFINITY;

  private SeriesBuilder(List<String> names, boolean clocked, boolean labelled, boolean inFile) {
    this.names = List.copyOf(names);
    this.clocked = clocked;
    labels = labelled ? new ArrayList<>() : null;
    spool = inFile ? new Spool() : null;
  }

  /**
   * A series in memory.
   *
   * @param names of the columns
   * @param labelled whether rows have labels
   * @param clocked whether rows have a time, see {@link Series#clock}
   */
  public static SeriesBuilder inMemory(List<String> names, boolean labelled, boolean clocked) {
    return new SeriesBuilder(names, clocked, labelled, false);
  }

  /**
   * A series in a temporary file, which is mapped: for more rows than memory should hold. Rows have
   * no labels.
   *
   * @param names of the columns
   * @param clocked whether rows have a time
   */
  public static SeriesBuilder inFile(List<String> names, boolean clocked) {
    return new SeriesBuilder(names, clocked, false, true);
  }

  /**
   * Adds a row.
   *
   * @param row a value for each column, NaN where it is missing; copied
   * @param label what the row is called; ignored in a series without labels
   * @param clock its time in any unit, not before the row before; ignored in one without times
   * @throws IllegalArgumentException if a value is infinite, the row has too many or too few, or
   *     its time is not finite or before that of the row before; the row is then left out
   */
  public void add(double[] row, @Nullable String label, double clock) {
    if (row.length != names.size()) {
      throw new IllegalArgumentException(row.length + " values for " + names.size() + " columns");
    }
    if (clocked && !(clock >= before && Double.isFinite(clock))) {
      throw new IllegalArgumentException(
          "row %d: the time is %s; it must be a finite number, not before the %s of the row before"
              .formatted(rows + 1, clock, before));
    }
    for (int c = 0; c < row.length; c++) {
      if (Double.isInfinite(row[c])) {
        throw new IllegalArgumentException(
            "row %d, column %s: the value is %s; every value must be a finite number"
                .formatted(rows + 1, names.get(c), row[c]));
      }
    }
    for (double value : row) {
      put(value);
    }
    if (clocked) {
      put(clock);
      before = clock;
    }
    if (labels != null) {
      labels.add(Objects.requireNonNull(label, "label"));
    }
    rows = Math.incrementExact(rows);
  }

  private void put(double value) {
    if (spool != null) {
      spool.put(value);
      return;
    }
    int at = size++;
    if (at == values.length) {
      values = Arrays.copyOf(values, Math.addExact(at, Math.max(1024, at >> 1)));
    }
    values[at] = value;
  }

  /** The rows so far. */
  public int rows() {
    return rows;
  }

  /**
   * The series of all rows.
   *
   * @throws IllegalArgumentException if names repeat
   */
  public Series build() {
    MemorySegment all =
        spool != null
            ? (rows == 0 ? MemorySegment.NULL : spool.map())
            : MemorySegment.ofArray(Arrays.copyOf(values, size));
    return new Series(names, all, rows, clocked, labels);
  }

  /** Ends the writing; what was built stays. */
  @Override
  public void close() {
    if (spool != null) {
      spool.close();
    }
  }
}
