package dev.gatun.app.report;

import dev.gatun.persist.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Values in rows and columns as squares of colour, with a scale: an SVG of its own, with no script
 * and no outside font. What is not finite stays white.
 */
public final class HeatMap {
  private static final int LEFT = 24;
  private static final int TOP = 64;
  private static final int MOST_WIDTH = 1000;
  private static final int LEAST_CELL = 3;
  private static final int MOST_CELL = 44;
  private static final double CHARACTER = 7.2; // a little above a character's mean width

  /** Beyond so many names on a side every few are left out: they would overlap. */
  private static final int LEAST_PER_NAME = 13;

  private final String title;
  private final List<String> rows;
  private final List<String> columns;
  private final double[][] values;
  private String rowLabel = "";
  private String columnLabel = "";
  private String[][] texts = {};

  /**
   * A map.
   *
   * @param title above it
   * @param rows names, from the top
   * @param columns names, from the left
   * @param values rows times columns
   */
  public HeatMap(String title, List<String> rows, List<String> columns, double[][] values) {
    if (values.length != rows.size()) {
      throw new IllegalArgumentException(
          "%d rows of values and %d names".formatted(values.length, rows.size()));
    }
    for (double[] row : values) {
      if (row.length != columns.size()) {
        throw new IllegalArgumentException(
            "a row of %d values and %d names of columns".formatted(row.length, columns.size()));
      }
    }
    this.title = title;
    this.rows = List.copyOf(rows);
    this.columns = List.copyOf(columns);
    this.values = values.clone();
  }

  /** Says what rows and columns are. */
  public HeatMap labelled(String ofRows, String ofColumns) {
    rowLabel = ofRows;
    columnLabel = ofColumns;
    return this;
  }

  /**
   * Writes something into the squares, where there is room.
   *
   * @param inSquares rows times columns
   */
  public HeatMap written(String[][] inSquares) {
    texts = inSquares.clone();
    return this;
  }

  /** {@code rows} and {@code columns}, their names, and {@code values}; null where none is. */
  public Json toJson() {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("rows", Json.of(rows.stream().map(Json::of).toList()));
    members.put("columns", Json.of(columns.stream().map(Json::of).toList()));
    members.put(
        "values",
        Json.of(
            Arrays.stream(values)
                .map(row -> Json.of(Arrays.stream(row).mapToObj(HeatMap::json).toList()))
                .toList()));
    return Json.of(members);
  }

  private static Json json(double value) {
    return Double.isFinite(value) ? Json.of(value) : Json.Null.NULL;
  }

  /** The map. */
  public String toSvg() {
    double most = range();
    boolean signed = signed();
    int longest = rows.stream().mapToInt(String::length).max().orElse(0);
    double left = LEFT + (rowLabel.isEmpty() ? 0 : 20) + longest * CHARACTER + 8;
    int wide =
        columns.isEmpty() ? MOST_CELL : (int) ((MOST_WIDTH - left) / Math.max(1, columns.size()));
    int cell = Math.clamp(wide, LEAST_CELL, MOST_CELL);
    int high = Math.clamp(cell, rows.size() > 40 ? 6 : LEAST_PER_NAME + 2, MOST_CELL);
    double width = Math.max(left + cell * columns.size(), 420) + 24;
    int tall = TOP + high * rows.size() + columnNames() + 60;
    Svg out = new Svg(width, tall);
    out.add(
        "<text x=\"%d\" y=\"24\" font-size=\"16\" font-weight=\"600\">%s</text>%n",
        LEFT, Svg.escape(title));
    for (int r = 0; r < rows.size(); r++) {
      for (int c = 0; c < columns.size(); c++) {
        square(out, r, c, new Place(left + c * cell, TOP + r * high, cell, high), most);
      }
    }
    names(out, left, cell, high);
    scale(out, tall - 22, most, signed);
    return out.end();
  }

  private record Place(double x, double y, int width, int height) {}

