package dev.gatun.kernels;

import static dev.gatun.kernels.Species.getFloat;
import static dev.gatun.kernels.Species.getInt;
import static dev.gatun.kernels.Species.setFloat;
import static dev.gatun.kernels.Species.setInt;

/**
 * The steps of one sequence to one row, float32 at addresses; strides count floats from one step to
 * the next.
 */
public final class TimePooling {
  private TimePooling() {}

  /** y[width] = the mean of x[steps, width]; 0 of no steps. */
  public static void mean(int steps, int width, long x, long stride, long y) {
    Elementwise.fill(width, y, 0f);
    for (int s = 0; s < steps; s++) {
      Elementwise.add(width, x + 4 * stride * s, y);
    }
    if (steps > 0) {
      Elementwise.scale(width, 1f / steps, y);
    }
  }

  /** dx[s, width] = dy / steps for the valid ones of {@code room} steps, else 0. */
  public static void meanBackward(int steps, int room, int width, long dy, long dx, long stride) {
    for (int s = 0; s < room; s++) {
      long to = dx + 4 * stride * s;
      if (s < steps) {
        Elementwise.copy(width, dy, to);
        Elementwise.scale(width, 1f / steps, to);
      } else {
        Elementwise.fill(width, to, 0f);
      }
    }
  }

  /**
   * y[width] = the largest of x[steps, width], NaN if there is one; 0 of no steps.
   *
   * @param chosen int32[width], out: its step, the first of equals; -1 of no steps
   */
  public static void max(int steps, int width, long x, long stride, long y, long chosen) {
    for (int c = 0; c < width; c++) {
      setInt(chosen + 4L * c, steps > 0 ? 0 : -1);
      setFloat(y + 4L * c, steps > 0 ? getFloat(x + 4L * c) : 0f);
    }
    for (int s = 1; s < steps; s++) {
      long from = x + 4 * stride * s;
      for (long o = 0; o < 4L * width; o += 4) {
        float value = getFloat(from + o);
        if (value > getFloat(y + o) || Float.isNaN(value)) {
          setFloat(y + o, value);
          setInt(chosen + o, s);
        }
      }
    }
  }

  /** dx[s, width] = dy where {@link #max} chose step s, else 0, for {@code room} steps. */
  public static void maxBackward(int room, int width, long dy, long chosen, long dx, long stride) {
    for (int s = 0; s < room; s++) {
      Elementwise.fill(width, dx + 4 * stride * s, 0f);
    }
    for (long o = 0; o < 4L * width; o += 4) {
      int step = getInt(chosen + o);
      if (step >= 0) {
        setFloat(dx + 4 * stride * step + o, getFloat(dy + o));
      }
    }
  }
}
