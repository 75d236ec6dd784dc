package dev.gatun.app.tune;

import dev.gatun.app.config.Numbers;
import dev.gatun.app.search.Domain;
import dev.gatun.app.search.Goal;
import dev.gatun.app.search.Parameter;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.search.TrialRecord.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The charts of a study's report.
 *
 * @param objectives their names
 * @param goals one for each
 * @param best null: none has finished
 * @param total trials of the whole study, those to come included
 */
record StudyCharts(
    List<String> objectives,
    List<Goal> goals,
    List<Parameter> parameters,
    List<TrialRecord> trials,
    @Nullable TrialRecord best,
    int total) {
  /** Points of all learning curves: more are thinned, so that a page stays quick. */
  private static final long MOST_POINTS = 60_000;

  /** Options beyond this are not named on their axis. */
  private static final int MOST_OPTIONS = 8;

  /** Objectives of which every two have a chart: six charts. */
  private static final int MOST_CROSSED = 4;

  private static final int NARROW = 280;

  /** Of one axis of the parallel coordinates, in pixels: a name in two lines. */
  private static final int AXIS = 70;

  private List<TrialRecord> finished() {
    return trials.stream().filter(t -> t.state() == State.FINISHED).toList();
  }

  private boolean isBest(TrialRecord trial) {
    return best != null && best.number() == trial.number();
  }

  private static Plot.Scale upward(DoubleStream values) {
    return Plot.Scale.over(values, Plot.SIZE, 0);
  }

  private static String cut(Plot.Scale... scales) {
    for (Plot.Scale scale : scales) {
      if (scale.cut()) {
        return "<p class=\"what\">Values far beyond the others are drawn on the edge.</p>";
      }
    }
    return "";
  }

  /** What a trial that was stopped early got to; NaN where reports are not of the objective. */
  private double reached(TrialRecord t) {
    DoubleStream reports = t.reports().values().stream().mapToDouble(v -> v);
    if (t.state() != State.PRUNED || goals.size() > 1) {
      return Double.NaN;
    }
    return (goals.getFirst() == Goal.MAXIMIZE ? reports.max() : reports.min()).orElse(Double.NaN);
  }

  /** The first objective by trial, and the best so far. */
  String history() {
    Plot out = new Plot();
    Plot.Scale x = Plot.Scale.counting(Math.max(total, trials.size()) - 1);
    Plot.Scale y =
        upward(
            DoubleStream.concat(
                finished().stream().mapToDouble(t -> t.values().getFirst()),
                trials.stream().mapToDouble(this::reached)));
    out.axes(x, y, "trial", objectives.getFirst());
    for (TrialRecord t : trials) {
      double value = reached(t);
      String title = "trial " + t.number() + ", stopped early: " + value;
      out.dot(x.at(t.number()), y.at(value), "grey", title);
    }
    List<double[]> bests = new ArrayList<>();
    double so = Double.NaN;
    for (TrialRecord t : finished()) {
      double value = t.values().getFirst();
      boolean larger = goals.getFirst() == Goal.MAXIMIZE;
      if (Double.isNaN(so) || (larger ? value > so : value < so)) {
        bests.add(new double[] {x.at(t.number()), y.at(Double.isNaN(so) ? value : so)});
        so = value;
      }
      bests.add(new double[] {x.at(t.number()), y.at(so)});
    }
    out.line(bests, "best", 1);
    for (TrialRecord t : finished()) {
      double value = t.values().getFirst();
      String title = "trial " + t.number() + ": " + value;
      out.dot(x.at(t.number()), y.at(value), isBest(t) ? "best" : "done", title);
    }
    return out.html("plot", NARROW, "The first objective of each trial") + cut(y);
  }

  /** Reports of all trials. */
  String curves() {
    Plot out = new Plot();
    long last =
        trials.stream()
            .filter(t -> !t.reports().isEmpty())
            .mapToLong(t -> t.reports().lastKey())
            .max()
            .orElse(0);
    Plot.Scale x = Plot.Scale.counting((double) last);
    Plot.Scale y =
        upward(
            trials.stream()
                .flatMapToDouble(t -> t.reports().values().stream().mapToDouble(v -> v)));
    String measure = TuneSpace.reported(objectives).replace('_', ' ');
    out.axes(x, y, "report", measure);
    long points = trials.stream().mapToLong(t -> t.reports().size()).sum();
    long every = Math.max(1, Math.ceilDiv(points, MOST_POINTS));
    double faint = Math.clamp(3.5 / Math.sqrt(trials.size()), 0.15, 0.8); // or many are one blot
    for (State state : List.of(State.FAILED, State.PRUNED, State.RUNNING, State.FINISHED)) {
      for (TrialRecord t : trials) {
        if (t.state() == state && !isBest(t)) {
          List<double[]> curve = curve(t, x, y, every);
          out.line(curve, kind(state), state == State.FINISHED ? faint : 1);
          if (curve.size() == 1) { // of which a line shows nothing
            out.dot(curve.getFirst()[0], curve.getFirst()[1], kind(state), "trial " + t.number());
          }
        }
      }
    }
    if (best != null) {
      out.line(curve(best, x, y, 1), "best", 1);
    }
    return out.html("plot", NARROW, "The reports of each trial: " + measure) + cut(y);
  }

  private static String kind(State state) {
    return switch (state) {
      case FAILED, PRUNED -> "grey";
      case RUNNING -> "now";
      case FINISHED -> "done";
    };
  }

  private static List<double[]> curve(TrialRecord t, Plot.Scale x, Plot.Scale y, long every) {
    List<double[]> points = new ArrayList<>();
    long at = 0;
    for (Map.Entry<Long, Double> report : t.reports().entrySet()) {
      at++;
      if (at % every == 0 || at == 1 || at == t.reports().size()) {
        points.add(new double[] {x.at(report.getKey()), y.at(report.getValue())});
      }
    }
    return points;
  }

  /** A line through each finished trial's values. */
  String parallel() {
    Plot out = new Plot();
    int axes = parameters.size() + 1;
    Plot.Scale objective = upward(finished().stream().mapToDouble(t -> t.values().getFirst()));
    // The strongest last, and so above the others.
    List<TrialRecord> worstFirst =
        finished().stream().sorted((a, b) -> Double.compare(loss(b), loss(a))).toList();
    double steepness =
        Math.clamp(worstFirst.size() / 25.0, 2, 10); // of many, only the best stand out
    for (int i = 0; i < parameters.size(); i++) {
      axis(out, parameters.get(i), place(i, axes), 92.0 / axes);
    }
    double last = place(axes - 1, axes);
    out.upright(last, 92.0 / axes, objectives.getFirst());
    out.label("above", last, 0, 92.0 / axes, objective.highest());
    out.label("below", last, Plot.SIZE, 92.0 / axes, objective.lowest());
    for (int k = 0; k < worstFirst.size(); k++) {
      TrialRecord t = worstFirst.get(k);
      List<double[]> points = new ArrayList<>();
      for (int i = 0; i < parameters.size(); i++) {
        Double code = t.codes().get(parameters.get(i).name());
        if (code != null) {
          double share = parameters.get(i).domain().place(code);
          points.add(new double[] {place(i, axes), Plot.SIZE * (1 - share)});
        }
      }
      points.add(new double[] {last, objective.at(t.values().getFirst())});
      double rank = Math.pow((k + 1.0) / worstFirst.size(), steepness);
      out.line(points, isBest(t) ? "best" : "done", isBest(t) ? 1 : 0.05 + 0.75 * rank);
    }
    int width = Math.max(NARROW, axes * AXIS);
    return out.html("plot parallel", width, "The values of each finished trial") + cut(objective);
  }

  private static void axis(Plot out, Parameter parameter, double x, double width) {
    String name = parameter.name();
    out.upright(x, width, name.substring(name.lastIndexOf('.') + 1));
    Domain domain = parameter.domain();
    if (domain instanceof Domain.Choice choice) {
      for (int i = 0; i < choice.options().size() && choice.options().size() <= MOST_OPTIONS; i++) {
        double y = Plot.SIZE * (1 - domain.place(i));
        out.label("option", x, y, width, choice.options().get(i).toString());
      }
    } else {
      out.label("above", x, 0, width, shown(domain.value(domain.at(1))));
      out.label("below", x, Plot.SIZE, width, shown(domain.value(domain.at(0))));
    }
  }

  /** A value of a parameter for people. */
  static String shown(Object value) {
    return value instanceof Double x ? Plot.shown(x) : value.toString();
  }

  /** The values of a finished trial for people, each after its objective. */
  static String values(List<String> objectives, TrialRecord trial) {
    return values(objectives, trial, Map.of());
  }

  /** The same with what each deviates by over folds, where that is known. */
  static String values(List<String> objectives, TrialRecord trial, Map<String, Double> deviations) {
    return IntStream.range(0, objectives.size())
        .mapToObj(
            i -> {
              Double deviation = deviations.get(objectives.get(i));
              return objectives.get(i)
                  + " "
                  + value(trial.values().get(i))
                  + (deviation == null ? "" : " (sd " + Numbers.shown(deviation) + ")");
            })
        .collect(Collectors.joining(", "));
  }

  /** A value of an objective for people: a count without decimals. */
  static String value(double x) {
    return x == Math.rint(x) && Math.abs(x) < 1e15 ? Long.toString((long) x) : Numbers.shown(x);
  }

  private double loss(TrialRecord trial) {
    double value = trial.values().getFirst();
    return goals.getFirst() == Goal.MAXIMIZE ? -value : value;
  }

  private static double place(int axis, int axes) {
    return Plot.SIZE * (axis + 0.5) / axes;
  }

  /**
   * Objectives against each other: every two of them, of many the first and each other one.
   *
   * @param front the trials that no other beats
   */
  String front(List<TrialRecord> front) {
    Set<Integer> unbeaten = front.stream().map(TrialRecord::number).collect(Collectors.toSet());
    StringBuilder out = new StringBuilder();
    int last = objectives.size() > MOST_CROSSED ? 1 : objectives.size() - 1;
    for (int a = 0; a < last; a++) {
      for (int b = a + 1; b < objectives.size(); b++) {
        out.append(front(unbeaten, a, b));
      }
    }
    return out.toString();
  }

  private String front(Set<Integer> unbeaten, int a, int b) {
    Plot out = new Plot();
    Plot.Scale x =
        Plot.Scale.over(finished().stream().mapToDouble(t -> t.values().get(b)), 0, Plot.SIZE);
    Plot.Scale y = upward(finished().stream().mapToDouble(t -> t.values().get(a)));
    out.axes(x, y, objectives.get(b), objectives.get(a));
    for (TrialRecord t : finished()) {
      String kind = unbeaten.contains(t.number()) ? "best" : "grey";
      String title = "trial " + t.number() + ": " + t.values();
      out.dot(x.at(t.values().get(b)), y.at(t.values().get(a)), kind, title);
    }
    String says = "%s and %s of each trial".formatted(objectives.get(a), objectives.get(b));
    return out.html("plot", NARROW, says) + cut(x, y);
  }
}
