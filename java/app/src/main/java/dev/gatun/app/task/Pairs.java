package dev.gatun.app.task;

import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.PairKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Texts and what each is to become, from two columns of a file.
 *
 * @param sources what is read, none empty
 * @param targets what is to be said; empty where only sources were asked for
 */
record Pairs(List<String> sources, List<String> targets) {
  /**
   * Reads a file.
   *
   * @param file CSV, or TSV where its name ends so; UTF-8, columns named in the first line
   * @param withTargets whether the targets' column has to be there
   * @throws InputException naming the line that is wrong
   */
  static Pairs read(Config config, Path file, boolean withTargets) {
    List<String> sources = new ArrayList<>();
    List<String> targets = new ArrayList<>();
    CsvSeries.forEach(
        file,
        row -> {
          String source = field(config, file, row, PairKeys.SOURCE);
          if (source.isBlank()) {
            throw new InputException(
                "%s:%d: column %s: empty; there is nothing to read"
                    .formatted(file, row.getStartingLineNumber(), config.get(PairKeys.SOURCE)));
          }
          sources.add(source);
          if (withTargets) {
            targets.add(field(config, file, row, PairKeys.TARGET));
          }
        });
    if (sources.isEmpty()) {
      throw new InputException(
          file + ": no rows; give a line with the columns' names, then one line for each pair");
    }
    return new Pairs(sources, targets);
  }

  /** The same in another order. */
  Pairs in(List<Integer> order) {
    return new Pairs(
        order.stream().map(sources::get).toList(), order.stream().map(targets::get).toList());
  }

  private static String field(Config config, Path file, NamedCsvRecord row, Key<String> key) {
    String name = config.get(key);
    if (!row.getHeader().contains(name)) {
      throw config.error(
          key,
          "no column \"%s\" in %s; there are %s"
              .formatted(name, file, String.join(", ", row.getHeader())));
    }
    return CsvSeries.field(file, row, name);
  }
}
