package dev.gatun.app.tune;

import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TuneSection;
import dev.gatun.app.search.Parameter;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.search.TrialRecord.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/** The pictures of a study's report, as SVG without a size of their own. */
final class StudyCharts {
  private static final double WIDTH = 640;
  private static final double HEIGHT = 360;
  private static final double LEFT = 78;
  private static final double RIGHT = 24;
  private static final double TOP = 20;
  private static final double BOTTOM = 50;
  private static final String BEST = "#1f6fb4";
  private static final String GREY = "#bbb";
  private static final String DARK = "#444";

  private final TuneSection section;
  private final TuneSpace space;
  private final List<TrialRecord> trials;
  private final TrialRecord best;

  StudyCharts(TuneSection section, TuneSpace space, List<TrialRecord> trials, TrialRecord best) {
    this.section = section;
    this.space = space;
    this.trials = trials;
    this.best = best;
  }

  /**
   * From values to places.
   *
   * @param log whether powers of ten are equally far
   */
  private record Scale(double low, double high, boolean log, double from, double to) {
    static Scale over(DoubleStream values, double from, double to) {
      double[] all = values.filter(Double::isFinite).sorted().toArray();
      if (all.length == 0) {
        return new Scale(0, 1, false, from, to);
      }
      double low = all[0];
      double high = all[all.length - 1];
      // A few bad trials would press all others into a line.
      boolean log = low > 0 && high > 10 * low;
      double room = high > low ? 0 : Math.max(1e-12, Math.abs(low) / 10);
      return new Scale(low - room, high + room, log, from, to);
    }

