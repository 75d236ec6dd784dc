package dev.gatun.app.tune;

import dev.gatun.app.report.Axis;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * A chart for a page of any width: an SVG that is stretched to its box, whose lines keep their
 * thickness, and labels that are text of the page and keep their size.
 */
final class Plot {
  /** Sides of the drawing, in whose units places are; down is positive. */
  static final int SIZE = 1000;

  /** With fewer values none is told to be far from the others. */
  private static final int FEW = 8;

  /** How many quartile distances from the quartiles a scale goes at most. */
  private static final double FENCE = 8;

  private final StringBuilder drawing = new StringBuilder();
  private final StringBuilder labels = new StringBuilder();

  /**
   * From values to places.
   *
   * @param axis of the values, or of their logarithms
   * @param ticks values to be marked
   * @param log whether powers of ten are equally far
   * @param cut whether there are values beyond it, which are drawn on its edge
   */
  record Scale(Axis axis, List<Double> ticks, boolean log, boolean cut) {
    private static final int MOST_TICKS = 8;

    /**
     * A scale that has room for values.
     *
     * @param values those that are not finite are left out
     * @param from the place of the least
     */
    static Scale over(DoubleStream values, double from, double to) {
      double[] all = values.filter(Double::isFinite).sorted().toArray();
      if (all.length == 0) {
        return linear(Axis.over(0, 1, true, from, to), false);
      }
      boolean positive = all[0] > 0;
      double[] even = positive ? DoubleStream.of(all).map(Math::log10).toArray() : all;
      double low = even[0];
      double high = even[even.length - 1];
      if (even.length >= FEW) {
        // A few bad trials would press all others into a line.
        double first = even[even.length / 4];
        double third = even[even.length * 3 / 4];
        double room = Math.max(FENCE * (third - first), positive ? 1 : 0);
        if (room > 0) {
          low = Math.max(low, first - room);
          high = Math.min(high, third + room);
        }
      }
      boolean cut = low > even[0] || high < even[even.length - 1];
      if (positive && high - low > 1) {
        return logarithmic(low, high, cut, from, to);
      }
      double least = positive ? Math.pow(10, low) : low;
      double most = positive ? Math.pow(10, high) : high;
      return linear(Axis.over(least, most, false, from, to), cut);
    }

    private static Scale linear(Axis axis, boolean cut) {
      return new Scale(axis, axis.ticks(), false, cut);
    }

    /** Ends at 1, 2 or 5 times a power of ten, given the logarithms of the least and largest. */
    private static Scale logarithmic(double low, double high, boolean cut, double from, double to) {
      List<Double> all = new ArrayList<>();
      List<Double> powers = new ArrayList<>();
      for (int power = (int) Math.floor(low); power <= high + 1; power++) {
        for (int times : new int[] {1, 2, 5}) {
          double log = power + Math.log10(times);
          if (!all.isEmpty() && log <= low + 1e-9) {
            all.clear(); // the last one not above is the first
            powers.clear();
          }
          if (all.isEmpty() || Math.log10(all.getLast()) < high - 1e-9) {
            all.add(times * Math.pow(10, power));
            if (times == 1) {
              powers.add(Math.pow(10, power));
            }
          }
        }
      }
      int every = Math.max(1, Math.ceilDiv(powers.size(), MOST_TICKS));
      List<Double> few =
          IntStream.range(0, powers.size())
              .filter(i -> i % every == 0)
              .mapToObj(powers::get)
              .toList();
      double first = Math.log10(all.getFirst());
      double last = Math.log10(all.getLast());
      List<Double> ticks = all.size() <= MOST_TICKS ? all : few;
      return new Scale(Axis.over(first, last, true, from, to), ticks, true, cut);
    }

    /** Whole numbers from 0. */
    static Scale counting(double last) {
      return linear(Axis.over(0, Math.max(FEW - 1, last), true, 0, SIZE), false);
    }

    /** The place; NaN if the value is not finite. */
    double at(double value) {
      if (!Double.isFinite(value)) {
        return Double.NaN;
      }
      double even = !log ? value : value > 0 ? Math.log10(value) : axis.low();
      return axis.at(Math.clamp(even, axis.low(), axis.high()));
    }

    String label(double tick) {
      return log ? shown(tick) : axis.label(tick);
    }

    String lowest() {
      return label(log ? Math.pow(10, axis.low()) : axis.low());
    }

