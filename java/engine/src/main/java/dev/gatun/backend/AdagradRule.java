package dev.gatun.backend;

import java.util.List;

/**
 * Adagrad (Duchi et al. 2011): s += g^2; p -= rate / (1 + (t - 1) * rateDecay) * g / (sqrt(s) +
 * epsilon). PyTorch's {@code Adagrad}.
 *
 * @param epsilon added to the root
 * @param rateDecay how fast the rate falls besides
 * @param weightDecay coupled L2 penalty
 */
public record AdagradRule(double epsilon, double rateDecay, double weightDecay)
    implements UpdateRule {
  /** PyTorch's values. */
  public static final AdagradRule DEFAULT = new AdagradRule(1e-10, 0, 0);

  /** Checks the ranges. */
  public AdagradRule {
    UpdateRule.checkEpsilon(epsilon);
    if (!(rateDecay >= 0 && rateDecay <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "rateDecay " + rateDecay + " must be finite and at least 0");
    }
    UpdateRule.checkPenalty(weightDecay);
  }

  @Override
  public boolean decoupled() {
    return false;
  }

  @Override
  public List<String> moments() {
    return List.of("sum");
  }
}
