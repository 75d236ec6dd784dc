package dev.gatun.app.search.gaussian;

/** Plain loops whose innermost runs along rows. */
public record JavaAlgebra() implements Algebra {
  @Override
  public boolean factor(double[] a, int n) {
    double[] column = new double[n];
    for (int k = 0; k < n; k++) {
      double pivot = Math.sqrt(a[k * n + k]);
      if (!(pivot > 0) || pivot == Double.POSITIVE_INFINITY) {
        return false;
      }
      a[k * n + k] = pivot;
      for (int i = k + 1; i < n; i++) {
        a[i * n + k] /= pivot;
        column[i] = a[i * n + k];
      }
      for (int i = k + 1; i < n; i++) {
        subtract(a, i * n + k + 1, column, k + 1, i - k, column[i]);
      }
    }
    return true;
  }

  @Override
  public void solve(double[] l, int n, boolean transposed, double[] b, int m) {
    for (int step = 0; step < n; step++) {
      int i = transposed ? n - 1 - step : step;
      for (int k = transposed ? i + 1 : 0; k < (transposed ? n : i); k++) {
        subtract(b, i * m, b, k * m, m, transposed ? l[k * n + i] : l[i * n + k]);
      }
      double scale = 1 / l[i * n + i];
      for (int j = i * m; j < (i + 1) * m; j++) {
        b[j] *= scale;
      }
    }
  }

  /** A row less a multiple of another. */
  private static void subtract(
      double[] to, int at, double[] from, int of, int count, double factor) {
    for (int j = 0; j < count; j++) {
      to[at + j] -= factor * from[of + j];
    }
  }
}
