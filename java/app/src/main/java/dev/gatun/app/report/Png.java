package dev.gatun.app.report;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * A picture of dots, as a PNG (ISO/IEC 15948). Lines are smoothed by how much of a dot they cover.
 * Drawn by itself, because the JDK's own drawing would be a third of a linked runtime.
 */
final class Png implements Canvas {
  /** Dots for each pixel of the chart's, each way: for screens of high density. */
  private static final int SCALE = 2;

  private static final double DASH = 5;
  private static final double GAP = 4;
  private final int width;
  private final int height;

  /** Red, green and blue of each dot, 0 to 1. */
  private final float[] dots;

  /** Begins a white picture. */
  Png(int width, int height) {
    this.width = width * SCALE;
    this.height = height * SCALE;
    dots = new float[this.width * this.height * 3];
    Arrays.fill(dots, 1);
  }

  @Override
  public void path(double[] x, double[] y, Pen pen) {
    double done = 0;
    for (int i = 0; i < x.length; i++) {
      if (!Double.isFinite(x[i] + y[i])) {
        continue;
      }
      boolean first = i == 0 || !Double.isFinite(x[i - 1] + y[i - 1]);
      boolean last = i + 1 == x.length || !Double.isFinite(x[i + 1] + y[i + 1]);
      if (first && last) {
        stroke(x[i], y[i], x[i], y[i], pen);
      } else if (!first) {
        done = pen.dashed() ? dashes(x, y, i, done, pen) : done;
        if (!pen.dashed()) {
          stroke(x[i - 1], y[i - 1], x[i], y[i], pen);
        }
      }
    }
  }

  /** The dashes between two places, after some way of the whole line; returns the way with them. */
  private double dashes(double[] x, double[] y, int i, double before, Pen pen) {
    double length = Math.hypot(x[i] - x[i - 1], y[i] - y[i - 1]);
    double at = 0;
    while (at < length) {
      double phase = (before + at) % (DASH + GAP);
      double next =
          Math.min(length, at + (phase < DASH ? DASH - phase : DASH + GAP - phase) + 1e-9);
      if (phase < DASH) {
        double dx = (x[i] - x[i - 1]) / length;
        double dy = (y[i] - y[i - 1]) / length;
        stroke(
            x[i - 1] + at * dx,
            y[i - 1] + at * dy,
            x[i - 1] + next * dx,
            y[i - 1] + next * dy,
            pen);
      }
      at = next;
    }
    return before + length;
  }

  /** A line with round ends. */
  private void stroke(double x1, double y1, double x2, double y2, Pen pen) {
    double half = pen.width() * SCALE / 2;
    double ax = x1 * SCALE;
    double ay = y1 * SCALE;
    double dx = x2 * SCALE - ax;
    double dy = y2 * SCALE - ay;
    double square = dx * dx + dy * dy;
    int left = (int) Math.max(0, Math.floor(Math.min(ax, ax + dx) - half - 1));
    int right = (int) Math.min(width - 1, Math.ceil(Math.max(ax, ax + dx) + half + 1));
    int top = (int) Math.max(0, Math.floor(Math.min(ay, ay + dy) - half - 1));
    int bottom = (int) Math.min(height - 1, Math.ceil(Math.max(ay, ay + dy) + half + 1));
    for (int row = top; row <= bottom; row++) {
      for (int column = left; column <= right; column++) {
        double px = column + 0.5 - ax;
        double py = row + 0.5 - ay;
        double along = square == 0 ? 0 : Math.clamp((px * dx + py * dy) / square, 0, 1);
        double distance = Math.hypot(px - along * dx, py - along * dy);
        double share = Math.clamp(half + 0.5 - distance, 0, 1);
        if (share > 0) {
          blend(row, column, pen.color(), (float) share);
        }
      }
    }
  }

  @Override
  public void area(List<double[]> corners, String color, double opacity) {
    for (int row = 0; row < height; row++) {
      double y = (row + 0.5) / SCALE;
      List<Double> crossings = new ArrayList<>();
      for (int i = 0; i < corners.size(); i++) {
        double[] a = corners.get(i);
        double[] b = corners.get((i + 1) % corners.size());
        if ((a[1] <= y) != (b[1] <= y)) {
          crossings.add((a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])) * SCALE);
        }
      }
      Collections.sort(crossings);
      for (int i = 0; i + 1 < crossings.size(); i += 2) {
        int end = (int) Math.min(width, Math.round(crossings.get(i + 1)));
        for (int column = (int) Math.max(0, Math.round(crossings.get(i))); column < end; column++) {
          blend(row, column, color, (float) opacity);
        }
      }
    }
  }

  private void blend(int row, int column, String color, float share) {
    int at = (row * width + column) * 3;
    for (int k = 0; k < 3; k++) {
      float full = channel(color, k) / 255f;
      // The darker of what is there and what comes: joints of one line must not add up.
      float mixed = 1 + share * (full - 1);
      dots[at + k] = share == 1 ? full : Math.min(dots[at + k], mixed);
    }
  }

  private static int channel(String color, int k) {
    return color.length() == 7
        ? Integer.parseInt(color, 1 + 2 * k, 3 + 2 * k, 16)
        : 17 * Character.digit(color.charAt(1 + k), 16);
  }

  @Override
  public void text(double x, double y, String text, Lettering how) {
    double unit = how.size() / 10;
    double length = Glyphs.width(text) * unit;
    double start =
        switch (how.anchor()) {
          case START -> 0;
          case MIDDLE -> -length / 2;
          case END -> -length;
        };
    Pen pen = new Pen("#333", how.bold() ? 1.7 : 1.1, false);
    for (int i = 0; i < text.length(); i++) {
      double at = start + Glyphs.ADVANCE * unit * i;
      for (double[][] stroke : Glyphs.strokes(text.charAt(i))) {
        double[] px = new double[stroke[0].length];
        double[] py = new double[px.length];
        for (int k = 0; k < px.length; k++) {
          double right = at + stroke[0][k] * unit;
          double down = (stroke[1][k] - Glyphs.BASELINE) * unit;
          px[k] = how.upward() ? x + down : x + right;
          py[k] = how.upward() ? y - right : y + down;
        }
        path(px, py, pen);
      }
    }
  }

  /** The whole. */
  byte[] end() {
    byte[] lines = new byte[height * (1 + width * 3)];
    for (int row = 0; row < height; row++) {
      int to = row * (1 + width * 3) + 1; // after the filter's byte: none
      for (int i = 0; i < width * 3; i++) {
        lines[to + i] = (byte) Math.round(dots[row * width * 3 + i] * 255);
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
    byte[] header = new byte[13];
    // 8 bits of each of three channels.
    ByteBuffer.wrap(header).putInt(width).putInt(height).put((byte) 8).put((byte) 2);
    chunk(out, "IHDR", header);
    chunk(out, "IDAT", deflated(lines));
    chunk(out, "IEND", new byte[0]);
    return out.toByteArray();
  }

  private static byte[] deflated(byte[] data) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] block = new byte[1 << 14];
    try (Deflater deflater = new Deflater()) {
      deflater.setInput(data);
      deflater.finish();
      while (!deflater.finished()) {
        out.write(block, 0, deflater.deflate(block));
      }
    }
    return out.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    out.writeBytes(number(data.length));
    out.writeBytes(name);
    out.writeBytes(data);
    out.writeBytes(number((int) crc.getValue()));
  }

  private static byte[] number(int value) {
    byte[] bytes = new byte[Integer.BYTES];
    ByteBuffer.wrap(bytes).putInt(value);
    return bytes;
  }
}
