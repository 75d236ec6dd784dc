package dev.gatun.app.tune;

import dev.gatun.app.config.FoldKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TuneSection;
import dev.gatun.persist.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/**
 * What the folds of a trial have come to, in {@code folds.csv} of its folder: a line for each that
 * has ended, from the first on.
 *
 * @param names of the columns after that of the fold's number
 * @param rows a value for each name
 */
record FoldTable(List<String> names, List<List<Double>> rows) {
  private static final String FILE = "folds.csv";

  /**
   * Reads it; without a file there are no rows.
   *
   * @throws InputException if it is another table
   */
  static FoldTable read(Path trial, List<String> names) throws IOException {
    Path file = trial.resolve(FILE);
    List<List<Double>> rows = new ArrayList<>();
    if (Files.isRegularFile(file)) {
      List<String> lines = Files.readAllLines(file);
      if (lines.isEmpty() || !lines.getFirst().equals(header(names))) {
        throw new InputException(file + ": other columns than " + header(names));
      }
      for (String line : lines.subList(1, lines.size())) {
        List<Double> row =
            Arrays.stream(line.split(","))
                .skip(1)
                .map(cell -> Numbers.read(cell).orElse(Double.NaN))
                .toList();
        if (row.size() != names.size()) {
          throw new InputException("%s:%d: not %s".formatted(file, rows.size() + 2, header(names)));
        }
        rows.add(row);
      }
    }
    return new FoldTable(names, rows);
  }

  private static String header(List<String> names) {
    return "fold," + String.join(",", names);
  }

  /** With the next fold's values, written. */
  FoldTable with(Path trial, List<Double> row) throws IOException {
    List<List<Double>> more = new ArrayList<>(rows);
    more.add(row);
    StringBuilder text = new StringBuilder(header(names)).append('\n');
    for (int i = 0; i < more.size(); i++) {
      String cells = more.get(i).stream().map(String::valueOf).collect(Collectors.joining(","));
      text.append(i + 1).append(',').append(cells).append('\n');
    }
    AtomicFiles.write(Files.createDirectories(trial).resolve(FILE), text.toString());
    return new FoldTable(names, more);
  }

  private double[] column(String name) {
    int at = names.indexOf(name);
    return rows.stream().mapToDouble(row -> row.get(at)).toArray();
  }

  /** The standard deviation of each objective that folds differ in; nothing without folds. */
  static SequencedMap<String, Double> deviations(TuneSection section, Path trial)
      throws IOException {
    SequencedMap<String, Double> deviations = new LinkedHashMap<>();
    if (section.folds().name() != FoldKeys.Kind.NONE) {
      FoldTable table = read(trial, TuneSpace.columns(section));
      section.goals().keySet().stream()
          .filter(name -> !name.equals("parameters"))
          .forEach(name -> deviations.put(name, table.deviation(name)));
    }
    return deviations;
  }

  /** The mean over the folds so far. */
  double mean(String name) {
    return Arrays.stream(column(name)).average().orElse(Double.NaN);
  }

  /** The standard deviation over the folds, of a sample; NaN below two. */
  double deviation(String name) {
    double mean = mean(name);
    double squares = Arrays.stream(column(name)).map(x -> (x - mean) * (x - mean)).sum();
    return Math.sqrt(squares / (rows.size() - 1));
  }
}
