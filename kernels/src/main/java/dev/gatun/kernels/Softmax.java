package dev.gatun.kernels;

/**
 * Softmax of one row of n float32 values at an address. What goes over the whole row but for exp is
 * done value by value: rows are short.
 */
public final class Softmax {
  private Softmax() {}

  /** y[n] = exp(x[n]) / sum of exp(x); y may be x. */
  public static void forward(long n, long x, long y) {
    float largest = Float.NEGATIVE_INFINITY;
    for (long i = 0; i < n; i++) {
      largest = Math.max(largest, Species.getFloat(x + 4 * i));
    }
    float sum = Activations.sumOfExp(n, x, largest, y);
    Elementwise.scale(n, 1 / sum, y);
  }

  /** dx[n] = y·(dy - sum of y·dy), y as forward left it; dx may be dy or y. */
  public static void backward(long n, long y, long dy, long dx) {
    double sum = 0;
    for (long o = 0; o < 4 * n; o += 4) {
      sum += (double) Species.getFloat(y + o) * Species.getFloat(dy + o);
    }
    for (long o = 0; o < 4 * n; o += 4) {
      Species.setFloat(dx + o, Species.getFloat(y + o) * (float) (Species.getFloat(dy + o) - sum));
    }
  }
}
