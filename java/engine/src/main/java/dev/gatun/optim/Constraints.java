package dev.gatun.optim;

/**
 * What holds gradients and parameters besides the rule. In the order of an update: penalties are
 * added to the gradient, the gradient is cut at its largest value, groups at their norms, then all
 * at the norm of {@link UpdateOptions}; the rule is applied; parameters are cut.
 *
 * @param gradientValue the largest absolute value of a gradient (Mikolov 2012), infinity for any
 * @param l1 of the penalty l1 * |p| on parameters (Tibshirani 1996, the lasso)
 * @param l2 of the penalty l2 / 2 * p²
 * @param weightValue the largest absolute value of a parameter after an update (Arjovsky et al.
 *     2017), infinity for any
 * @param rowNorm the largest norm of a matrix's row, the incoming weights of a unit or gate, after
 *     an update (Hinton et al. 2012, max-norm), infinity for any
 */
public record Constraints(
    double gradientValue, double l1, double l2, double weightValue, double rowNorm) {
  /** None. */
  public static final Constraints NONE =
      new Constraints(
          Double.POSITIVE_INFINITY, 0, 0, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY);

  /** Checks the ranges. */
  public Constraints {
    above("gradientValue", gradientValue);
    above("weightValue", weightValue);
    above("rowNorm", rowNorm);
    penalty("l1", l1);
    penalty("l2", l2);
  }

  private static void above(String name, double limit) {
    if (!(limit > 0)) {
      throw new IllegalArgumentException(
          "%s %s must be above 0 (infinity: none)".formatted(name, limit));
    }
  }

  private static void penalty(String name, double value) {
    if (!(value >= 0 && value <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "%s %s must be finite and at least 0".formatted(name, value));
    }
  }

  /** The same with another largest gradient. */
  public Constraints withGradientValue(double limit) {
    return new Constraints(limit, l1, l2, weightValue, rowNorm);
  }

  /** The same with other penalties. */
  public Constraints withPenalties(double absolute, double square) {
    return new Constraints(gradientValue, absolute, square, weightValue, rowNorm);
  }

  /** The same with another largest parameter. */
  public Constraints withWeightValue(double limit) {
    return new Constraints(gradientValue, l1, l2, limit, rowNorm);
  }

  /** The same with another largest row. */
  public Constraints withRowNorm(double limit) {
    return new Constraints(gradientValue, l1, l2, weightValue, limit);
  }

  /** Whether anything is added to the loss. */
  public boolean penalizes() {
    return l1 > 0 || l2 > 0;
  }
}
