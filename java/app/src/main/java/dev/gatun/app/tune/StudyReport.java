package dev.gatun.app.tune;

import dev.gatun.app.search.Goal;
import dev.gatun.app.search.Importance;
import dev.gatun.app.search.Parameter;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.search.TrialRecord.State;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A study as one page that needs nothing else, for a screen of any width, light or dark. It is
 * well-formed XML too.
 */
public final class StudyReport {
  /** Rows of the table; the journal has them all. */
  private static final int MOST_ROWS = 500;

  /** Below it {@link Importance} tells nothing. */
  private static final int LEAST_TRIALS = 4;

  private final String title;
  private final List<String> objectives;
  private final Study study;
  private final int total;
  private final List<TrialRecord> trials;
  private final @Nullable TrialRecord best;

  /**
   * A report on a study as it is now.
   *
   * @param title what the study is called
   * @param objectives their names, one for each goal
   * @param total trials of the whole study, those to come included
   */
  public StudyReport(String title, List<String> objectives, Study study, int total) {
    this.title = title;
    this.objectives = List.copyOf(objectives);
    this.study = study;
    this.total = total;
    trials = study.trials();
    best = best(study.goals().getFirst());
  }

  /** Of the trials that this report has, whatever comes meanwhile. */
  private @Nullable TrialRecord best(Goal goal) {
    Comparator<TrialRecord> order = Comparator.comparingDouble(t -> t.values().getFirst());
    return trials.stream()
        .filter(t -> t.state() == State.FINISHED)
        .min(goal == Goal.MAXIMIZE ? order.reversed() : order)
        .orElse(null);
  }

  /** The best of its trials; null: none has finished. */
  public @Nullable TrialRecord best() {
    return best;
  }

  /**
   * The page.
   *
   * @param yaml the best trial's configuration; empty: none has finished
   * @param test what the best trial's weights are worth on the test part; empty: not measured yet
   */
  public String html(String yaml, String test) {
    List<Parameter> parameters = study.space().parameters();
    StudyCharts charts =
        new StudyCharts(objectives, study.goals(), parameters, trials, best, total);
    StringBuilder out = new StringBuilder();
    out.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n");
    out.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    out.append("<title>Study: ").append(escape(title)).append("</title>\n");
    out.append("<style>\n").append(resource("study.css")).append("</style></head><body>\n");
    out.append("<h1>Study: ").append(escape(title)).append("</h1>\n");
    out.append("<p>").append(escape(summary())).append("</p>\n");
    if (!test.isEmpty()) {
      out.append("<p>The best trial on data that no trial has seen:</p>\n<pre>");
      out.append(escape(test.strip())).append("</pre>\n");
    }
    part(out, "Best configuration", "", configuration(yaml));
    part(
        out,
        "History",
        "A dot for each trial, grey where it was stopped early; a line for the best so far.",
        charts.history());
    part(
        out,
        "Learning curves",
        "The reports of every trial: <span class=\"key best\">best</span>, <span class=\"key"
            + " done\">finished</span>, <span class=\"key grey\">stopped early or failed</span>,"
            + " <span class=\"key now\">running</span>.",
        charts.curves());
    part(
        out,
        "Parallel coordinates",
        "A line for each finished trial; the stronger the better, coloured the best.",
        charts.parallel());
    part(out, "Importance", importanceSays(), importance());
    if (objectives.size() > 1) {
      part(
          out,
          "Pareto front",
          "Coloured: no other trial is better in one objective without being worse in another.",
          charts.front(study.front()));
    }
    part(out, "Trials", tableSays(), "<div class=\"wide\">" + table() + "</div>");
    out.append("<script>\n").append(resource("study.js")).append("</script>\n");
    return out.append("</body></html>\n").toString();
  }

