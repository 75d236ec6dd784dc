package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.LabelKeys;
import dev.gatun.app.task.Cells;
import dev.gatun.app.task.ColumnScan;
import dev.gatun.persist.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What {@code gatun data} says about the columns of a file of numbers. */
final class ColumnReport {
  private final Config config;
  private final List<String> errors;
  private final List<String> warnings;

  /**
   * Says nothing yet.
   *
   * @param errors gets what cannot be trained on
   * @param warnings gets what can, and teaches nothing
   */
  ColumnReport(Config config, List<String> errors, List<String> warnings) {
    this.config = config;
    this.errors = errors;
    this.warnings = warnings;
  }

  /** Every column of numbers; null for data without any, or without a column that is named. */
  @Nullable Json of(Path file) {
    DataKeys.Kind kind = config.get(DataKeys.TYPE);
    return switch (kind) {
      case SERIES -> {
        Set<String> used = new LinkedHashSet<>(config.get(DataKeys.TARGETS));
        used.addAll(config.get(DataKeys.INPUTS));
        yield columns(ColumnScan.of(file, Cells.of(config)), used);
      }
      case SEQUENCES -> frames(file, config.get(LabelKeys.LABEL));
      case TRANSCRIPTS -> frames(file, config.get(DataKeys.TEXT));
      case TEXT, STRINGS, PAIRS -> null;
    };
  }

  /** Those that are chosen, else all that name nothing. */
  private @Nullable Json frames(Path file, String target) {
    List<String> inputs = config.get(DataKeys.INPUTS);
    List<String> names =
        ColumnScan.hasHeader(file) ? List.of(config.get(DataKeys.SEQUENCE), target) : List.of();
    List<ColumnScan> all = ColumnScan.of(file, Cells.of(config));
    List<String> there = all.stream().map(ColumnScan::name).toList();
    if (!there.containsAll(names) || !there.containsAll(inputs)) {
      return null; // loading the data says which is not there
    }
    List<ColumnScan> numbers = all.stream().filter(scan -> !names.contains(scan.name())).toList();
    Set<String> used = new LinkedHashSet<>(inputs);
    if (inputs.isEmpty()) {
      numbers.forEach(scan -> used.add(scan.name()));
    }
    return columns(numbers, used);
  }

  private Json columns(List<ColumnScan> scans, Set<String> used) {
    List<Json> columns = new ArrayList<>();
    for (ColumnScan scan : scans) {
      Map<String, Json> column = new LinkedHashMap<>();
      column.put("name", Json.of(scan.name()));
      column.put("used", Json.of(used.contains(scan.name())));
      column.put("numbers", Json.of(scan.numbers()));
      column.put("missing", Json.of(scan.missing()));
      column.put("not_numbers", Json.of(scan.notNumbers()));
      column.put("not_finite", Json.of(scan.notFinite()));
      column.put("too_large", Json.of(scan.tooLarge()));
      column.put("least", Output.number(scan.least()));
      column.put("mean", Output.number(scan.mean()));
      column.put("most", Output.number(scan.most()));
      column.put("deviation", Output.number(scan.deviation()));
      columns.add(Json.of(column));
      if (used.contains(scan.name())) {
        judge(scan);
      }
    }
    return Json.of(columns);
  }

  private void judge(ColumnScan scan) {
    if (scan.firstBad() > 0) {
      errors.add(
          "%s: %d missing, %d not numbers, %d not finite%s, the first in line %d"
              .formatted(
                  scan.name(),
                  scan.missing(),
                  scan.notNumbers(),
                  scan.notFinite(),
                  scan.tooLarge() > 0 ? ", " + scan.tooLarge() + " beyond float32" : "",
                  scan.firstBad()));
    } else if (scan.constant()) {
      warnings.add(scan.name() + ": constant; nothing can be learnt from it");
    }
  }
}
