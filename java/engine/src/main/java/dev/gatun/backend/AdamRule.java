package dev.gatun.backend;

import java.util.List;

/**
 * Adam (Kingma and Ba 2015, algorithm 1) or AdamW (Loshchilov and Hutter 2019): m and v are
 * bias-corrected running means of g and g^2; p -= rate * m / (sqrt(v) + epsilon). AMSGrad (Reddi et
 * al. 2018) takes the root of the largest v so far.
 *
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root
 * @param weightDecay penalty on p
 * @param decoupled true: p shrinks by rate * weightDecay (AdamW); false: added to g
 * @param amsgrad whether v never falls in the root
 */
public record AdamRule(
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    boolean decoupled,
    boolean amsgrad)
    implements UpdateRule {
  /** The paper's values. */
  public static final AdamRule DEFAULT = new AdamRule(0.9, 0.999, 1e-8, 0, false);

  /** Checks the ranges. */
  public AdamRule {
    UpdateRule.checkDecay("beta1", beta1);
    UpdateRule.checkDecay("beta2", beta2);
    UpdateRule.checkEpsilon(epsilon);
    UpdateRule.checkPenalty(weightDecay);
  }

  /** Without AMSGrad. */
  public AdamRule(
      double beta1, double beta2, double epsilon, double weightDecay, boolean decoupled) {
    this(beta1, beta2, epsilon, weightDecay, decoupled, false);
  }

  @Override
  public List<String> moments() {
    return amsgrad ? List.of("m", "v", "v_max") : List.of("m", "v");
  }
}
