package dev.gatun.bench.peers;

import dev.gatun.persist.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One engine at one work.
 *
 * @param work what
 * @param peer on which engine
 * @param agreed what the check before said
 * @param timed null where nothing was timed
 */
record Row(Work work, Peer peer, Agreed agreed, @Nullable Timed timed) {
  /** The head of {@link #markdown}'s table. */
  static final String HEAD =
      "| case | threads | engine | median | p99 | its time / Gatun's | % of peak | % of roof"
          + " | core | error |\n|---|---|---|---|---|---|---|---|---|---|";

  /**
   * An engine whose results are ours.
   *
   * @param core what it ran on
   * @param threads how many it says it used
   * @param error the largest difference of a norm
   */
  record Agreed(String core, int threads, double error) {}

  /**
   * An engine's times.
   *
   * @param times its own
   * @param rounds how many they are of
   * @param ratio its median to that of Gatun in float32
   * @param roof of the machine on that number of threads
   */
  record Timed(Times times, int rounds, double ratio, Roof roof) {}

  private boolean reference() {
    return peer == Peer.GATUN;
  }

  /** A line of the table. */
  String markdown() {
    List<String> cells =
        new ArrayList<>(
            List.of(work.toString(), String.valueOf(agreed.threads), peer.title(), "", "", "", ""));
    cells.addAll(List.of("", agreed.core, reference() ? "" : text("%.0e", agreed.error)));
    if (timed != null) {
      double median = timed.times.median();
      cells.set(3, Times.text(median));
      cells.set(4, Times.text(timed.times.p99()));
      cells.set(5, reference() ? "" : text("%.2f", timed.ratio));
      cells.set(6, text("%.0f", timed.roof.percentOfPeak(work, median)));
      cells.set(
          7,
          work.kind() == Work.Kind.STREAM
              ? ""
              : text("%.0f", timed.roof.percentOfRoof(work, median)));
    }
    return "| " + String.join(" | ", cells) + " |";
  }

  /** The figures by name, the same names for all rows; null where there is none. */
  Map<String, Json> figures() {
    Map<String, Json> figures = new LinkedHashMap<>();
    figures.put("case", Json.of(work.toString()));
    figures.put("threads", Json.of((long) agreed.threads));
    figures.put("engine", Json.of(peer.title()));
    figures.put("core", Json.of(agreed.core));
    figures.put("error", reference() ? Json.Null.NULL : rounded(agreed.error));
    double median = timed == null ? Double.NaN : timed.times.median();
    figures.put("rounds", Json.of(timed == null ? 0L : timed.rounds));
    figures.put("median_us", rounded(median * 1e-3));
    figures.put("p99_us", rounded(timed == null ? Double.NaN : timed.times.p99() * 1e-3));
    figures.put("times_gatun", rounded(timed == null ? Double.NaN : timed.ratio));
    figures.put("gflops", rounded(Roof.flops(work) / median));
    figures.put(
        "percent_of_peak",
        rounded(timed == null ? Double.NaN : timed.roof.percentOfPeak(work, median)));
    figures.put(
        "percent_of_roof",
        rounded(
            timed == null || work.kind() == Work.Kind.STREAM
                ? Double.NaN
                : timed.roof.percentOfRoof(work, median)));
    return figures;
  }

  /** Five significant digits: more than any clock here is worth. */
  static Json rounded(double value) {
    return Double.isFinite(value)
        ? Json.of(Double.parseDouble(text("%.5g", value)))
        : Json.Null.NULL;
  }

  private static String text(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
