package dev.gatun.app.task;

import static java.nio.charset.StandardCharsets.UTF_8;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import de.siegmar.fastcsv.reader.NamedCsvRecordHandler;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Numbers;
import dev.gatun.data.Series;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads columns of a CSV file whose first line names them. */
public final class CsvSeries {
  /** Characters of a wrong cell that messages show. */
  private static final int MOST_SHOWN = 40;

  /** How the parser's messages name lines. */
  private static final Pattern LINE = Pattern.compile("(?:line|Record) (\\d+)");

  private static final int BYTE_ORDER_MARK = 0xfeff;

  private CsvSeries() {}

  /**
   * Columns as they are written, and columns of numbers.
   *
   * @param texts of each column, [column][row]
   */
  record Labelled(List<List<String>> texts, Series numbers) {}

  /**
   * Reads some columns as texts and some as numbers.
   *
   * @param texts columns taken as they are
   * @param columns wanted as numbers; none: all others
   * @param cells which of those may be missing
   * @param noColumn makes the error for a column that is not there, from its name and those there
   * @throws InputException naming file, line and column of what is wrong
   */
  static Labelled readLabelled(
      Path file,
      List<String> texts,
      List<String> columns,
      Cells cells,
      BiFunction<String, List<String>, InputException> noColumn) {
    List<String> names = new ArrayList<>(columns);
    List<double[]> rows = new ArrayList<>();
    List<List<String>> fields =
        texts.stream().map(name -> (List<String>) new ArrayList<String>()).toList();
    forEach(
        file,
        row -> {
          if (rows.isEmpty()) {
            checkHeader(row.getHeader(), names, noColumn);
            checkHeader(row.getHeader(), texts, noColumn);
            row.getHeader().stream()
                .filter(name -> columns.isEmpty() && !texts.contains(name))
                .forEach(names::add);
          }
          rows.add(names.stream().mapToDouble(name -> number(file, row, name, cells)).toArray());
          for (int i = 0; i < texts.size(); i++) {
            fields.get(i).add(field(file, row, texts.get(i)));
          }
        });
    if (rows.isEmpty()) {
      throw noRows(file);
    }
    double[][] values = new double[names.size()][rows.size()];
    for (int c = 0; c < values.length; c++) {
      int column = c;
      Arrays.setAll(values[c], row -> rows.get(row)[column]);
    }
    return new Labelled(fields, Series.withGaps(names, values, null));
  }

  /**
   * Reads a file row by row.
   *
   * @throws InputException if it cannot be read or is no CSV, naming the line
   */
  static void forEach(Path file, Consumer<NamedCsvRecord> to) {
    try (CsvReader<NamedCsvRecord> reader = open(file)) {
      reader.forEach(to);
    } catch (CsvParseException e) {
      throw noCsv(file, e);
    } catch (IOException | UncheckedIOException e) {
      throw unreadable(file, e);
    }
  }

  /** The names of a file's columns; none where it has no row. */
  static List<String> header(Path file) {
    try (CsvReader<NamedCsvRecord> reader = open(file)) {
      return reader.stream().findFirst().map(NamedCsvRecord::getHeader).orElse(List.of());
    } catch (CsvParseException e) {
      throw noCsv(file, e);
    } catch (IOException | UncheckedIOException e) {
      throw unreadable(file, e);
    }
  }

