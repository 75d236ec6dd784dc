package dev.gatun.kernels;

import static dev.gatun.kernels.Species.getFloat;
import static dev.gatun.kernels.Species.setFloat;

/**
 * Windows over the steps of one sequence as rows [width, kernel], float32 at addresses. Neighbours
 * lie a kernel apart, as PyTorch's weights of a convolution have them: vectors would not help.
 */
public final class Windows {
  private Windows() {}

  /**
   * row[c, k] = x[first + k, c]; 0 outside of the sequence.
   *
   * @param first the first step of the window, which may be before the sequence
   * @param steps of the sequence
   * @param stride floats from one step of x to the next
   */
  public static void copy(
      int first, int kernel, int steps, int width, long x, long stride, long row) {
    for (int k = 0; k < kernel; k++) {
      int s = first + k;
      boolean inside = s >= 0 && s < steps;
      long from = x + 4 * stride * s;
      long to = row + 4L * k;
      for (long c = 0; c < width; c++) {
        setFloat(to + 4 * c * kernel, inside ? getFloat(from + 4 * c) : 0f);
      }
    }
  }

  /** dx[first + k, c] += row[c, k], inside of the sequence. */
  public static void add(
      int first, int kernel, int steps, int width, long row, long dx, long stride) {
    for (int k = 0; k < kernel; k++) {
      int s = first + k;
      if (s >= 0 && s < steps) {
        long to = dx + 4 * stride * s;
        long from = row + 4L * k;
        for (long c = 0; c < width; c++) {
          setFloat(to + 4 * c, getFloat(to + 4 * c) + getFloat(from + 4 * c * kernel));
        }
      }
    }
  }
}
