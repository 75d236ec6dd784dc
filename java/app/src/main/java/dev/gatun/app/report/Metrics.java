package dev.gatun.app.report;

import dev.gatun.app.config.InputException;
import dev.gatun.persist.AtomicFiles;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code metrics.csv}: one row per report. A value that there is none of is an empty field. */
public final class Metrics {
  /** The columns that every run has. */
  public static final List<String> COLUMNS =
      List.of("step", "epoch", "seconds", "train_loss", "validation_loss", "rate", "gradient_norm");

  private final Path file;
  private final List<String> columns;
  private final List<double[]> rows;

  private Metrics(Path file, List<String> columns, List<double[]> rows) {
    this.file = file;
    this.columns = columns;
    this.rows = rows;
  }

  /** Starts an empty file, replacing one of a run that has no checkpoint. */
  public static Metrics create(Path file) throws IOException {
    return create(file, List.of());
  }

  /**
   * As {@link #create(Path)}, with columns after those that every run has.
   *
   * @param more their names
   */
  public static Metrics create(Path file, List<String> more) throws IOException {
    List<String> columns = Stream.concat(COLUMNS.stream(), more.stream()).toList();
    Metrics metrics = new Metrics(file, columns, new ArrayList<>());
    metrics.rewrite();
    return metrics;
  }

  /**
   * Reads a file.
   *
   * @throws InputException if a line is malformed
   */
  public static Metrics read(Path file) throws IOException {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (CharacterCodingException e) {
      throw new InputException(file + ": not a run's metrics: not UTF-8 text", e);
    }
    List<String> columns = lines.isEmpty() ? List.of() : List.of(lines.getFirst().split(","));
    if (columns.size() < COLUMNS.size() || !columns.subList(0, COLUMNS.size()).equals(COLUMNS)) {
      throw new InputException(
          file + ":1: not a run's metrics; the columns are " + String.join(",", COLUMNS));
    }
    List<double[]> rows = new ArrayList<>();
    for (int i = 1; i < lines.size(); i++) {
      String[] fields = lines.get(i).split(",", -1);
      boolean last = i == lines.size() - 1;
      if (fields.length == columns.size()) {
        rows.add(parse(file, i + 1, fields));
      } else if (!last) { // the last line may be cut by a kill while it was written
        throw new InputException(
            "%s:%d: %d fields; there are %d columns"
                .formatted(file, i + 1, fields.length, columns.size()));
      }
    }
    return new Metrics(file, columns, rows);
  }

  private static double[] parse(Path file, int line, String[] fields) {
    double[] row = new double[fields.length];
    for (int c = 0; c < fields.length; c++) {
      try {
        row[c] = fields[c].isEmpty() ? Double.NaN : Double.parseDouble(fields[c]);
      } catch (NumberFormatException e) {
        throw new InputException(
            "%s:%d: \"%s\" is not a number".formatted(file, line, fields[c]), e);
      }
    }
    return row;
  }

  /** Leaves out the rows after a step, which a resumed run writes again. */
  public void cutBack(long step) throws IOException {
    rows.removeIf(row -> row[0] > step);
    rewrite();
  }

  /** Adds a row; one of the same step, from before a resume, is replaced. */
  public void add(double... row) throws IOException {
    if (row.length != columns.size()) {
      throw new IllegalArgumentException(row.length + " values for " + columns.size());
    }
    boolean again = rows.removeIf(r -> r[0] >= row[0]);
    rows.add(row.clone());
    if (again) {
      rewrite();
    } else {
      AtomicFiles.append(file, line(row));
    }
  }

  /** As {@link #add(double...)}, by name: a column without a value stays empty. */
  public void add(Map<String, Double> values) throws IOException {
    add(columns.stream().mapToDouble(name -> values.getOrDefault(name, Double.NaN)).toArray());
  }

  /** The names of the columns. */
  public List<String> columns() {
    return columns;
  }

  /** A column over all rows. */
  public double[] column(String name) {
    int c = columns.indexOf(name);
    if (c < 0) {
      throw new IllegalArgumentException(
          "no column " + name + "; there are " + String.join(", ", columns));
    }
    return rows.stream().mapToDouble(row -> row[c]).toArray();
  }

  /** The number of rows. */
  public int size() {
    return rows.size();
  }

  private void rewrite() throws IOException {
    StringBuilder text = new StringBuilder(String.join(",", columns)).append('\n');
    rows.forEach(row -> text.append(line(row)));
    AtomicFiles.write(file, text.toString());
  }

  private static String line(double[] row) {
    StringBuilder line = new StringBuilder();
    for (double value : row) {
      line.append(text(value)).append(',');
    }
    line.setCharAt(line.length() - 1, '\n');
    return line.toString();
  }

  private static String text(double value) {
    if (Double.isNaN(value)) {
      return "";
    }
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