  /** What became of reading a file. */
  private static InputException unreadable(Path file, Exception e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof CharacterCodingException) {
        return new InputException(file + ": not UTF-8 text; convert it, as with iconv -t UTF-8", e);
      }
    }
    return new InputException(file + ": cannot be read: " + e.getMessage(), e);
  }

  static InputException noRows(Path file) {
    return new InputException(
        file + ": no rows; give a line with the columns' names, then one line for each row");
  }

  /** Opens a file in the dialect of all commands; fields of a .tsv file have tabs between them. */
  private static CsvReader<NamedCsvRecord> open(Path file) throws IOException {
    boolean tabs = file.toString().toLowerCase(Locale.ROOT).endsWith(".tsv");
    CsvReader.CsvReaderBuilder builder =
        CsvReader.builder().fieldSeparator(tabs ? '\t' : ',').allowUnclosedQuote(false);
    InputStream in = new BufferedInputStream(Files.newInputStream(file));
    try {
      in.mark(2);
      byte[] first = in.readNBytes(2);
      in.reset();
      return isWide(first)
          ? builder.detectBomHeader(true).build(rows(), in)
          : builder.build(rows(), text(in));
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  /**
   * Any number of columns; the parser's own limits, 16,384 of them, are against files of others.
   */
  private static NamedCsvRecordHandler rows() {
    return NamedCsvRecordHandler.of(
        handler -> handler.maxFields(Integer.MAX_VALUE).maxRecordSize(Integer.MAX_VALUE));
  }

  /** Whether a mark says UTF-16 or UTF-32. */
  private static boolean isWide(byte[] first) {
    int mark = first.length < 2 ? -1 : ((first[0] & 0xff) << 8) | (first[1] & 0xff);
    return mark == 0xfeff || mark == 0xfffe || mark == 0;
  }

  /** UTF-8 after its mark, if there is one; a reader by a charset would replace what is no text. */
  private static Reader text(InputStream in) throws IOException {
    BufferedReader reader = new BufferedReader(new InputStreamReader(in, UTF_8.newDecoder()));
    reader.mark(1);
    if (reader.read() != BYTE_ORDER_MARK) {
      reader.reset();
    }
    return reader;
  }

  /** What the parser refuses, at its line: where it names none, it is about the first. */
  private static InputException noCsv(Path file, CsvParseException e) {
    String problem = String.valueOf(e.getMessage());
    Matcher line = LINE.matcher(problem);
    String at = line.find() ? line.group(1) : "1";
    String remedy = "give fields between commas, quoted whole if at all";
    if (problem.contains("exceeds the maximum")) {
      remedy = "shorten the fields of this line";
    } else if (problem.contains("duplicate")) {
      remedy = "give each column a name of its own";
    } else if (problem.toLowerCase(Locale.ROOT).contains("unclosed")) {
      remedy = "close the quote that opens in this line";
    }
    return new InputException("%s:%s: no CSV: %s; %s".formatted(file, at, problem, remedy), e);
  }

  /** A cell on one line, without what is beyond the first characters. */
  private static String shown(String text) {
    String start = text.length() > MOST_SHOWN ? text.substring(0, MOST_SHOWN) + "..." : text;
    StringBuilder line = new StringBuilder("\"");
    start
        .codePoints()
        .forEach(
            c -> {
              if (Character.isISOControl(c)) {
                line.append("\\u%04x".formatted(c));
              } else {
                line.appendCodePoint(c);
              }
            });
    return line.append('"').toString();
  }

  static void checkHeader(
      List<String> header,
      List<String> names,
      BiFunction<String, List<String>, InputException> noColumn) {
    for (String name : names) {
      if (!header.contains(name)) {
        throw noColumn.apply(name, header);
      }
    }
  }

  static String field(Path file, NamedCsvRecord row, String name) {
    return row.findField(name)
        .orElseThrow(
            () ->
                new InputException(
                    "%s:%d: %d fields and no column %s; the first line names %d"
                        .formatted(
                            file,
                            row.getStartingLineNumber(),
                            row.getFieldCount(),
                            name,
                            row.getHeader().size())));
  }

  /** A number that float32 holds; NaN where it is missing and may be. */
  static double number(Path file, NamedCsvRecord row, String name, Cells cells) {
    String text = field(file, row, name).strip();
    if (cells.missing(text)) {
      if (cells.allowed()) {
        return Double.NaN;
      }
      throw noNumber(
          file,
          row,
          name,
          text,
          (text.isEmpty() ? "" : "it means missing; ")
              + (cells.fillable() ? "give a number, or data.missing" : "give a number"));
    }
    double value = Numbers.read(text).orElse(Double.NaN);
    if (!Double.isFinite(value)) {
      boolean gap = cells.fillable() && Cells.saysNone(text);
      throw noNumber(
          file, row, name, text, gap ? "give a number, or data.missing" : "give a number");
    }
    if (Math.abs(value) > Float.MAX_VALUE) {
      throw noNumber(
          file, row, name, text, "beyond what float32 holds, 3.4e38; give it in a larger unit");
    }
    return value;
  }

  private static InputException noNumber(
      Path file, NamedCsvRecord row, String name, String text, String remedy) {
    return new InputException(
        "%s:%d: column %s: %s; %s"
            .formatted(
                file,
                row.getStartingLineNumber(),
                name,
                text.isEmpty() ? "missing" : shown(text),
                remedy));
  }
}
