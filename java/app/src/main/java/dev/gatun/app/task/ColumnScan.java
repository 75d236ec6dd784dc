package dev.gatun.app.task;

import dev.gatun.app.config.Numbers;
import dev.gatun.data.TsFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** Counts over one column of a CSV file, whatever is in it. */
public final class ColumnScan {
  private final String name;
  private long numbers;
  private long missing;
  private long notNumbers;
  private long notFinite;
  private long tooLarge;
  private long firstBad = -1;
  private double least = Double.POSITIVE_INFINITY;
  private double most = Double.NEGATIVE_INFINITY;
  private double mean;
  private double squares;

  private ColumnScan(String name) {
    this.name = name;
  }

  /**
   * Scans every column of a file, or every dimension of a {@code .ts}.
   *
   * @param cells which are empty
   */
  public static List<ColumnScan> of(Path file, Cells cells) {
    return LabelData.isTs(file) ? ofTs(file, cells) : ofCsv(file, cells);
  }

  /** Whether a file names its columns itself. */
  public static boolean hasHeader(Path file) {
    return !LabelData.isTs(file);
  }

  private static List<ColumnScan> ofTs(Path file, Cells cells) {
    TsFile ts = LabelData.ts(file);
    List<ColumnScan> columns = new ArrayList<>();
    LabelData.dimensions(ts).forEach(name -> columns.add(new ColumnScan(name)));
    for (TsFile.Sequence sequence : ts.sequences()) {
      for (double[] step : sequence.values()) {
        for (int c = 0; c < step.length; c++) {
          // The format knows no other NaN than a missing value.
          String text = Double.isNaN(step[c]) ? "" : Double.toString(step[c]);
          columns.get(c).add(text, cells, sequence.line());
        }
      }
    }
    return columns;
  }

  private static List<ColumnScan> ofCsv(Path file, Cells cells) {
    List<ColumnScan> columns = new ArrayList<>();
    CsvSeries.forEach(
        file,
        row -> {
          if (columns.isEmpty()) {
            row.getHeader().forEach(name -> columns.add(new ColumnScan(name)));
          }
          for (int c = 0; c < columns.size(); c++) {
            String text = c < row.getFieldCount() ? row.getField(c).strip() : "";
            columns.get(c).add(text, cells, row.getStartingLineNumber());
          }
        });
    return columns;
  }

  private void add(String text, Cells cells, long line) {
    double value = Double.NaN;
    if (cells.missing(text)) {
      missing++;
      if (cells.allowed()) {
        return;
      }
    } else {
      OptionalDouble read = Numbers.read(text);
      value = read.orElse(Double.NaN);
      if (read.isEmpty()) {
        notNumbers++;
      } else if (!Double.isFinite(value)) {
        notFinite++;
      } else if (Math.abs(value) > Float.MAX_VALUE) {
        tooLarge++;
        value = Double.NaN;
      }
    }
    if (!Double.isFinite(value)) {
      firstBad = firstBad < 0 ? line : firstBad;
      return;
    }
    numbers++;
    least = Math.min(least, value);
    most = Math.max(most, value);
    double step = value - mean;
    mean += step / numbers; // Welford's recurrence: no large sums to cancel
    squares += step * (value - mean);
  }

  /** The column's name. */
  public String name() {
    return name;
  }

  /** Fields that are numbers a network can be given. */
  public long numbers() {
    return numbers;
  }

  /** Empty fields, and those that say so. */
  public long missing() {
    return missing;
  }

  /** Fields that are no numbers. */
  public long notNumbers() {
    return notNumbers;
  }

  /** Fields that are infinite or NaN. */
  public long notFinite() {
    return notFinite;
  }

  /** Fields with numbers that no float32 holds. */
  public long tooLarge() {
    return tooLarge;
  }

  /** The first line without a usable number; -1 if all have one. */
  public long firstBad() {
    return firstBad;
  }

  /** Whether every number is the same. */
  public boolean constant() {
    return numbers > 0 && least == most;
  }

  /** The least number. */
  public double least() {
    return least;
  }

  /** The largest number. */
  public double most() {
    return most;
  }

  /** The mean of the numbers. */
  public double mean() {
    return numbers == 0 ? Double.NaN : mean;
  }

  /** Their standard deviation. */
  public double deviation() {
    return numbers == 0 ? Double.NaN : Math.sqrt(squares / numbers);
  }
}