  private static String resource(String name) {
    try (InputStream in = Objects.requireNonNull(StudyReport.class.getResourceAsStream(name))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void part(StringBuilder out, String title, String says, String content) {
    out.append("<section><h2>").append(title).append("</h2>\n");
    out.append(says.isEmpty() ? "" : "<p class=\"what\">" + says + "</p>\n");
    out.append(content).append("</section>\n");
  }

  private String summary() {
    long running = count(State.RUNNING);
    String counts =
        "%d of %d trials: %d finished, %d stopped early, %d failed%s. Seed %d."
            .formatted(
                trials.size() - running,
                Math.max(total, trials.size()),
                count(State.FINISHED),
                count(State.PRUNED),
                count(State.FAILED),
                running == 0 ? "" : "; " + running + " running, load the page again for more",
                study.seed());
    return best == null
        ? counts + " None has finished: there is no best one yet."
        : counts
            + " Best: trial %d, %s.".formatted(best.number(), StudyCharts.values(objectives, best));
  }

  private long count(State state) {
    return trials.stream().filter(t -> t.state() == state).count();
  }

  private String configuration(String yaml) {
    if (best == null || yaml.isEmpty()) {
      return "<p class=\"what\">Of the best trial, as soon as one has finished.</p>";
    }
    StringBuilder out = new StringBuilder("<div class=\"wide\"><table>");
    study
        .values(best)
        .forEach(
            (key, value) -> {
              out.append("<tr><td class=\"text\">").append(escape(key)).append("</td>");
              out.append("<td class=\"text\">").append(escape(StudyCharts.shown(value)));
              out.append("</td></tr>\n");
            });
    out.append("</table></div>\n<p class=\"what\">The whole of it, ready for gatun train: ");
    out.append("<button id=\"copy\" type=\"button\">Copy</button></p>\n");
    return out.append("<pre id=\"yaml\" tabindex=\"0\">%s</pre>".formatted(escape(yaml)))
        .toString();
  }

  private String importanceSays() {
    long finished = count(State.FINISHED);
    return finished < LEAST_TRIALS
        ? "Needs at least %d finished trials; there are %d.".formatted(LEAST_TRIALS, finished)
        : ("How much worse a random forest predicts the objective when a parameter&#8217;s values are"
                + " exchanged, as a part of the sum over all parameters; from the %d finished trials, as"
                + " those stopped early have no result.")
            .formatted(finished);
  }

  private String importance() {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < objectives.size(); i++) {
      int objective = i;
      long known =
          trials.stream()
              .filter(t -> t.state() == State.FINISHED)
              .filter(t -> Double.isFinite(t.values().get(objective)))
              .count();
      if (known >= LEAST_TRIALS) {
        bars(out, objectives.get(i), Importance.of(study, i));
      }
    }
    return out.toString();
  }

  private void bars(StringBuilder out, String objective, Map<String, Double> parts) {
    Map<String, Parameter> all =
        study.space().parameters().stream().collect(Collectors.toMap(Parameter::name, p -> p));
    if (parts.values().stream().allMatch(p -> p == 0)) {
      out.append("<p>").append(escape(objective));
      out.append(": no parameter tells anything about it in these trials.</p>\n");
      return;
    }
    out.append("<div class=\"wide\"><table class=\"bars\"><tr><th class=\"text\">");
    out.append(escape(objective))
        .append("</th><th></th><th></th><th class=\"text\">searched</th></tr>\n");
    parts.forEach(
        (name, part) -> {
          String searched = Objects.requireNonNull(all.get(name)).domain().toString();
          out.append("<tr><td class=\"text\">").append(escape(name)).append("</td><td>");
          out.append(String.format(Locale.ROOT, "%.0f %%", 100 * part));
          out.append("</td><td><div class=\"bar\" style=\"width:");
          out.append(String.format(Locale.ROOT, "%.1f", 100 * part));
          out.append("%\"></div></td><td class=\"text\">").append(escape(searched));
          out.append("</td></tr>\n");
        });
    out.append("</table></div>\n");
  }

  private String tableSays() {
    return "Best first; a click on a column sorts by it."
        + (trials.size() > MOST_ROWS
            ? " The first %d of %d.".formatted(MOST_ROWS, trials.size())
            : "");
  }

  private String table() {
    List<String> keys = study.space().parameters().stream().map(Parameter::name).toList();
    boolean reasons = trials.stream().anyMatch(t -> !t.reason().isEmpty());
    Set<Integer> front =
        objectives.size() < 2
            ? Set.of()
            : study.front().stream().map(TrialRecord::number).collect(Collectors.toSet());
    StringBuilder out = new StringBuilder("<table class=\"sorted\"><thead><tr>");
    cell(out, "th", "trial");
    cell(out, "th", "state");
    objectives.forEach(name -> cell(out, "th", name));
    if (!front.isEmpty()) {
      cell(out, "th", "front");
    }
    keys.forEach(key -> cell(out, "th", key));
    if (reasons) {
      cell(out, "th", "reason");
    }
    out.append("</tr></thead><tbody>\n");
    trials.stream()
        .sorted(Comparator.comparingDouble(this::rank))
        .limit(MOST_ROWS)
        .forEach(
            trial -> {
              row(out, trial, keys, front);
              out.append(reasons ? "<td class=\"reason\">" + escape(trial.reason()) + "</td>" : "");
              out.append("</tr>\n");
            });
    return out.append("</tbody></table>").toString();
  }

  private double rank(TrialRecord trial) {
    if (trial.values().isEmpty()) {
      return Double.POSITIVE_INFINITY;
    }
    double value = trial.values().getFirst();
    return study.goals().getFirst() == Goal.MAXIMIZE ? -value : value;
  }

  private void row(StringBuilder out, TrialRecord trial, List<String> keys, Set<Integer> front) {
    String state = trial.state().name().toLowerCase(Locale.ROOT);
    boolean chosen = best != null && trial.number() == best.number();
    out.append("<tr class=\"").append(chosen ? "best" : state).append("\">");
    cell(out, "td", Integer.toString(trial.number()));
    cell(out, "td", trial.state() == State.PRUNED ? "stopped early" : state);
    for (int i = 0; i < objectives.size(); i++) {
      cell(out, "td", trial.values().isEmpty() ? "" : StudyCharts.value(trial.values().get(i)));
    }
    if (!front.isEmpty()) {
      cell(out, "td", front.contains(trial.number()) ? "yes" : "");
    }
    Map<String, Object> values = study.values(trial);
    for (String key : keys) {
      Object value = values.get(key);
      cell(out, "td", value == null ? "" : StudyCharts.shown(value));
    }
  }

  private static void cell(StringBuilder out, String kind, String text) {
    out.append('<').append(kind).append('>').append(escape(text));
    out.append("</").append(kind).append('>');
  }

  /** Text within an element or an attribute; what no page may have in it is replaced. */
  static String escape(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                default -> {
                  boolean control = c < ' ' && c != '\n' && c != '\t';
                  boolean none = c == 0xfffe || c == 0xffff || (c >= 0xd800 && c <= 0xdfff);
                  out.appendCodePoint(control || none ? 0xfffd : c);
                }
              }
            });
    return out.toString();
  }
}
