package dev.gatun.app.search.gaussian;

import dev.gatun.bindings.OpenBlas;

/** What a Gaussian process needs of linear algebra. Matrices are row-major. */
public interface Algebra {
  /**
   * The Cholesky factor of a symmetric matrix, in its place.
   *
   * @param a [n, n]; its lower triangle is read and becomes L; what is above is left
   * @return whether it was positive definite; if not, a is spoilt
   */
  boolean factor(double[] a, int n);

  /**
   * Solves L X = B, or its transpose's system, in place.
   *
   * @param l [n, n], lower triangle
   * @param transposed whether it is L' X = B
   * @param b [n, m]
   */
  void solve(double[] l, int n, boolean transposed, double[] b, int m);

  /** OpenBLAS's where that can be loaded, else Java's; they differ in the last bits. */
  static Algebra best() {
    return OpenBlas.status().available() ? new OpenBlasAlgebra() : new JavaAlgebra();
  }
}
