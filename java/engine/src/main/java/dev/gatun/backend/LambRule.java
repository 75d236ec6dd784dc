package dev.gatun.backend;

import java.util.List;

/**
 * LAMB (You et al. 2020): Adam's step u = m / (sqrt(v) + epsilon), bias-corrected, plus weightDecay
 * * p; each parameter tensor goes rate * |p| / |u| * u, and rate * u where one of the norms is 0.
 *
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root
 * @param weightDecay penalty, within u
 */
public record LambRule(double beta1, double beta2, double epsilon, double weightDecay)
    implements UpdateRule {
  /** The paper's values, without its penalty of 0.01. */
  public static final LambRule DEFAULT = new LambRule(0.9, 0.999, 1e-6, 0);

  /** Checks the ranges. */
  public LambRule {
    UpdateRule.checkDecay("beta1", beta1);
    UpdateRule.checkDecay("beta2", beta2);
    UpdateRule.checkEpsilon(epsilon);
    UpdateRule.checkPenalty(weightDecay);
  }

  /** The penalty is neither part of the gradient nor a shrinking: it is scaled with the step. */
  @Override
  public boolean decoupled() {
    return true;
  }

  @Override
  public List<String> moments() {
    return List.of("m", "v");
  }
}
