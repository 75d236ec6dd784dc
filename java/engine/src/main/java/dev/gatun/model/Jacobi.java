package dev.gatun.model;

import java.util.Arrays;

/** Decompositions of small matrices by plane rotations (Golub and Van Loan, sections 8.5, 8.6). */
final class Jacobi {
  /** Rounds over all pairs; convergence is quadratic, 6 to 10 are usual. */
  private static final int MOST_SWEEPS = 60;

  /** Cosine of the angle between two vectors that counts as a right one. */
  private static final double RIGHT = 1e-13;

  private Jacobi() {}

  /**
   * The polar factor of a matrix given by its k columns, each of n &gt;= k: A = U S V' has U V'.
   *
   * @param columns overwritten by U S
   * @return its columns
   */
  static double[][] polar(double[][] columns) {
    int k = columns.length;
    int n = columns[0].length;
    double[][] v = unit(k);
    orthogonalise(columns, v);
    double[] sizes = new double[k];
    for (int i = 0; i < k; i++) {
      sizes[i] = Math.sqrt(dot(columns[i], columns[i]));
    }
    double[][] polar = new double[k][n];
    for (int j = 0; j < k; j++) {
      for (int i = 0; i < k; i++) {
        // Column j of U V' is the sum of U's columns, each times V[j][i]; v holds V's columns.
        double factor = sizes[i] == 0 ? 0 : v[i][j] / sizes[i];
        for (int r = 0; r < n; r++) {
          polar[j][r] += factor * columns[i][r];
        }
      }
    }
    return polar;
  }

  /**
   * Eigenvectors of a symmetric matrix without negative eigenvalues, the largest first.
   *
   * @param matrix overwritten
   * @param values receives the eigenvalues
   * @return the eigenvectors, of length 1
   */
  static double[][] eigenvectors(double[][] matrix, double[] values) {
    int k = matrix.length;
    double[][] v = unit(k);
    // The columns of C V, with V orthogonal and C V's columns too: C's eigenvectors are V's.
    orthogonalise(matrix, v);
    Integer[] order = new Integer[k];
    double[] sizes = new double[k];
    for (int i = 0; i < k; i++) {
      order[i] = i;
      sizes[i] = Math.sqrt(dot(matrix[i], matrix[i]));
    }
    Arrays.sort(order, (a, b) -> Double.compare(sizes[b], sizes[a]));
    double[][] sorted = new double[k][];
    for (int i = 0; i < k; i++) {
      sorted[i] = v[order[i]];
      values[i] = sizes[order[i]];
    }
    return sorted;
  }

  private static double[][] unit(int k) {
    double[][] unit = new double[k][k];
    for (int i = 0; i < k; i++) {
      unit[i][i] = 1;
    }
    return unit;
  }

  /** Rotates pairs of columns until all are at right angles, and V's alike. */
  private static void orthogonalise(double[][] columns, double[][] v) {
    boolean rotated = true;
    for (int sweep = 0; rotated && sweep < MOST_SWEEPS; sweep++) {
      rotated = false;
      for (int p = 0; p < columns.length; p++) {
        for (int q = p + 1; q < columns.length; q++) {
          double a = dot(columns[p], columns[p]);
          double b = dot(columns[q], columns[q]);
          double c = dot(columns[p], columns[q]);
          if (Math.abs(c) <= RIGHT * Math.sqrt(a * b) || c == 0) {
            continue;
          }
          rotated = true;
          double zeta = (b - a) / (2 * c);
          double tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
          double cosine = 1 / Math.sqrt(1 + tangent * tangent);
          rotate(columns[p], columns[q], cosine, cosine * tangent);
          rotate(v[p], v[q], cosine, cosine * tangent);
        }
      }
    }
  }

  private static void rotate(double[] p, double[] q, double cosine, double sine) {
    for (int i = 0; i < p.length; i++) {
      double x = p[i];
      p[i] = cosine * x - sine * q[i];
      q[i] = sine * x + cosine * q[i];
    }
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
