package dev.gatun.app.report;

import java.util.List;

/** What a chart is drawn on. Places are in pixels from the upper left. */
interface Canvas {
  /**
   * How a line is drawn.
   *
   * @param color as #rrggbb
   */
  record Pen(String color, double width, boolean dashed) {}

  /** Which part of a text stands at its place. */
  enum Anchor {
    START,
    MIDDLE,
    END
  }

  /**
   * How a text is written.
   *
   * @param size of the font
   * @param upward turned by a quarter, to be read from below
   */
  record Lettering(Anchor anchor, double size, boolean bold, boolean upward) {
    static final Lettering PLAIN = new Lettering(Anchor.START, 13, false, false);

    Lettering at(Anchor other) {
      return new Lettering(other, size, bold, upward);
    }
  }

  /** Draws a line through places; one that is not finite is a gap, a lone one a dot. */
  void path(double[] x, double[] y, Pen pen);

  /**
   * Fills an area.
   *
   * @param corners each a place
   * @param opacity 0 to 1
   */
  void area(List<double[]> corners, String color, double opacity);

  /** Writes a text whose baseline is at a place. */
  void text(double x, double y, String text, Lettering how);

  /** Draws a straight line. */
  default void line(double x1, double y1, double x2, double y2, Pen pen) {
    path(new double[] {x1, x2}, new double[] {y1, y2}, pen);
  }
}
