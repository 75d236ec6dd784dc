package dev.gatun.app.tune;

import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TuneSection;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.search.TrialRecord.State;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A study as one page that needs nothing else: for a screen of any width. */
final class StudyReport {
  /** Rows of the table; the journal has them all. */
  private static final int MOST_ROWS = 500;

  private static final String STYLE =
      """
      body{font:15px/1.45 system-ui,sans-serif;color:#222;margin:0 auto;max-width:70rem;padding:1rem}
      h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
      pre{background:#f4f4f4;padding:.8rem;overflow-x:auto;font-size:13px;max-height:24rem}
      .wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;white-space:nowrap}
      th,td{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:right}
      tr.best{background:#e8f1fb;font-weight:600}tr.pruned,tr.failed{color:#888}
      svg{width:100%;height:auto;display:block}p.what{color:#555;margin:.2rem 0 .6rem}
      """;

  private final TuneSection section;
  private final TuneSpace space;
  private final Study study;
  private final List<TrialRecord> trials;
  private final TrialRecord best;
  private final String yaml;

  /**
   * A report.
   *
   * @param best of them
   * @param yaml its configuration
   */
  StudyReport(
      TuneSection section,
      TuneSpace space,
      Study study,
      List<TrialRecord> trials,
      TrialRecord best,
      String yaml) {
    this.section = section;
    this.space = space;
    this.study = study;
    this.trials = trials;
    this.best = best;
    this.yaml = yaml;
  }

  /** The page. */
  String html() {
    StudyCharts charts = new StudyCharts(section, space, trials, best);
    StringBuilder out = new StringBuilder();
    out.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    out.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.append("<title>Study: ").append(escape(section.title())).append("</title>\n");
    out.append("<style>").append(STYLE).append("</style></head><body>\n");
    out.append("<h1>Study: ").append(escape(section.title())).append("</h1>\n<p>");
    out.append(summary()).append("</p>\n");
    part(out, "Best configuration", "Ready for gatun train.", "<pre>" + escape(yaml) + "</pre>");
    part(
        out,
        "History",
        "The first objective of each trial, and the best so far.",
        charts.history());
    part(
        out,
        "Learning curves",
        "Validation loss over steps; blue the best, grey those stopped early.",
        charts.curves());
    part(
        out,
        "Parallel coordinates",
        "A line for each finished trial; the darker the better, blue the best.",
        charts.parallel());
    if (section.goals().size() > 1) {
      part(
          out,
          "Pareto front",
          "Blue: no other trial is better in one objective without being worse in another.",
          charts.front());
    }
    part(out, "Trials", "Best first.", "<div class=\"wide\">" + table() + "</div>");
    return out.append("</body></html>\n").toString();
  }

  private static void part(StringBuilder out, String title, String what, String content) {
    out.append("<h2>%s</h2>%n<p class=\"what\">%s</p>%n%s%n".formatted(title, what, content));
  }

  private String summary() {
    return "%d trials: %d finished, %d stopped early, %d failed, %d running. Best: trial %d, %s. Seed %d."
        .formatted(
            trials.size(),
            count(State.FINISHED),
            count(State.PRUNED),
            count(State.FAILED),
            count(State.RUNNING),
            best.number(),
            escape(values(best)),
            study.seed());
  }

  private long count(State state) {
    return trials.stream().filter(t -> t.state() == state).count();
  }

  private String values(TrialRecord trial) {
    List<String> names = List.copyOf(section.goals().keySet());
    List<String> all = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      all.add(names.get(i) + " " + Numbers.shown(trial.values().get(i)));
    }
    return String.join(", ", all);
  }

  private String table() {
    List<String> keys = space.space().parameters().stream().map(p -> p.name()).toList();
    StringBuilder out = new StringBuilder("<table><tr><th>trial</th><th>state</th>");
    section.goals().keySet().forEach(name -> cell(out, "th", name));
    keys.forEach(key -> cell(out, "th", key));
    out.append("</tr>\n");
    trials.stream()
        .sorted(Comparator.comparingDouble(this::rank))
        .limit(MOST_ROWS)
        .forEach(trial -> row(out, trial, keys));
    return out.append("</table>").toString();
  }

  private double rank(TrialRecord trial) {
    if (trial.values().isEmpty()) {
      return Double.POSITIVE_INFINITY;
    }
    double value = trial.values().getFirst();
    return section.goals().values().iterator().next() ? -value : value;
  }

  private void row(StringBuilder out, TrialRecord trial, List<String> keys) {
    String state = trial.state().name().toLowerCase(Locale.ROOT);
    out.append("<tr class=\"").append(trial.number() == best.number() ? "best" : state);
    out.append("\" title=\"").append(escape(trial.reason())).append("\">");
    cell(out, "td", Integer.toString(trial.number()));
    cell(out, "td", state);
    for (int i = 0; i < section.goals().size(); i++) {
      cell(out, "td", trial.values().isEmpty() ? "" : Numbers.shown(trial.values().get(i)));
    }
    Map<String, Object> values = space.space().values(trial.codes());
    for (String key : keys) {
      Object value = values.get(key);
      cell(
          out,
          "td",
          value == null ? "" : value instanceof Double x ? Numbers.shown(x) : value.toString());
    }
    out.append("</tr>\n");
  }

  private static void cell(StringBuilder out, String kind, String text) {
    out.append('<').append(kind).append('>').append(escape(text));
    out.append("</").append(kind).append('>');
  }

  /** Text within an element or an attribute. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
