package dev.gatun.app.report;

import dev.gatun.app.report.Canvas.Anchor;
import dev.gatun.app.report.Canvas.Lettering;
import dev.gatun.app.report.Canvas.Pen;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * A chart of lines as an SVG of its own, or as a PNG: axes, grid, legend, no script and no outside
 * font.
 */
public final class LineChart {
  private static final int WIDTH = 860;
  private static final int HEIGHT = 460;
  private static final int LEFT = 72;
  private static final int RIGHT = 20;
  private static final int TOP = 64;
  private static final int BOTTOM = 52;
  private static final int LEGEND = 44;

  /** A little above the mean width of a character. */
  private static final double CHARACTER = 7.2;

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
  private boolean logarithmic;

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

  /** The same with a vertical axis of powers of ten; what is not above 0 is a gap. */
  public LineChart logarithmic() {
    logarithmic = true;
    return this;
  }

  /** The chart. */
  public String toSvg() {
    Svg out = new Svg(WIDTH, height());
    draw(out);
    return out.end();
  }

  /** The chart as a PNG. */
  public byte[] toPng() {
    Png out = new Png(WIDTH, height());
    draw(out);
    return out.end();
  }

  private void draw(Canvas out) {
    Axis x = axis(true, LEFT, WIDTH - RIGHT);
    Axis y = axis(false, (double) height() - BOTTOM, top());
    out.text(LEFT, 24, title, new Canvas.Lettering(Anchor.START, 16, true, false));
    grid(out, x, y);
    for (Band band : bands) {
      area(out, band, x, y);
    }
    List<double[]> places = legend();
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      double[] at = places.get(i);
      out.line(at[0], at[1], at[0] + 22, at[1], pen(i, 2.5));
      out.text(at[0] + 28, at[1] + 4, line.name, Lettering.PLAIN);
      curve(out, i, x, y);
    }
  }

  private int height() {
    return HEIGHT + top() - TOP;
  }

  /** Where the plot begins, below a legend of as many rows as it takes. */
  private int top() {
    List<double[]> places = legend();
    return TOP + (places.isEmpty() ? 0 : (int) places.getLast()[1] - LEGEND);
  }

  /** Where each line's entry begins. */
  private List<double[]> legend() {
    List<double[]> places = new ArrayList<>();
    double at = LEFT;
    double row = LEGEND;
    for (Line line : lines) {
      double width = 28 + line.name.length() * CHARACTER;
      if (at > LEFT && at + width > WIDTH - RIGHT) {
        at = LEFT;
        row += 18;
      }
      places.add(new double[] {at, row});
      at += width + 22;
    }
    return places;
  }

  /** Beyond the palette colours come again, dashed. */
  private Pen pen(int i, double width) {
    return new Pen(COLORS.get(i % COLORS.size()), width, lines.get(i).dashed || i >= COLORS.size());
  }

  private double shown(double value) {
    return logarithmic ? (value > 0 ? Math.log10(value) : Double.NaN) : value;
  }

  private Axis axis(boolean horizontal, double from, double to) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (Line line : lines) {
      for (int i = 0; i < line.x.length; i++) {
        if (line.isPoint(i)) {
          double value = horizontal ? line.x[i] : shown(line.y[i]);
          if (!Double.isFinite(value)) {
            continue;
          }
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

  private void grid(Canvas out, Axis x, Axis y) {
    double bottom = (double) height() - BOTTOM;
    Pen light = new Pen("#e3e3e3", 1, false);
    Pen dark = new Pen("#888888", 1, false);
    for (double tick : y.ticks()) {
      out.line(LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick), light);
      out.text(LEFT - 8, y.at(tick) + 4.5, label(y, tick), Lettering.PLAIN.at(Anchor.END));
    }
    for (double tick : x.ticks()) {
      out.line(x.at(tick), bottom, x.at(tick), bottom + 5, dark);
      out.text(x.at(tick), bottom + 20, x.label(tick), Lettering.PLAIN.at(Anchor.MIDDLE));
    }
    out.line(LEFT, bottom, WIDTH - RIGHT, bottom, dark);
    Lettering middle = Lettering.PLAIN.at(Anchor.MIDDLE);
    out.text((LEFT + WIDTH - RIGHT) / 2.0, height() - 10, xLabel, middle);
    out.text(16, (top() + bottom) / 2, yLabel, new Lettering(Anchor.MIDDLE, 13, false, true));
  }

  private String label(Axis y, double tick) {
    return logarithmic ? String.format(Locale.ROOT, "%.2g", Math.pow(10, tick)) : y.label(tick);
  }

  private void curve(Canvas out, int index, Axis x, Axis y) {
    Line line = lines.get(index);
    double[] px = new double[line.x.length];
    double[] py = new double[line.x.length];
    for (int i = 0; i < px.length; i++) {
      boolean point = line.isPoint(i) && Double.isFinite(shown(line.y[i]));
      px[i] = point ? x.at(line.x[i]) : Double.NaN;
      py[i] = point ? y.at(shown(line.y[i])) : Double.NaN;
    }
    out.path(px, py, pen(index, line.pointCount() == 1 ? 6 : 1.8));
  }

  private void area(Canvas out, Band band, Axis x, Axis y) {
    List<double[]> corners = new ArrayList<>();
    for (int i = 0; i < band.x.length; i++) {
      if (band.isPoint(i)) {
        corners.add(new double[] {x.at(band.x[i]), y.at(shown(band.upper[i]))});
      }
    }
    for (int i = band.x.length - 1; i >= 0; i--) {
      if (band.isPoint(i)) {
        corners.add(new double[] {x.at(band.x[i]), y.at(shown(band.lower[i]))});
      }
    }
    out.area(corners, COLORS.get(band.line % COLORS.size()), 0.18);
  }
}
