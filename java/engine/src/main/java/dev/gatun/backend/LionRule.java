package dev.gatun.backend;

import java.util.List;

/**
 * Lion (Chen et al. 2023): p -= rate * (sign(beta1 * m + (1 - beta1) * g) + weightDecay * p); m =
 * beta2 * m + (1 - beta2) * g. Its rate is 3 to 10 times lower than Adam's, its penalty as much
 * higher.
 *
 * @param beta1 of the step's mean
 * @param beta2 of the mean that is kept
 * @param weightDecay decoupled penalty
 */
public record LionRule(double beta1, double beta2, double weightDecay) implements UpdateRule {
  /** The paper's values. */
  public static final LionRule DEFAULT = new LionRule(0.9, 0.99, 0);

  /** Checks the ranges. */
  public LionRule {
    UpdateRule.checkDecay("beta1", beta1);
    UpdateRule.checkDecay("beta2", beta2);
    UpdateRule.checkPenalty(weightDecay);
  }

  @Override
  public boolean decoupled() {
    return true;
  }

  @Override
  public List<String> moments() {
    return List.of("m");
  }
}
