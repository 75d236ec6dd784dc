package dev.gatun.app.report;

import java.util.Locale;

/** An SVG while it is written: numbers with points whatever the locale. */
final class Svg {
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

  /** The whole. */
  String end() {
    return out.append("</svg>\n").toString();
  }

  static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
