package dev.gatun.backend;

import java.util.List;

/**
 * Stochastic gradient descent, as PyTorch's {@code SGD}: g += weightDecay * p; m = momentum * m + g
 * (the first m is g); g = nesterov ? g + momentum * m : m; p -= rate * g.
 *
 * @param momentum 0 for none
 * @param nesterov whether the step looks ahead (Nesterov)
 * @param weightDecay coupled L2 penalty
 */
public record SgdRule(double momentum, boolean nesterov, double weightDecay) implements UpdateRule {
  /** Checks the ranges. */
  public SgdRule {
    UpdateRule.checkDecay("momentum", momentum);
    UpdateRule.checkPenalty(weightDecay);
    if (nesterov && momentum == 0) {
      throw new IllegalArgumentException("nesterov needs a momentum above 0");
    }
  }

  @Override
  public boolean decoupled() {
    return false;
  }

  @Override
  public List<String> moments() {
    return momentum > 0 ? List.of("momentum") : List.of();
  }
}
