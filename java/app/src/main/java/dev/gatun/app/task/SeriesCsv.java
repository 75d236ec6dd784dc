package dev.gatun.app.task;

import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.SeriesKeys;
import dev.gatun.data.Series;
import dev.gatun.data.SeriesBuilder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A series as its file is read, row by row.
 *
 * @param series the columns that are seen or forecast
 * @param validationFrom the row that {@code data.validation_from} names; -1: none
 * @param testFrom the row that {@code data.test_from} names; -1: none
 * @param lastTime of the last row; empty where rows have no times
 */
record SeriesCsv(Series series, int validationFrom, int testFrom, String lastTime) {

  /** The columns that a model sees. */
  static List<String> inputs(Config config) {
    List<String> inputs = config.get(DataKeys.INPUTS);
    return inputs.isEmpty() ? config.get(DataKeys.TARGETS) : inputs;
  }

  /**
   * Reads a file.
   *
   * @throws InputException naming file, line and column of what is wrong
   */
  static SeriesCsv read(Config config, Path file) {
    try (Reading reading = new Reading(config, file)) {
      CsvSeries.forEach(file, reading::add);
      return reading.result();
    }
  }

  /** The rows so far. */
  private static final class Reading implements AutoCloseable {
    private final Config config;
    private final Path file;
    private final Cells cells;
    private final List<String> names;
    private final String time;
    private final TimeColumn times;
    private final double[] values;
    private @Nullable SeriesBuilder builder;

    Reading(Config config, Path file) {
      this.config = config;
      this.file = file;
      cells = Cells.of(config);
      Set<String> columns = new LinkedHashSet<>(inputs(config));
      columns.addAll(config.get(DataKeys.TARGETS));
      names = new ArrayList<>(columns);
      time = config.get(DataKeys.TIME);
      times =
          new TimeColumn(
              file,
              time,
              List.of(config.get(SeriesKeys.VALIDATION_FROM), config.get(SeriesKeys.TEST_FROM)));
      values = new double[names.size()];
    }

    void add(NamedCsvRecord row) {
      String label = null;
      SeriesBuilder into = builder;
      if (into == null) {
        into = begin(row);
        builder = into;
      }
      double clock = Double.NaN;
      if (!time.isEmpty()) {
        label = CsvSeries.field(file, row, time);
        clock = times.add(label, row.getStartingLineNumber());
      }
      for (int c = 0; c < values.length; c++) {
        values[c] = CsvSeries.number(file, row, names.get(c), cells);
      }
      into.add(values, label, clock);
    }

    private SeriesBuilder begin(NamedCsvRecord first) {
      CsvSeries.checkHeader(first.getHeader(), names, this::noColumn);
      boolean labelled = !time.isEmpty();
      boolean clocked = false;
      if (labelled) {
        CsvSeries.checkHeader(first.getHeader(), List.of(time), this::noColumn);
        clocked = TimeColumn.isTime(CsvSeries.field(file, first, time));
      }
      return config.get(SeriesKeys.STREAM)
          ? SeriesBuilder.inFile(names, clocked)
          : SeriesBuilder.inMemory(names, labelled, clocked);
    }

    private InputException noColumn(String name, List<String> there) {
      return config.error(
          name.equals(time)
              ? DataKeys.TIME
              : config.get(DataKeys.TARGETS).contains(name) ? DataKeys.TARGETS : DataKeys.INPUTS,
          "no column \"%s\" in %s; there are %s".formatted(name, file, String.join(", ", there)));
    }

    SeriesCsv result() {
      if (builder == null) {
        throw CsvSeries.noRows(file);
      }
      return new SeriesCsv(builder.build(), times.firstRow(0), times.firstRow(1), times.lastText());
    }

    @Override
    public void close() {
      if (builder != null) {
        builder.close();
      }
    }
  }
}
