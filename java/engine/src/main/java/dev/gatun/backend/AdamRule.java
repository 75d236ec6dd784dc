package dev.gatun.backend;

/**
 * Adam (Kingma and Ba 2015, algorithm 1) or AdamW (Loshchilov and Hutter 2019): m and v are
 * bias-corrected running means of g and g^2; p -= rate * m / (sqrt(v) + epsilon).
 *
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root
 * @param weightDecay penalty on p
 * @param decoupled true: p shrinks by rate * weightDecay (AdamW); false: added to g
 */
public record AdamRule(
    double beta1, double beta2, double epsilon, double weightDecay, boolean decoupled) {
  /** The paper's values. */
  public static final AdamRule DEFAULT = new AdamRule(0.9, 0.999, 1e-8, 0, false);

  /** Checks the ranges. */
  public AdamRule {
    if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1)) {
      throw new IllegalArgumentException(
          "beta1 %s and beta2 %s must be in [0, 1)".formatted(beta1, beta2));
    }
    if (!(epsilon > 0)) {
      throw new IllegalArgumentException("epsilon " + epsilon + " must be above 0");
    }
    if (!(weightDecay >= 0)) {
      throw new IllegalArgumentException("weightDecay " + weightDecay + " must be at least 0");
    }
  }
}
