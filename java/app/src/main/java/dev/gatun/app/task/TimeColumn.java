package dev.gatun.app.task;

import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Numbers;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The times of a series as they are read: numbers, or dates as ISO 8601 writes them. Rows have to
 * ascend. Where the first row has neither, rows have names, which say nothing about their order.
 */
final class TimeColumn {
  /** A month, a day, or a time of one, with an offset or without. */
  private static final DateTimeFormatter ISO =
      new DateTimeFormatterBuilder()
          .appendPattern("uuuu-MM[-dd][['T'][' ']HH:mm[:ss]]")
          .optionalStart()
          .appendFraction(ChronoField.NANO_OF_SECOND, 1, 9, true)
          .optionalEnd()
          .appendPattern("[XXX]")
          .parseDefaulting(ChronoField.DAY_OF_MONTH, 1)
          .parseDefaulting(ChronoField.HOUR_OF_DAY, 0)
          .parseDefaulting(ChronoField.MINUTE_OF_HOUR, 0)
          .parseDefaulting(ChronoField.SECOND_OF_MINUTE, 0)
          .toFormatter();

  private final Path file;
  private final String name;
  private final OptionalDouble[] marks;
  private final int[] firstRows;
  private boolean clocked = true;
  private boolean dates;
  private int rows;
  private double last = Double.NEGATIVE_INFINITY;
  private String lastText = "";

  /**
   * A column.
   *
   * @param wanted times whose first row is looked for; empty ones are not
   */
  TimeColumn(Path file, String name, List<String> wanted) {
    this.file = file;
    this.name = name;
    marks = wanted.stream().map(TimeColumn::time).toArray(OptionalDouble[]::new);
    firstRows = new int[marks.length];
    Arrays.fill(firstRows, -1);
  }

  /** A time as a number: itself, or the seconds since 1970 of a date; empty if it is neither. */
  static OptionalDouble time(String text) {
    OptionalDouble number = Numbers.read(text);
    if (number.isPresent()) {
      return Double.isFinite(number.getAsDouble()) ? number : OptionalDouble.empty();
    }
    if (text.isEmpty() || !Character.isDigit(text.charAt(0))) {
      return OptionalDouble.empty();
    }
    try {
      TemporalAccessor parsed = ISO.parse(text);
      LocalDateTime time = LocalDateTime.from(parsed);
      ZoneOffset offset =
          parsed.isSupported(ChronoField.OFFSET_SECONDS)
              ? ZoneOffset.ofTotalSeconds(parsed.get(ChronoField.OFFSET_SECONDS))
              : ZoneOffset.UTC;
      return OptionalDouble.of(
          time.toEpochSecond(offset) + time.get(ChronoField.NANO_OF_SECOND) * 1e-9);
    } catch (DateTimeParseException e) {
      return OptionalDouble.empty(); // a name: what reads times says what it wants
    }
  }

  /** Whether a text is the time of a first row, so that the others' are too. */
  static boolean isTime(String text) {
    return time(text.strip()).isPresent();
  }

  /** Takes the next row's time; NaN if rows have names. */
  double add(String cell, long line) {
    String text = cell.strip();
    OptionalDouble time = clocked ? time(text) : OptionalDouble.empty();
    if (rows == 0) {
      clocked = time.isPresent();
      dates = Numbers.read(text).isEmpty();
    } else if (clocked && (time.isEmpty() || dates != Numbers.read(text).isEmpty())) {
      throw new InputException(
          "%s:%d: column %s: \"%s\"; the rows before have %s; give one"
              .formatted(file, line, name, text, dates ? "dates, as 2024-12-31" : "numbers"));
    }
    rows++;
    if (!clocked) {
      return Double.NaN;
    }
    double now = time.getAsDouble();
    if (now < last) {
      throw new InputException(
          "%s:%d: column %s: %s comes after %s; sort the rows by time"
              .formatted(file, line, name, text, lastText));
    }
    last = now;
    lastText = text;
    for (int i = 0; i < marks.length; i++) {
      if (firstRows[i] < 0 && marks[i].isPresent() && now >= marks[i].getAsDouble()) {
        firstRows[i] = rows - 1;
      }
    }
    return now;
  }

  /** The first row that is not before a wanted time, from 0; -1 if none is. */
  int firstRow(int wanted) {
    return firstRows[wanted];
  }

  /** The last row's time, as it is written. */
  String lastText() {
    return clocked ? lastText : "";
  }
}
