package dev.gatun.app.search.gaussian;

import java.util.Arrays;

/**
 * A Gaussian process with mean 0 (Rasmussen and Williams 2006, algorithm 2.1 and equation 5.9).
 * Immutable.
 */
public final class GaussianProcess {
  /** Least noise variance, of targets of variance 1: keeps the matrix positive definite. */
  private static final double LEAST_NOISE = 1e-6;

  private final Algebra algebra;
  private final Matern kernel;
  private final double[][] points;

  /** w of each parameter, v, the noise's variance. */
  private final double[] scales;

  private final double[] factor;
  private final double[] alpha;
  private final double[] targets;
  private final boolean valid;

  /**
   * Conditions it.
   *
   * @param logs the logarithms of w of each parameter, v and the noise's variance
   * @param points features
   * @param targets one for each
   */
  public GaussianProcess(
      Algebra algebra, Matern kernel, double[] logs, double[][] points, double[] targets) {
    this.algebra = algebra;
    this.kernel = kernel;
    this.points = points;
    this.targets = targets;
    scales = Arrays.stream(logs).map(Math::exp).toArray();
    int n = points.length;
    factor = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        factor[i * n + j] =
            variance() * Matern.value(kernel.distance(points[i], points[j], scales));
      }
      factor[i * n + i] = variance() + scales[scales.length - 1] + LEAST_NOISE;
    }
    valid = algebra.factor(factor, n);
    alpha = targets.clone();
    if (valid) {
      algebra.solve(factor, n, false, alpha, 1);
      algebra.solve(factor, n, true, alpha, 1);
    }
  }

  private double variance() {
    return scales[scales.length - 2];
  }

  /** The logarithm of the targets' probability, without its constant; -infinity if it has none. */
  public double logEvidence() {
    if (!valid) {
      return Double.NEGATIVE_INFINITY;
    }
    int n = points.length;
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum -= 0.5 * targets[i] * alpha[i] + Math.log(factor[i * n + i]);
    }
    return sum;
  }

  /** The derivative of {@link #logEvidence} with respect to each of logs. */
  public double[] gradient() {
    int n = points.length;
    double[] inverse = new double[n * n];
    for (int i = 0; i < n; i++) {
      inverse[i * n + i] = 1;
    }
    algebra.solve(factor, n, false, inverse, n);
    algebra.solve(factor, n, true, inverse, n);
    double[] gradient = new double[scales.length];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        // Twice the half of the trace's term: the matrix is symmetric.
        double share = variance() * (alpha[i] * alpha[j] - inverse[i * n + j]);
        double distance = kernel.distance(points[i], points[j], scales);
        double slope = share * Matern.slope(distance);
        for (int d = 0; d < kernel.size(); d++) {
          gradient[d] += slope * scales[d] * kernel.square(d, points[i][d], points[j][d]);
        }
        gradient[kernel.size()] += share * Matern.value(distance);
      }
      double own = 0.5 * (alpha[i] * alpha[i] - inverse[i * n + i]);
      gradient[kernel.size()] += own * variance();
      gradient[kernel.size() + 1] += own * scales[scales.length - 1];
    }
    return gradient;
  }

  /**
   * What it expects, without noise.
   *
   * @param at features
   * @param means overwritten, one for each
   * @param deviations overwritten: standard deviations
   */
  public void predict(double[][] at, double[] means, double[] deviations) {
    int n = points.length;
    int m = at.length;
    double[] cross = new double[n * m];
    Arrays.fill(means, 0);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < m; j++) {
        cross[i * m + j] = variance() * Matern.value(kernel.distance(points[i], at[j], scales));
        means[j] += alpha[i] * cross[i * m + j];
      }
    }
    algebra.solve(factor, n, false, cross, m);
    Arrays.fill(deviations, variance());
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < m; j++) {
        deviations[j] -= cross[i * m + j] * cross[i * m + j];
      }
    }
    for (int j = 0; j < m; j++) {
      deviations[j] = Math.sqrt(Math.max(1e-12, deviations[j]));
    }
  }
}
