package dev.gatun.kernels;

import static dev.gatun.kernels.Species.getFloat;
import static dev.gatun.kernels.Species.setFloat;

/**
 * The decay of missing inputs (Che et al. 2018), float32 at addresses. Rows are of a few inputs, so
 * that there are no vectors to fill; StrictMath gives the same bits interpreted and compiled.
 */
public final class InputDecays {
  private InputDecays() {}

  /**
   * y[rows, 2 c] from x[rows, 3 c]: value, mask and age of each of c inputs.
   *
   * @param mean [c] that values fade to
   * @param decay [2, c] the weights of the ages, then the biases
   */
  public static void forward(int rows, int c, long x, long mean, long decay, long y) {
    for (int row = 0; row < rows; row++, x += 12L * c, y += 8L * c) {
      for (int i = 0; i < c; i++) {
        long at = x + 4L * i;
        float value = getFloat(at);
        float there = getFloat(at + 4L * c);
        float m = getFloat(mean + 4L * i);
        float g = factor(exponent(at, decay + 4L * i, c));
        setFloat(y + 4L * i, value - (1 - there) * (1 - g) * (value - m));
        setFloat(y + 4L * (c + i), there);
      }
    }
  }

  /**
   * Of each row the gradient of the decays, to be summed, and dx.
   *
   * @param dy [rows, 2 c]
   * @param parts [rows, 2 c], out: of the weights, then of the biases
   * @param dx [rows, 3 c], out; 0: not wanted
   */
  public static void backward(
      int rows, int c, long x, long mean, long decay, long dy, long parts, long dx) {
    for (int row = 0; row < rows; row++, x += 12L * c, dy += 8L * c, parts += 8L * c) {
      for (int i = 0; i < c; i++) {
        long at = x + 4L * i;
        float distance = getFloat(at) - getFloat(mean + 4L * i);
        float there = getFloat(at + 4L * c);
        float z = exponent(at, decay + 4L * i, c);
        float g = factor(z);
        float d = getFloat(dy + 4L * i);
        float dz = z > 0 ? -g * d * (1 - there) * distance : 0f;
        setFloat(parts + 4L * i, dz * getFloat(at + 8L * c));
        setFloat(parts + 4L * (c + i), dz);
        if (dx != 0) {
          long to = dx + 12L * c * row + 4L * i;
          setFloat(to, d * (there + (1 - there) * g));
          setFloat(to + 4L * c, getFloat(dy + 4L * (c + i)) + d * (1 - g) * distance);
          setFloat(to + 8L * c, dz * getFloat(decay + 4L * i));
        }
      }
    }
  }

  private static float exponent(long x, long decay, int c) {
    return getFloat(decay) * getFloat(x + 8L * c) + getFloat(decay + 4L * c);
  }

  private static float factor(float z) {
    return (float) StrictMath.exp(-Math.max(0f, z));
  }
}
