package dev.gatun.model;

import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.Objects;

/**
 * The directions in which rows of numbers vary most (Pearson 1901; Hotelling 1933), by the
 * eigenvectors of their covariance.
 */
public final class PrincipalComponents {
  /** Directions of less variance than this share of the first's are left out: noise of rounding. */
  private static final double LEAST = 1e-8;

  private final double[] mean;
  private final double[][] components;
  private final double[] variances;

  private PrincipalComponents(double[] mean, double[][] components, double[] variances) {
    this.mean = mean;
    this.components = components;
    this.variances = variances;
  }

  /**
   * Of rows.
   *
   * @param rows at least 2, each of as many finite numbers, at least 1
   * @throws IllegalArgumentException if they are not, or all rows are equal
   */
  public static PrincipalComponents of(double[][] rows) {
    Objects.requireNonNull(rows, "rows");
    KMeans.check(rows, 2);
    int width = rows[0].length;
    double[] mean = new double[width];
    for (double[] row : rows) {
      for (int c = 0; c < width; c++) {
        mean[c] += row[c] / rows.length;
      }
    }
    double[][] covariance = new double[width][width];
    for (double[] row : rows) {
      for (int a = 0; a < width; a++) {
        for (int b = 0; b <= a; b++) {
          covariance[a][b] += (row[a] - mean[a]) * (row[b] - mean[b]) / (rows.length - 1);
        }
      }
    }
    for (int a = 0; a < width; a++) {
      for (int b = 0; b < a; b++) {
        covariance[b][a] = covariance[a][b];
      }
    }
    double[] variances = new double[width];
    double[][] components = Jacobi.eigenvectors(covariance, variances);
    int kept = 0;
    while (kept < width && variances[kept] > LEAST * variances[0]) {
      kept++;
    }
    if (kept == 0) {
      throw new IllegalArgumentException("all rows are equal: they have no principal component");
    }
    return new PrincipalComponents(
        mean, Arrays.copyOf(components, kept), Arrays.copyOf(variances, kept));
  }

  /** The mean of the rows. */
  public double[] mean() {
    return mean.clone();
  }

  /** The directions, of length 1, at right angles, the one of most variance first. */
  public double[][] components() {
    double[][] copy = new double[components.length][];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = components[i].clone();
    }
    return copy;
  }

  /** The variance of the rows along each direction. */
  public double[] variances() {
    return variances.clone();
  }

  /**
   * Input weights [H, C] whose unit r sees the rows along component r, so scaled that what it sees
   * has the standard deviation {@code gain}. Units beyond the components see mixtures of them, at
   * random.
   *
   * @throws IllegalArgumentException when used on a matrix of another width than the rows
   */
  public Initializer initializer(double gain) {
    return (values, random) -> {
      int width = mean.length;
      if (values.rank() != 2 || values.dim(1) != width) {
        throw new IllegalArgumentException(
            "components of %d numbers do not fit weights of shape %s".formatted(width, values));
      }
      for (int r = 0; r < values.dim(0); r++) {
        fill(values, r, gain, random);
      }
    };
  }

  private void fill(Tensor values, int row, double gain, RandomStream random) {
    int width = mean.length;
    double[] mixture = new double[components.length];
    if (row < components.length) {
      mixture[row] = 1;
    } else {
      double squares = 0;
      for (int k = 0; k < mixture.length; k++) {
        mixture[k] = random.normal();
        squares += mixture[k] * mixture[k];
      }
      for (int k = 0; k < mixture.length; k++) {
        mixture[k] /= Math.sqrt(squares);
      }
    }
    for (int c = 0; c < width; c++) {
      double sum = 0;
      for (int k = 0; k < mixture.length; k++) {
        sum += mixture[k] / Math.sqrt(variances[k]) * components[k][c];
      }
      values.set((long) row * width + c, gain * sum);
    }
  }
}