  private void square(Svg out, int r, int c, Place at, double most) {
    double value = values[r][c];
    out.add(
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" fill=\"%s\"><title>%s, %s: %s</title></rect>%n",
        at.x,
        at.y,
        at.width,
        at.height,
        color(value, most),
        Svg.escape(rows.get(r)),
        Svg.escape(columns.get(c)),
        text(value));
    if (texts.length > 0 && texts[r][c].length() * CHARACTER <= at.width && at.height >= 14) {
      out.add(
          "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"%s\">%s</text>%n",
          at.x + at.width / 2.0,
          at.y + at.height / 2.0 + 4.5,
          Math.abs(value) > 0.6 * most ? "#fff" : "#333",
          Svg.escape(texts[r][c]));
    }
  }

  private void names(Svg out, double left, int cell, int high) {
    int everyRow = Math.ceilDiv(LEAST_PER_NAME, high);
    for (int r = 0; r < rows.size(); r += everyRow) {
      out.add(
          "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
          left - 6, TOP + (r + 0.5) * high + 4.5, Svg.escape(rows.get(r)));
    }
    int below = TOP + high * rows.size();
    int every = Math.ceilDiv(LEAST_PER_NAME, cell);
    for (int c = 0; c < columns.size(); c += every) {
      double x = left + (c + 0.5) * cell;
      out.add(
          "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\"%s>%s</text>%n",
          x + (upright(cell) ? 0 : 4),
          below + (upright(cell) ? 16 : 8),
          upright(cell) ? "middle" : "end",
          upright(cell)
              ? ""
              : String.format(Locale.ROOT, " transform=\"rotate(-90 %.1f %d)\"", x + 4, below + 8),
          Svg.escape(columns.get(c)));
    }
    if (!rowLabel.isEmpty()) {
      int middle = TOP + high * rows.size() / 2;
      out.add(
          "<text x=\"16\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 16 %d)\">%s</text>%n",
          middle, middle, Svg.escape(rowLabel));
    }
    out.add("<text x=\"%.1f\" y=\"48\">%s</text>%n", left, Svg.escape(columnLabel));
  }

  /** Whether the names of columns stand side by side without turning. */
  private boolean upright(int cell) {
    return longestColumn() * CHARACTER <= cell;
  }

  private int longestColumn() {
    return columns.stream().mapToInt(String::length).max().orElse(0);
  }

  private int columnNames() {
    return (int) Math.max(20, longestColumn() * CHARACTER + 12);
  }

  private void scale(Svg out, int y, double most, boolean signed) {
    int steps = 40;
    for (int i = 0; i < steps; i++) {
      double share = signed ? 2.0 * i / (steps - 1) - 1 : (double) i / (steps - 1);
      out.add(
          "<rect x=\"%d\" y=\"%d\" width=\"5\" height=\"10\" fill=\"%s\"/>%n",
          LEFT + 80 + i * 5, y, color(share * most, most));
    }
    out.add(
        "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>%n",
        LEFT + 74, y + 10, signed ? text(-most) : "0");
    out.add("<text x=\"%d\" y=\"%d\">%s</text>%n", LEFT + 86 + steps * 5, y + 10, text(most));
  }

  private double range() {
    double most = 0;
    for (double[] row : values) {
      for (double value : row) {
        most = Double.isFinite(value) ? Math.max(most, Math.abs(value)) : most;
      }
    }
    return most == 0 ? 1 : most;
  }

  private boolean signed() {
    for (double[] row : values) {
      for (double value : row) {
        if (value < 0) {
          return true;
        }
      }
    }
    return false;
  }

  /** Blue for what is positive, orange for what is negative: Okabe and Ito's pair. */
  static String color(double value, double most) {
    if (!Double.isFinite(value)) {
      return "#fff";
    }
    double share = Math.min(1, Math.abs(value) / most);
    int[] full = value < 0 ? new int[] {0xd5, 0x5e, 0x00} : new int[] {0x00, 0x48, 0x82};
    int[] rgb = new int[3];
    for (int i = 0; i < 3; i++) {
      rgb[i] = (int) Math.round(0xf4 + share * (full[i] - 0xf4));
    }
    return "#%02x%02x%02x".formatted(rgb[0], rgb[1], rgb[2]);
  }

  private static String text(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.3g", value);
  }
}
