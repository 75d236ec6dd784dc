package dev.gatun.kernels;

/**
 * Losses of numbers beyond the squared one, element by element in double: exp and log are
 * StrictMath's, whose bits do not depend on what is compiled. A model has few outputs beside its
 * states, so none is worth a vector.
 */
final class ElementLosses {
  private ElementLosses() {}

  /** The sum of |p - t|; dp (0: not wanted) = factor·sign(p - t). */
  static double absolute(int n, long p, long t, float factor, long dp) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double d = (double) Species.getFloat(p + 4L * i) - Species.getFloat(t + 4L * i);
      sum += Math.abs(d);
      if (dp != 0) {
        Species.setFloat(dp + 4L * i, factor * (float) Math.signum(d));
      }
    }
    return sum;
  }

  /** The sum of Huber's function of p - t; dp = factor·(p - t held within delta). */
  static double huber(double delta, int n, long p, long t, float factor, long dp) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double d = (double) Species.getFloat(p + 4L * i) - Species.getFloat(t + 4L * i);
      double size = Math.abs(d);
      sum += size <= delta ? d * d / 2 : delta * (size - delta / 2);
      if (dp != 0) {
        double slope = size > delta ? Math.copySign(delta, d) : d;
        Species.setFloat(dp + 4L * i, (float) (factor * slope));
      }
    }
    return sum;
  }

  /** The pinball loss of a level; dp = -factor·level below the target, factor·(1 - level) above. */
  static double quantile(double level, int n, long p, long t, float factor, long dp) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double above = (double) Species.getFloat(t + 4L * i) - Species.getFloat(p + 4L * i);
      sum += Math.max(level * above, (level - 1) * above);
      if (dp != 0) {
        double slope = above > 0 ? -level : above < 0 ? 1 - level : above;
        Species.setFloat(dp + 4L * i, (float) (factor * slope));
      }
    }
    return sum;
  }

  /** Binary cross-entropy with logits; dp = factor·((1 - t) - slope·sigmoid(-p)). */
  static double logistic(double positiveWeight, int n, long p, long t, float factor, long dp) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double x = Species.getFloat(p + 4L * i);
      double target = Species.getFloat(t + 4L * i);
      double slope = 1 + (positiveWeight - 1) * target;
      double small = StrictMath.exp(-Math.abs(x));
      sum += (1 - target) * x + slope * (Math.max(-x, 0) + StrictMath.log1p(small));
      if (dp != 0) {
        double share = (x >= 0 ? small : 1) / (1 + small);
        Species.setFloat(dp + 4L * i, (float) (factor * ((1 - target) - slope * share)));
      }
    }
    return sum;
  }

  /**
   * The negative log-likelihood of Gaussians whose means are at p and whose logarithms of the
   * variance, at least {@code floor}, at s; dp and ds are both given or both 0.
   */
  static double gaussian(
      double floor, int n, long p, long s, long t, float factor, long dp, long ds) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double d = (double) Species.getFloat(p + 4L * i) - Species.getFloat(t + 4L * i);
      double logVariance = Math.max(Species.getFloat(s + 4L * i), floor);
      double z = d * StrictMath.exp(-logVariance);
      sum += (logVariance + d * z) / 2;
      if (dp != 0) {
        Species.setFloat(dp + 4L * i, (float) (factor * z));
        Species.setFloat(ds + 4L * i, (float) (factor * (1 - d * z) / 2));
      }
    }
    return sum;
  }
}
