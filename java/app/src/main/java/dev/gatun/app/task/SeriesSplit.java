package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.SeriesKeys;
import dev.gatun.data.Split;

/** Cuts a series by times, or as other data by parts. */
final class SeriesSplit {
  private SeriesSplit() {}

  static Split of(Config config, SeriesCsv read) {
    int rows = read.series().rows();
    boolean validationByTime = isGiven(config, SeriesKeys.VALIDATION_FROM);
    boolean testByTime = isGiven(config, SeriesKeys.TEST_FROM);
    if (!validationByTime && !testByTime) {
      return Task.split(config, rows);
    }
    int limit = config.get(DataKeys.ROWS);
    if (limit > 0) {
      throw config.error(
          DataKeys.ROWS,
          limit + "; parts are given by time, of the whole file; remove one of them");
    }
    int test =
        testByTime
            ? row(config, SeriesKeys.TEST_FROM, read.testFrom(), read)
            : rows - Task.part(config, DataKeys.TEST, rows);
    int validation =
        validationByTime
            ? row(config, SeriesKeys.VALIDATION_FROM, read.validationFrom(), read)
            : test - Task.part(config, DataKeys.VALIDATION, rows);
    if (validation < 1 || validation > test) {
      throw config.error(
          validationByTime ? SeriesKeys.VALIDATION_FROM : SeriesKeys.TEST_FROM,
          "validation begins with row %d, test with row %d; training needs rows before, and test"
                  .formatted(validation + 1, test + 1)
              + " comes last");
    }
    return Split.counts(rows, validation, test - validation, rows - test);
  }

  private static boolean isGiven(Config config, Key<String> key) {
    return !config.get(key).isEmpty();
  }

  private static int row(Config config, Key<String> key, int found, SeriesCsv read) {
    String wanted = config.get(key);
    if (config.get(DataKeys.TIME).isEmpty()) {
      throw config.error(key, wanted + "; name the column of times: data.time");
    }
    if (TimeColumn.time(wanted).isEmpty()) {
      throw config.error(key, "\"%s\"; give a number or a date, as 2024-12-31".formatted(wanted));
    }
    if (read.lastTime().isEmpty()) {
      throw new InputException(
          "%s: column %s has neither numbers nor dates as 2024-12-31, which %s needs"
              .formatted(config.name(), config.get(DataKeys.TIME), key));
    }
    boolean dates = Numbers.read(read.lastTime()).isEmpty();
    if (dates != Numbers.read(wanted).isEmpty()) {
      throw config.error(
          key,
          "%s; the column %s has %s; give one"
              .formatted(
                  wanted,
                  config.get(DataKeys.TIME),
                  dates ? "dates, as 2024-12-31" : "numbers, as " + read.lastTime()));
    }
    if (found < 0) {
      throw config.error(key, "%s; the last row is of %s".formatted(wanted, read.lastTime()));
    }
    return found;
  }
}