    double at(double value) {
      double share =
          log
              ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))
              : (value - low) / (high - low);
      return from + share * (to - from);
    }

    double value(double share) {
      return log ? low * Math.pow(high / low, share) : low + share * (high - low);
    }
  }

  private static StringBuilder open(double height) {
    return new StringBuilder()
        .append(
            f(
                "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" font-size=\"13\" fill=\"#444\">%n",
                WIDTH, height));
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation is in a library for builds only
  private static String f(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  private static Scale across(DoubleStream values) {
    return Scale.over(values, LEFT, WIDTH - RIGHT);
  }

  private static Scale upward(DoubleStream values) {
    return Scale.over(values, HEIGHT - BOTTOM, TOP);
  }

  private static void axes(StringBuilder out, Scale x, Scale y, String xName, String yName) {
    for (int i = 0; i <= 4; i++) {
      double share = i / 4.0;
      double py = y.at(y.value(share));
      double px = x.at(x.value(share));
      out.append(f("<path d=\"M%.1f %.1fH%.1f\" stroke=\"#e4e4e4\"/>%n", LEFT, py, WIDTH - RIGHT));
      text(out, LEFT - 6, py + 4, "end", Numbers.shown(y.value(share)));
      text(out, px, HEIGHT - BOTTOM + 18, "middle", f("%.0f", x.value(share)));
    }
    text(out, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "middle", xName);
    text(out, LEFT - 6, TOP - 7, "start", yName);
  }

  private static void text(StringBuilder out, double x, double y, String anchor, String text) {
    out.append(
        f(
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
            x, y, anchor, StudyReport.escape(text)));
  }

  private static void line(StringBuilder out, List<double[]> points, String color, double width) {
    StringBuilder path = new StringBuilder();
    for (double[] p : points) {
      if (Double.isFinite(p[0] + p[1])) {
        path.append(f("%s%.1f %.1f", path.isEmpty() ? "M" : "L", p[0], p[1]));
      }
    }
    out.append(
        f(
            "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\""
                + " stroke-linejoin=\"round\"/>%n",
            path, color, width));
  }

  private static void dot(StringBuilder out, double x, double y, String color, String title) {
    out.append(
        f(
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"><title>%s</title></circle>%n",
            x, y, color, StudyReport.escape(title)));
  }

  private List<TrialRecord> finished() {
    return trials.stream().filter(t -> t.state() == State.FINISHED).toList();
  }

  private boolean larger(int objective) {
    return List.copyOf(section.goals().values()).get(objective);
  }

  private String name(int objective) {
    return List.copyOf(section.goals().keySet()).get(objective);
  }

  /** The first objective by trial, and the best so far. */
  String history() {
    StringBuilder out = open(HEIGHT);
    Scale x = across(DoubleStream.of(0, Math.max(1, trials.size() - 1)));
    Scale y = upward(finished().stream().mapToDouble(t -> t.values().getFirst()));
    axes(out, x, y, "trial", name(0));
    List<double[]> bests = new ArrayList<>();
    double so = Double.NaN;
    for (TrialRecord t : finished()) {
      double value = t.values().getFirst();
      boolean better = Double.isNaN(so) || (larger(0) ? value > so : value < so);
      if (better) {
        bests.add(new double[] {x.at(t.number()), y.at(Double.isNaN(so) ? value : so)});
        so = value;
      }
      bests.add(new double[] {x.at(t.number()), y.at(so)});
    }
    line(out, bests, BEST, 2);
    for (TrialRecord t : finished()) {
      double value = t.values().getFirst();
      String color = t.number() == best.number() ? BEST : DARK;
      dot(out, x.at(t.number()), y.at(value), color, "trial " + t.number() + ": " + value);
    }
    return out.append("</svg>").toString();
  }

  /** Reports of all trials. */
  String curves() {
    StringBuilder out = open(HEIGHT);
    Scale x =
        across(
            DoubleStream.concat(
                DoubleStream.of(0),
                trials.stream()
                    .flatMapToDouble(t -> t.reports().keySet().stream().mapToDouble(s -> s))));
    Scale y =
        upward(
            trials.stream()
                .flatMapToDouble(t -> t.reports().values().stream().mapToDouble(v -> v)));
    axes(out, x, y, "step", "validation loss");
    for (State state : List.of(State.FAILED, State.PRUNED, State.RUNNING, State.FINISHED)) {
      for (TrialRecord t : trials) {
        if (t.state() == state && t.number() != best.number()) {
          curve(out, t, x, y, state == State.FINISHED ? DARK : GREY, 1);
        }
      }
    }
    curve(out, best, x, y, BEST, 2.5);
    return out.append("</svg>").toString();
  }

  private static void curve(
      StringBuilder out, TrialRecord t, Scale x, Scale y, String color, double width) {
    List<double[]> points = new ArrayList<>();
    t.reports().forEach((step, value) -> points.add(new double[] {x.at(step), y.at(value)}));
    line(out, points, color, width);
  }

  /** A line through each finished trial's values. */
  String parallel() {
    StringBuilder out = open(HEIGHT);
    List<Parameter> parameters = space.space().parameters();
    int axes = parameters.size() + 1;
    Scale objective = upward(finished().stream().mapToDouble(t -> t.values().getFirst()));
    for (int i = 0; i < axes; i++) {
      double px = place(i, axes);
      out.append(f("<path d=\"M%.1f %.1fV%.1f\" stroke=\"#999\"/>%n", px, TOP, HEIGHT - BOTTOM));
      String name = i < parameters.size() ? parameters.get(i).name() : name(0);
      String last = name.substring(name.lastIndexOf('.') + 1);
      text(out, px, HEIGHT - BOTTOM + (i % 2 == 0 ? 18 : 36), "middle", last);
      if (i < parameters.size()) {
        text(out, px + 4, TOP - 6, "middle", shown(parameters.get(i), 1));
        text(out, px + 4, HEIGHT - BOTTOM - 3, "start", shown(parameters.get(i), 0));
      } else {
        text(out, px, TOP - 6, "middle", Numbers.shown(objective.high()));
      }
    }
    List<TrialRecord> worstFirst =
        finished().stream().sorted((a, b) -> Double.compare(loss(b), loss(a))).toList();
    for (int k = 0; k < worstFirst.size(); k++) {
      TrialRecord t = worstFirst.get(k);
      List<double[]> points = new ArrayList<>();
      for (int i = 0; i < parameters.size(); i++) {
        Double code = t.codes().get(parameters.get(i).name());
        if (code != null) {
          double share = parameters.get(i).domain().place(code);
          points.add(
              new double[] {place(i, axes), HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)});
        }
      }
      points.add(new double[] {place(axes - 1, axes), objective.at(t.values().getFirst())});
      int grey = 215 - (int) (150.0 * k / Math.max(1, worstFirst.size() - 1));
      boolean chosen = t.number() == best.number();
      line(out, points, chosen ? BEST : f("rgb(%d,%d,%d)", grey, grey, grey), chosen ? 3 : 1.2);
    }
    return out.append("</svg>").toString();
  }

  private double loss(TrialRecord trial) {
    return larger(0) ? -trial.values().getFirst() : trial.values().getFirst();
  }

  private static double place(int axis, int axes) {
    return LEFT + axis * (WIDTH - RIGHT - LEFT - 20) / (axes - 1);
  }

  private static String shown(Parameter parameter, double share) {
    Object value = parameter.domain().value(parameter.domain().at(share));
    return value instanceof Double x ? Numbers.shown(x) : value.toString();
  }

  /** The first two objectives against each other. */
  String front() {
    StringBuilder out = open(HEIGHT);
    Scale x = across(finished().stream().mapToDouble(t -> t.values().get(1)));
    Scale y = upward(finished().stream().mapToDouble(t -> t.values().getFirst()));
    axes(out, x, y, name(1), name(0));
    for (TrialRecord t : finished()) {
      boolean front = finished().stream().noneMatch(other -> dominates(other, t));
      String title = "trial " + t.number() + ": " + t.values();
      dot(out, x.at(t.values().get(1)), y.at(t.values().getFirst()), front ? BEST : GREY, title);
    }
    return out.append("</svg>").toString();
  }

  private boolean dominates(TrialRecord a, TrialRecord b) {
    boolean better = false;
    for (int i = 0; i < a.values().size(); i++) {
      double sign = larger(i) ? -1 : 1;
      double difference = sign * (a.values().get(i) - b.values().get(i));
      if (difference > 0) {
        return false;
      }
      better |= difference < 0;
    }
    return better;
  }
}
