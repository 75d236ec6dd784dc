package dev.gatun.app.search.gaussian;

/**
 * The Matérn kernel of smoothness 5/2 with a length scale for each parameter (Rasmussen and
 * Williams, "Gaussian Processes for Machine Learning", 2006, equations 4.17 and 5.2): with r^2 =
 * sum over d of w_d * delta_d^2, s = sqrt(5) r, k = v (1 + s + s^2 / 3) exp(-s). Of a number delta
 * is the difference; of a choice 0 for equal options and 1 for different ones.
 */
public final class Matern {
  private final boolean[] choices;

  /**
   * Of points with so many coordinates.
   *
   * @param choices which of them are choices
   */
  public Matern(boolean... choices) {
    this.choices = choices.clone();
  }

  /** How many coordinates a point has. */
  public int size() {
    return choices.length;
  }

  /** delta_d^2 of two points. */
  public double square(int parameter, double a, double b) {
    return choices[parameter] ? (a == b ? 0 : 1) : (a - b) * (a - b);
  }

  /**
   * s of two points.
   *
   * @param weights w, at least one for each parameter
   */
  public double distance(double[] a, double[] b, double[] weights) {
    double r = 0;
    for (int i = 0; i < choices.length; i++) {
      r += weights[i] * square(i, a[i], b[i]);
    }
    return Math.sqrt(5 * r);
  }

  /** k / v of s. */
  public static double value(double s) {
    return (1 + s + s * s / 3) * Math.exp(-s);
  }

  /** The derivative of k / v with respect to r^2, of s. */
  public static double slope(double s) {
    return -5.0 / 6 * (1 + s) * Math.exp(-s);
  }
}
