package dev.gatun.backend;

import java.util.List;

/**
 * Adam that looks ahead as Nesterov's momentum does (Dozat 2016), with the paper's schedule of the
 * momentum: mu_t = beta1 * (1 - 0.96^(t * momentumDecay) / 2). PyTorch's {@code NAdam}.
 *
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root
 * @param momentumDecay how fast the momentum comes to beta1; the paper's 0.004
 * @param weightDecay coupled L2 penalty
 */
public record NadamRule(
    double beta1, double beta2, double epsilon, double momentumDecay, double weightDecay)
    implements UpdateRule {
  /** PyTorch's values. */
  public static final NadamRule DEFAULT = new NadamRule(0.9, 0.999, 1e-8, 4e-3, 0);

  private static final double LOG = StrictMath.log(0.96);

  /** Below this a product of momenta no longer counts beside 1. */
  private static final double GONE = 1e-18;

  /** Checks the ranges. */
  public NadamRule {
    UpdateRule.checkDecay("beta1", beta1);
    UpdateRule.checkDecay("beta2", beta2);
    UpdateRule.checkEpsilon(epsilon);
    if (!(momentumDecay >= 0 && momentumDecay <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "momentumDecay " + momentumDecay + " must be finite and at least 0");
    }
    UpdateRule.checkPenalty(weightDecay);
  }

  @Override
  public boolean decoupled() {
    return false;
  }

  @Override
  public List<String> moments() {
    return List.of("m", "v");
  }

  /** mu_t, t from 1. */
  public double momentum(double t) {
    // 0.96^(t * momentumDecay): StrictMath.pow would make two arrays.
    return beta1 * (1 - 0.5 * StrictMath.exp(t * momentumDecay * LOG));
  }

  /** mu_1 * ... * mu_t, or something too small to count. */
  public double product(double t) {
    double product = 1;
    for (double i = 1; i <= t && product > GONE; i++) {
      product *= momentum(i);
    }
    return product;
  }
}
