package dev.gatun.app.task;

/** The standard normal distribution. */
final class Normal {
  private Normal() {}

  static double density(double x) {
    return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  /** P(X <= x), by the series of Marsaglia 2004 ("Evaluating the normal distribution"). */
  static double below(double x) {
    if (Math.abs(x) > 8) {
      return x < 0 ? 0 : 1; // beyond 8 deviations lies less than 1e-15
    }
    double sum = x;
    double term = x;
    for (int i = 3; sum + term != sum; i += 2) {
      term *= x * x / i;
      sum += term;
    }
    return 0.5 + sum * density(x);
  }

  /** The x with {@link #below} p, by halving: it is asked for once. */
  static double quantile(double p) {
    double low = -8;
    double high = 8;
    while (high - low > 1e-12) {
      double middle = (low + high) / 2;
      if (below(middle) < p) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (low + high) / 2;
  }

  /** The continuous ranked probability score of a normal forecast (Gneiting and Raftery 2007). */
  static double crps(double mean, double deviation, double truth) {
    double z = (truth - mean) / deviation;
    return deviation * (z * (2 * below(z) - 1) + 2 * density(z) - 1 / Math.sqrt(Math.PI));
  }
}
