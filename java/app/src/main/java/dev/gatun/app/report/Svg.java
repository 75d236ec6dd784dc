package dev.gatun.app.report;

import java.util.List;
import java.util.Locale;

/** An SVG while it is written: numbers with points whatever the locale. */
final class Svg implements Canvas {
  private final StringBuilder out = new StringBuilder();

  /** Begins a white picture. */
  Svg(double width, double height) {
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\""
            + " font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#333\">%n",
        width, height, width, height);
    add("<rect width=\"%.0f\" height=\"%.0f\" fill=\"#fff\"/>%n", width, height);
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation is in a library for builds only
  void add(String format, Object... arguments) {
    out.append(String.format(Locale.ROOT, format, arguments));
  }

  @Override
  public void path(double[] x, double[] y, Pen pen) {
    StringBuilder path = new StringBuilder();
    boolean drawing = false;
    for (int i = 0; i < x.length; i++) {
      boolean point = Double.isFinite(x[i]) && Double.isFinite(y[i]);
      if (point) {
        path.append(String.format(Locale.ROOT, "%s%.1f %.1f", drawing ? "L" : "M", x[i], y[i]));
        boolean alone = !drawing && (i + 1 == x.length || !Double.isFinite(x[i + 1] + y[i + 1]));
        path.append(alone ? "h0.1" : ""); // the round cap makes a dot of it
      }
      drawing = point;
    }
    add(
        "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" stroke-linejoin=\"round\" stroke-linecap=\"round\"%s/>%n",
        path,
        pen.color(),
        pen.width(),
        pen.dashed() ? " stroke-dasharray=\"5 4\" stroke-opacity=\"0.8\"" : "");
  }

  @Override
  public void area(List<double[]> corners, String color, double opacity) {
    StringBuilder path = new StringBuilder();
    for (double[] corner : corners) {
      path.append(path.isEmpty() ? 'M' : 'L');
      path.append(String.format(Locale.ROOT, "%.1f %.1f", corner[0], corner[1]));
    }
    add("<path d=\"%sZ\" fill=\"%s\" fill-opacity=\"%s\"/>%n", path, color, opacity);
  }

  @Override
  public void text(double x, double y, String text, Lettering how) {
    add(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%s\"%s%s>%s</text>%n",
        x,
        y,
        how.anchor().name().toLowerCase(Locale.ROOT),
        how.size(),
        how.bold() ? " font-weight=\"600\"" : "",
        how.upward()
            ? String.format(Locale.ROOT, " transform=\"rotate(-90 %.1f %.1f)\"", x, y)
            : "",
        escape(text));
  }

  /** The whole. */
  String end() {
    return out.append("</svg>\n").toString();
  }

  static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
