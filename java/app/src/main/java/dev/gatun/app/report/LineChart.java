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

  @SuppressWarnings("ArrayRecordComponent") // points are only drawn
  private record Band(int line, double[] x, double[] lower, double[] upper) {
    boolean isPoint(int i) {
      return Double.isFinite(x[i]) && Double.isFinite(lower[i]) && Double.isFinite(upper[i]);
    }
  }

  private final String title;
  private final String xLabel;
  private final String yLabel;
  private final List<Line> lines = new ArrayList<>();
  private final List<Band> bands = new ArrayList<>();

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

  /**
   * Adds an interval around the line added last, as an area. Points that are not finite are left
   * out.
   *
   * @param x ascending
   * @param lower as many values
   * @param upper as many values
   */
  public LineChart band(double[] x, double[] lower, double[] upper) {
    if (x.length != lower.length || x.length != upper.length) {
      throw new IllegalArgumentException(
          "%d places, %d and %d values".formatted(x.length, lower.length, upper.length));
    }
    bands.add(new Band(lines.size() - 1, x.clone(), lower.clone(), upper.clone()));
    return this;
  }

  /** The chart. */
  public String toSvg() {
    Axis x = axis(true, LEFT, WIDTH - RIGHT);
    Axis y = axis(false, HEIGHT - BOTTOM, TOP);
    Svg out = new Svg(WIDTH, HEIGHT);
    out.add(
        "<text x=\"%d\" y=\"24\" font-size=\"16\" font-weight=\"600\">%s</text>%n",
        LEFT, Svg.escape(title));
    grid(out, x, y);
    legend(out);
    for (Band band : bands) {
      area(out, band, x, y);
    }
    for (int i = 0; i < lines.size(); i++) {
      curve(out, lines.get(i), COLORS.get(i % COLORS.size()), x, y);
    }
    return out.end();
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
    for (Band band : bands) {
      for (int i = 0; i < band.x.length; i++) {
        if (band.isPoint(i) && !horizontal) {
          low = Math.min(low, band.lower[i]);
          high = Math.max(high, band.upper[i]);
        }
      }
    }
    return Axis.over(low, high, horizontal, from, to);
  }

  private void grid(Svg out, Axis x, Axis y) {
    int bottom = HEIGHT - BOTTOM;
    for (double tick : y.ticks()) {
      out.add(
          "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e3e3e3\"/>%n",
          LEFT, WIDTH - RIGHT, y.at(tick), y.at(tick));
      out.add(
          "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
          LEFT - 8, y.at(tick) + 4.5, y.label(tick));
    }
    for (double tick : x.ticks()) {
      out.add(
          "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#888\"/>%n",
          x.at(tick), x.at(tick), bottom, bottom + 5);
      out.add(
          "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
          x.at(tick), bottom + 20, x.label(tick));
    }
    out.add(
        "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"#888\"/>%n",
        LEFT, WIDTH - RIGHT, bottom, bottom);
    out.add(
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
        (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, Svg.escape(xLabel));
    int middle = (TOP + bottom) / 2;
    out.add(
        "<text x=\"16\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 16 %d)\">%s</text>%n",
        middle, middle, Svg.escape(yLabel));
  }

  private void legend(Svg out) {
    double at = LEFT;
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      out.add(
          "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"44\" y2=\"44\" stroke=\"%s\" stroke-width=\"2.5\"%s/>%n",
          at, at + 22, COLORS.get(i % COLORS.size()), dash(line));
      out.add("<text x=\"%.1f\" y=\"48\">%s</text>%n", at + 28, Svg.escape(line.name));
      // 7.2 is a little above the mean width of a character at this size.
      at += 28 + line.name.length() * 7.2 + 22;
    }
  }

  private static void curve(Svg out, Line line, String color, Axis x, Axis y) {
    StringBuilder path = new StringBuilder();
    boolean drawing = false;
    for (int i = 0; i < line.x.length; i++) {
      if (line.isPoint(i)) {
        path.append(
            String.format(
                Locale.ROOT, "%s%.1f %.1f", drawing ? "L" : "M", x.at(line.x[i]), y.at(line.y[i])));
      }
      drawing = line.isPoint(i);
    }
    if (line.pointCount() == 1) {
      path.append("h0.1"); // a lone point: the round cap makes a dot of it
    }
    out.add(
        "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" stroke-linejoin=\"round\" stroke-linecap=\"round\"%s/>%n",
        path, color, line.pointCount() == 1 ? "6" : "1.8", dash(line));
  }

  private static void area(Svg out, Band band, Axis x, Axis y) {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < band.x.length; i++) {
      if (band.isPoint(i)) {
        path.append(path.isEmpty() ? 'M' : 'L').append(point(x.at(band.x[i]), y.at(band.upper[i])));
      }
    }
    for (int i = band.x.length - 1; i >= 0; i--) {
      if (band.isPoint(i)) {
        path.append('L').append(point(x.at(band.x[i]), y.at(band.lower[i])));
      }
    }
    String color = COLORS.get(band.line % COLORS.size());
    out.add("<path d=\"%sZ\" fill=\"%s\" fill-opacity=\"0.18\"/>%n", path, color);
  }

  private static String point(double x, double y) {
    return String.format(Locale.ROOT, "%.1f %.1f", x, y);
  }

  private static String dash(Line line) {
    return line.dashed ? " stroke-dasharray=\"5 4\" stroke-opacity=\"0.8\"" : "";
  }
}
