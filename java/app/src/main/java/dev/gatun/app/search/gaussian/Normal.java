package dev.gatun.app.search.gaussian;

/** The normal distribution with mean 0 and variance 1. */
public final class Normal {
  private static final double LOG_ROOT_TWO_PI = 0.5 * Math.log(2 * Math.PI);

  /** Beyond it the series loses digits, and the asymptotic one has more than are needed. */
  private static final double FAR = 5;

  private Normal() {}

  /** Its density. */
  public static double density(double z) {
    return Math.exp(logDensity(z));
  }

  /** Its density's logarithm. */
  public static double logDensity(double z) {
    return -0.5 * z * z - LOG_ROOT_TWO_PI;
  }

  /** The probability of less than z: by the series of Marsaglia (2004), far out the asymptotic. */
  public static double below(double z) {
    if (z > FAR) {
      return 1 - below(-z);
    }
    if (z < -FAR) {
      double q = 1 / (z * z);
      return density(z) / -z * (1 - q * (1 - 3 * q * (1 - 5 * q * (1 - 7 * q))));
    }
    double sum = z;
    double term = z;
    double square = z * z;
    for (int i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
      term *= square / i;
      sum += term;
    }
    return 0.5 + sum * density(z);
  }
}
