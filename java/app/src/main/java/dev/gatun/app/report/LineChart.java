package dev.gatun.app.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** A chart of lines as an SVG of its own: axes, grid, legend, no script and no outside font. */
public final class LineChart {
  private static final int WIDTH = 860;
  private static final int HEIGHT = 460;
  private static final int LEFT = 72;
  private static final int RIGHT = 20;
  private static final int TOP = 64;
  private static final int BOTTOM = 52;

  /** Okabe and Ito's palette, told apart by readers with any colour vision. */
  private static final List<String> COLORS =
      List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000");

  @SuppressWarnings("ArrayRecordComponent") // points are only drawn
  private record Line(String name, double[] x, double[] y, boolean dashed) {
    int pointCount() {
      return (int) IntStream.range(0, x.length).filter(this::isPoint).count();
    }

    boolean isPoint(int i) {
      return Double.isFinite(x[i]) && Double.isFinite(y[i]);
    }
  }

  private final String title;
  private final String xLabel;
  private final String yLabel;
  private final List<Line> lines = new ArrayList<>();

  /**
   * An empty chart.
   *
   * @param title above it
   * @param xLabel below the horizontal axis
   * @param yLabel beside the vertical axis
   */
  public LineChart(String title, String xLabel, String yLabel) {
    this.title = title;
    this.xLabel = xLabel;
    this.yLabel = yLabel;
  }

  /**
   * Adds a line. Points that are not finite are gaps.
   *
   * @param name in the legend
   * @param x ascending
   * @param y as many values
   * @param dashed for what is only compared with
   */
  public LineChart line(String name, double[] x, double[] y, boolean dashed) {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          "%s: %d places and %d values".formatted(name, x.length, y.length));
    }
    lines.add(new Line(name, x.clone(), y.clone(), dashed));
    return this;
  }

  /** The chart. */
  public String toSvg() {
    Axis x = axis(true, LEFT, WIDTH - RIGHT);
    Axis y = axis(false, HEIGHT - BOTTOM, TOP);
    StringBuilder out = new StringBuilder();
    add(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
            + " font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#333\">%n",
        WIDTH,
        HEIGHT,
        WIDTH,
        HEIGHT);
    add(out, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>%n", WIDTH, HEIGHT);
    add(
        out,
        "<text x=\"%d\" y=\"24\" font-size=\"16\" font-weight=\"600\">%s</text>%n",
        LEFT,
        escape(title));
    grid(out, x, y);
    legend(out);
    for (int i = 0; i < lines.size(); i++) {
      curve(out, lines.get(i), COLORS.get(i % COLORS.size()), x, y);
    }
    return out.append("</svg>\n").toString();
  }

  private Axis axis(boolean horizontal, double from, double to) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (Line line : lines) {
      for (int i = 0; i < line.x.length; i++) {
        if (line.isPoint(i)) {
          double value = horizontal ? line.x[i] : line.y[i];
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
    }
    return Axis.over(low, high, horizontal, from, to);
  }

  private void grid(StringBuilder out, Axis x, Axis y) {
    int bottom = HEIGHT - BOTTOM;
    for (double tick : y.ticks()) {
      add(
          out,
          "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e3e3e3\"/>%n",
          LEFT,
          WIDTH - RIGHT,
          y.at(tick),
          y.at(tick));
      add(
          out,
          "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
          LEFT - 8,
          y.at(tick) + 4.5,
          y.label(tick));
    }
    for (double tick : x.ticks()) {
      add(
          out,
          "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#888\"/>%n",
          x.at(tick),
          x.at(tick),
          bottom,
          bottom + 5);
      add(
          out,
          "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
          x.at(tick),
          bottom + 20,
          x.label(tick));
    }
    add(
        out,
        "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"#888\"/>%n",
        LEFT,
        WIDTH - RIGHT,
        bottom,
        bottom);
    add(
        out,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
        (LEFT + WIDTH - RIGHT) / 2,
        HEIGHT - 10,
        escape(xLabel));
    int middle = (TOP + bottom) / 2;
    add(
        out,
        "<text x=\"16\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 16 %d)\">%s</text>%n",
        middle,
        middle,
        escape(yLabel));
  }

  private void legend(StringBuilder out) {
    double at = LEFT;
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      add(
          out,
          "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"44\" y2=\"44\" stroke=\"%s\" stroke-width=\"2.5\"%s/>%n",
          at,
          at + 22,
          COLORS.get(i % COLORS.size()),
          dash(line));
      add(out, "<text x=\"%.1f\" y=\"48\">%s</text>%n", at + 28, escape(line.name));
      // 7.2 is a little above the mean width of a character at this size.
      at += 28 + line.name.length() * 7.2 + 22;
    }
  }

  private static void curve(StringBuilder out, Line line, String color, Axis x, Axis y) {
    StringBuilder path = new StringBuilder();
    boolean drawing = false;
    for (int i = 0; i < line.x.length; i++) {
      if (line.isPoint(i)) {
        add(path, "%s%.1f %.1f", drawing ? "L" : "M", x.at(line.x[i]), y.at(line.y[i]));
      }
      drawing = line.isPoint(i);
    }
    if (line.pointCount() == 1) {
      path.append("h0.1"); // a lone point: the round cap makes a dot of it
    }
    add(
        out,
        "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" stroke-linejoin=\"round\" stroke-linecap=\"round\"%s/>%n",
        path,
        color,
        line.pointCount() == 1 ? "6" : "1.8",
        dash(line));
  }

  private static String dash(Line line) {
    return line.dashed ? " stroke-dasharray=\"5 4\" stroke-opacity=\"0.8\"" : "";
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation is in a library for builds only
  private static void add(StringBuilder out, String format, Object... arguments) {
    out.append(String.format(Locale.ROOT, format, arguments));
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
