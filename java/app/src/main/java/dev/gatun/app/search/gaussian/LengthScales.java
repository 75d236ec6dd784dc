package dev.gatun.app.search.gaussian;

import java.util.Arrays;

/**
 * Finds a Gaussian process's scales: the largest marginal likelihood times a broad prior, which
 * matters while there are few trials, by resilient steps (Blum and Riedmiller, "Optimization of
 * Gaussian Process Hyperparameters using Rprop", 2013).
 */
public final class LengthScales {
  private static final int STEPS = 40;
  private static final double GROWTH = 1.2;
  private static final double SHRINKING = 0.5;
  private static final double LARGEST_STEP = 1;

  private LengthScales() {}

  /**
   * The best found.
   *
   * @param points features
   * @param targets of mean 0 and variance 1
   * @return logarithms, as {@link GaussianProcess} takes them
   */
  public static double[] fit(Algebra algebra, Matern kernel, double[][] points, double[] targets) {
    int dimensions = kernel.size();
    double[] centres = new double[dimensions + 2];
    double[] widths = new double[dimensions + 2];
    // A length scale of half the range in one dimension, longer by the root of their number
    // (Hvarfner et al., "Vanilla Bayesian Optimization Performs Great in High Dimensions", 2024).
    Arrays.fill(centres, -2 * Math.log(0.5 * Math.sqrt(dimensions)));
    // Wider ones let a whole number look straight between its ends, and what lies there untried.
    Arrays.fill(widths, 1);
    centres[dimensions] = 0;
    centres[dimensions + 1] = Math.log(1e-4);
    widths[dimensions + 1] = 2;
    double[] at = centres.clone();
    double[] best = at.clone();
    double most = Double.NEGATIVE_INFINITY;
    double[] steps = new double[at.length];
    double[] before = new double[at.length];
    Arrays.fill(steps, 0.2);
    for (int step = 0; step < STEPS; step++) {
      GaussianProcess process = new GaussianProcess(algebra, kernel, at, points, targets);
      double value = process.logEvidence();
      if (value == Double.NEGATIVE_INFINITY) {
        break;
      }
      double[] gradient = process.gradient();
      for (int i = 0; i < at.length; i++) {
        double z = (at[i] - centres[i]) / widths[i];
        value -= 0.5 * z * z;
        gradient[i] -= z / widths[i];
      }
      if (value > most) {
        most = value;
        best = at.clone();
      }
      for (int i = 0; i < at.length; i++) {
        double turn = gradient[i] * before[i];
        steps[i] =
            turn > 0
                ? Math.min(LARGEST_STEP, steps[i] * GROWTH)
                : turn < 0 ? steps[i] * SHRINKING : steps[i];
        before[i] = turn < 0 ? 0 : gradient[i];
        at[i] += Math.signum(before[i]) * steps[i];
      }
    }
    return best;
  }
}