    String highest() {
      return label(log ? Math.pow(10, axis.high()) : axis.high());
    }
  }

  /** Three digits. */
  static String shown(double value) {
    if (value == 0 || !Double.isFinite(value)) {
      return value == 0 ? "0" : Double.toString(value);
    }
    BigDecimal digits = new BigDecimal(value).round(new MathContext(3)).stripTrailingZeros();
    int power = digits.precision() - digits.scale() - 1;
    return power >= -4 && power < 6
        ? digits.toPlainString()
        : f("%se%d", digits.movePointLeft(power).toPlainString(), power);
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation is in a library for builds only
  private static String f(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  /** A grid, its values beside it, and what the axes are. */
  void axes(Scale x, Scale y, String xName, String yName) {
    labels.append("<div class=\"ys\">");
    for (double tick : y.ticks()) {
      double at = y.at(tick);
      drawing.append(f("<path class=\"grid\" d=\"M0 %.0fH%d\"/>%n", at, SIZE));
      label("", f("top:%.1f%%", at * 100 / SIZE), y.label(tick));
    }
    labels.append("</div><div class=\"xs\">");
    for (double tick : x.ticks()) {
      label("", f("left:%.1f%%", x.at(tick) * 100 / SIZE), x.label(tick));
    }
    labels.append("</div>");
    label("yname", "", yName);
    label("xname", "", xName);
  }

  /**
   * An upright axis with a name below it; {@code width} is the percentage that a label may take.
   */
  void upright(double x, double width, String name) {
    drawing.append(f("<path class=\"axis\" d=\"M%.0f 0V%d\"/>%n", x, SIZE));
    label("name", f("left:%.1f%%;width:%.1f%%", x * 100 / SIZE, width), name);
  }

  /**
   * A label within the drawing.
   *
   * @param kind its class, which says where it stands to the place
   * @param width percentage that it may take
   */
  void label(String kind, double x, double y, double width, String text) {
    String style =
        f("left:%.1f%%;top:%.1f%%;max-width:%.1f%%", x * 100 / SIZE, y * 100 / SIZE, width);
    label(kind, style, text);
  }

  private void label(String kind, String style, String text) {
    String said = StudyReport.escape(text);
    labels.append("<span");
    labels.append(kind.isEmpty() ? "" : f(" class=\"%s\" title=\"%s\"", kind, said));
    labels.append(style.isEmpty() ? ">" : f(" style=\"%s\">", style));
    labels.append(said).append("</span>");
  }

  /**
   * A line through points; one that has a NaN is a gap.
   *
   * @param kind its class
   * @param opacity from 0 to 1
   */
  void line(List<double[]> points, String kind, double opacity) {
    StringBuilder path = new StringBuilder();
    int run = 0;
    for (double[] p : points) {
      boolean there = Double.isFinite(p[0] + p[1]);
      if (there) {
        path.append(run == 0 ? 'M' : 'L').append(Math.round(p[0])).append(' ');
        path.append(Math.round(p[1]));
      } else if (run == 1) {
        path.append("h0");
      }
      run = there ? run + 1 : 0;
    }
    path.append(run == 1 ? "h0" : "");
    if (!path.isEmpty()) {
      String faint = opacity < 1 ? f(" opacity=\"%.2f\"", opacity) : "";
      drawing.append(f("<path class=\"%s\"%s d=\"%s\"/>%n", kind, faint, path));
    }
  }

  /** A dot, which is a line without length and with round ends. */
  void dot(double x, double y, String kind, String title) {
    if (Double.isFinite(x + y)) {
      drawing.append(
          f(
              "<path class=\"dot %s\" d=\"M%.0f %.0fh0\"><title>%s</title></path>%n",
              kind, x, y, StudyReport.escape(title)));
    }
  }

  /**
   * The chart.
   *
   * @param kind a class of the whole
   * @param width in pixels, below which it is scrolled
   * @param says what it shows, for those who cannot see it
   */
  String html(String kind, int width, String says) {
    return f(
        "<div class=\"wide\"><div class=\"%s\" style=\"min-width:%dpx\" role=\"img\""
            + " aria-label=\"%s\"><div class=\"area\"><svg viewBox=\"0 0 %d %d\""
            + " preserveAspectRatio=\"none\">%n%s</svg>%s</div></div></div>",
        kind, width, StudyReport.escape(says), SIZE, SIZE, drawing, labels);
  }
}
