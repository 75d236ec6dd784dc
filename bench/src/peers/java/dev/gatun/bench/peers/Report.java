package dev.gatun.bench.peers;

import dev.gatun.persist.AtomicFiles;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The table on standard output and in files, which grow with it: a long run may be cut off. */
final class Report {
  private final PrintStream table;
  private final @Nullable Path csv;
  private final @Nullable Path json;
  private final List<Json> roofs = new ArrayList<>();
  private final List<Map<String, Json>> rows = new ArrayList<>();

  /**
   * Writes files without rows, so that one that cannot be written is known before hours of timing.
   *
   * @param csv null for none
   * @param json null for none
   */
  Report(PrintStream table, @Nullable Path csv, @Nullable Path json) throws IOException {
    this.table = table;
    this.csv = csv;
    this.json = json;
    write();
  }

  /** Tells the machine, and begins the table. */
  void begin(Map<Integer, Roof> measured) {
    table.println(machine());
    measured.forEach(
        (threads, roof) -> {
          table.printf(
              Locale.ROOT,
              "Peak on %d: %.0f GFLOP/s, %.1f GB/s%n",
              threads,
              roof.gflops(),
              roof.gigabytesPerSecond());
          Map<String, Json> figures = new LinkedHashMap<>();
          figures.put("threads", Json.of((long) threads));
          figures.put("peak_gflops", Row.rounded(roof.gflops()));
          figures.put("gigabytes_per_second", Row.rounded(roof.gigabytesPerSecond()));
          roofs.add(Json.of(figures));
        });
    table.println();
    table.println(Row.HEAD);
  }

  /** Adds the rows of a case. */
  void add(List<Row> some) throws IOException {
    for (Row row : some) {
      table.println(row.markdown());
      rows.add(row.figures());
    }
    table.flush();
    write();
  }

  private static String machine() {
    return "%s, %d cores, Java %s"
        .formatted(
            Processor.name(),
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("java.version"));
  }

  private void write() throws IOException {
    if (csv != null) {
      StringBuilder lines = new StringBuilder();
      for (Map<String, Json> row : rows) {
        if (lines.isEmpty()) {
          lines.append(String.join(",", row.keySet())).append('\n');
        }
        lines.append(row.values().stream().map(Report::cell).collect(Collectors.joining(",")));
        lines.append('\n');
      }
      AtomicFiles.write(csv, lines.toString());
    }
    if (json != null) {
      Map<String, Json> all = new LinkedHashMap<>();
      all.put("machine", Json.of(machine()));
      all.put("roofs", Json.of(roofs));
      all.put("results", Json.of(rows.stream().map(Json::of).toList()));
      AtomicFiles.write(json, Json.of(all).print() + "\n");
    }
  }

  private static String cell(Json value) {
    return switch (value) {
      case Json.Text text -> '"' + text.value().replace("\"", "\"\"") + '"';
      case Json.Null none -> "";
      default -> value.print();
    };
  }
}
