package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.LabelKeys;
import dev.gatun.app.config.SeriesKeys;
import dev.gatun.data.Series;
import dev.gatun.data.TsFile;
import dev.gatun.persist.FormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Sequences of numbers or strings, with a class each.
 *
 * @param names what each sequence is called in its file
 * @param labels the class of each; empty: not given
 * @param columns the names of the numbers of a step; none: strings
 * @param values [i][t][c]; none: strings
 * @param strings of each sequence; none: numbers
 * @param classes those that the file lists; none: it lists none
 * @param dropped sequences that are left out for what they miss
 */
record LabelData(
    List<String> names,
    List<String> labels,
    List<String> columns,
    List<double[][]> values,
    List<String> strings,
    List<String> classes,
    int dropped) {

  /**
   * Reads a file: {@code .ts}, else CSV.
   *
   * @param inputs the columns wanted; none: all that are not named otherwise
   * @param labelled whether every sequence has to have a class
   * @throws InputException naming the line that is wrong
   */
  static LabelData read(Config config, Path file, List<String> inputs, boolean labelled) {
    LabelData data;
    if (config.get(DataKeys.TYPE) == DataKeys.Kind.STRINGS) {
      data = strings(config, file, labelled);
    } else if (isTs(file)) {
      data = ts(config, file, labelled);
    } else {
      data = frames(config, file, inputs, labelled);
    }
    boolean one = config.get(LabelKeys.SEPARATOR).isEmpty();
    int none = labelled && one ? data.labels.indexOf("") : -1;
    if (none >= 0) {
      throw new InputException(
          "%s: sequence %s has no class; give one for each".formatted(file, data.names.get(none)));
    }
    return config.get(DataKeys.TYPE) == DataKeys.Kind.SEQUENCES
            && config.get(SeriesKeys.MISSING) == SeriesKeys.Missing.DROP
        ? data.complete(config, file, labelled)
        : data;
  }

  /** Those without missing values. */
  private LabelData complete(Config config, Path file, boolean labelled) {
    List<Integer> kept = IntStream.range(0, size()).filter(i -> gaps(i) == 0).boxed().toList();
    if (kept.isEmpty() || (!labelled && kept.size() < size())) {
      throw config.error(
          SeriesKeys.MISSING,
          kept.isEmpty()
              ? "drop; every sequence of " + file + " has a missing value; give another way"
              : "drop; %s has sequences with missing values, and each is to be told; fill them"
                  .formatted(file));
    }
    LabelData none =
        new LabelData(
            List.of(), List.of(), columns, List.of(), List.of(), classes, size() - kept.size());
    return with(kept, none);
  }

  /** The missing values of a sequence. */
  int gaps(int sequence) {
    return columns.isEmpty()
        ? 0
        : (int)
            Arrays.stream(values.get(sequence))
                .flatMapToDouble(Arrays::stream)
                .filter(Double::isNaN)
                .count();
  }

  /** Whether a file is in the format of the UEA and UCR archives, by its name. */
  static boolean isTs(Path file) {
    return file.toString().toLowerCase(Locale.ROOT).endsWith(".ts");
  }

  static TsFile ts(Path file) {
    try {
      return TsFile.read(file);
    } catch (FormatException e) {
      throw new InputException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new InputException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** What the numbers of a step are called. */
  static List<String> dimensions(TsFile ts) {
    return IntStream.rangeClosed(1, ts.dimensions()).mapToObj(c -> "dimension " + c).toList();
  }

  private static LabelData ts(Config config, Path file, boolean labelled) {
    TsFile ts = ts(file);
    if (labelled && !ts.labelled()) {
      throw new InputException(
          file + ": no classes; give a line @classLabel true CLASS CLASS..., and classes");
    }
    List<String> names = new ArrayList<>();
    for (TsFile.Sequence sequence : ts.sequences()) {
      names.add(Integer.toString(names.size() + 1));
      checkGaps(Cells.of(config), file, sequence);
    }
    return new LabelData(
        names,
        ts.sequences().stream().map(TsFile.Sequence::label).toList(),
        dimensions(ts),
        ts.sequences().stream().map(TsFile.Sequence::values).toList(),
        List.of(),
        ts.classes(),
        0);
  }

  /** Makes sentinels gaps too, and refuses gaps where there may be none. */
  private static void checkGaps(Cells cells, Path file, TsFile.Sequence sequence) {
    for (int t = 0; t < sequence.values().length; t++) {
      for (int c = 0; c < sequence.values()[t].length; c++) {
        double value = sequence.values()[t][c];
        if (!Double.isNaN(value) && cells.sentinel(Double.toString(value))) {
          sequence.values()[t][c] = Double.NaN;
        }
        if (Double.isNaN(sequence.values()[t][c]) && !cells.allowed()) {
          throw new InputException(
              "%s:%d: dimension %d, step %d: missing; give a number, or data.missing"
                  .formatted(file, sequence.line(), c + 1, t + 1));
        }
      }
    }
  }

  private static InputException noColumn(
      Config config, Key<?> key, String name, Path file, List<String> there) {
    return config.error(
        key,
        "no column \"%s\" in %s; there are %s".formatted(name, file, String.join(", ", there)));
  }

  /** Rows of numbers; those of a sequence stand together. */
  private static LabelData frames(Config config, Path file, List<String> inputs, boolean labelled) {
    String sequence = config.get(DataKeys.SEQUENCE);
    String label = config.get(LabelKeys.LABEL);
    boolean read = labelled || CsvSeries.header(file).contains(label);
    CsvSeries.Labelled rows =
        CsvSeries.readLabelled(
            file,
            read ? List.of(sequence, label) : List.of(sequence),
            inputs,
            Cells.of(config),
            (name, there) ->
                noColumn(
                    config,
                    name.equals(sequence)
                        ? DataKeys.SEQUENCE
                        : name.equals(label) ? LabelKeys.LABEL : DataKeys.INPUTS,
                    name,
                    file,
                    there));
    List<String> ids = rows.texts().getFirst();
    List<String> given = read ? rows.texts().getLast() : ids.stream().map(id -> "").toList();
    GroupedRows groups =
        GroupedRows.of(
            file,
            ids,
            given,
            "class \"%s\" within sequence \"%s\" of class \"%s\"; give one for each");
    List<double[][]> values = new ArrayList<>();
    for (int i = 0; i < groups.names().size(); i++) {
      values.add(values(rows.numbers(), groups.starts().get(i), groups.starts().get(i + 1)));
    }
    List<String> labels = groups.said().stream().map(String::strip).toList();
    List<String> columns = rows.numbers().names();
    return new LabelData(groups.names(), labels, columns, values, List.of(), List.of(), 0);
  }

  private static double[][] values(Series numbers, int from, int to) {
    double[][] values = new double[to - from][numbers.names().size()];
    for (int t = 0; t < values.length; t++) {
      for (int c = 0; c < values[t].length; c++) {
        values[t][c] = numbers.value(from + t, c);
      }
    }
    return values;
  }

  /** One row for each sequence. */
  private static LabelData strings(Config config, Path file, boolean labelled) {
    String string = config.get(LabelKeys.STRING);
    String label = config.get(LabelKeys.LABEL);
    String sequence = config.get(DataKeys.SEQUENCE);
    List<String> header = CsvSeries.header(file);
    if (!header.contains(string)) {
      throw noColumn(config, LabelKeys.STRING, string, file, header);
    }
    if (labelled && !header.contains(label)) {
      throw noColumn(config, LabelKeys.LABEL, label, file, header);
    }
    boolean named = header.contains(sequence) && !sequence.equals(string);
    List<String> names = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    List<String> strings = new ArrayList<>();
    CsvSeries.forEach(
        file,
        row -> {
          String given = row.findField(string).orElse("").strip();
          if (given.codePointCount(0, given.length()) < config.get(LabelKeys.KMER)) {
            throw new InputException(
                "%s:%d: \"%s\" is shorter than a piece of %d characters; give more, or a smaller %s"
                    .formatted(
                        file,
                        row.getStartingLineNumber(),
                        given,
                        config.get(LabelKeys.KMER),
                        LabelKeys.KMER));
          }
          strings.add(given);
          names.add(named ? row.findField(sequence).orElse("") : Integer.toString(strings.size()));
          labels.add(row.findField(label).orElse("").strip());
        });
    return new LabelData(names, labels, List.of(), List.of(), strings, List.of(), 0);
  }

  /** The number of sequences. */
  int size() {
    return names.size();
  }

  /** Some of them, then others. */
  LabelData with(List<Integer> order, LabelData others) {
    LabelData chosen =
        new LabelData(
            new ArrayList<>(),
            new ArrayList<>(),
            columns,
            new ArrayList<>(),
            new ArrayList<>(),
            classes,
            dropped + others.dropped);
    for (int i : order) {
      chosen.names.add(names.get(i));
      chosen.labels.add(labels.get(i));
      if (columns.isEmpty()) {
        chosen.strings.add(strings.get(i));
      } else {
        chosen.values.add(values.get(i));
      }
    }
    chosen.names.addAll(others.names);
    chosen.labels.addAll(others.labels);
    chosen.values.addAll(others.values);
    chosen.strings.addAll(others.strings);
    return chosen;
  }

  /** Nothing, of the same columns. */
  LabelData none() {
    return new LabelData(List.of(), List.of(), columns, List.of(), List.of(), classes, 0);
  }

  /** The rows of the first sequences, one after the other. */
  Series rows(int sequences) {
    List<double[]> rows = values.subList(0, sequences).stream().flatMap(Arrays::stream).toList();
    double[][] byColumn = new double[columns.size()][rows.size()];
    for (int c = 0; c < byColumn.length; c++) {
      for (int row = 0; row < byColumn[c].length; row++) {
        byColumn[c][row] = rows.get(row)[c];
      }
    }
    return Series.withGaps(columns, byColumn, null);
  }
}
