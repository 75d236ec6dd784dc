package dev.gatun.backend;

import java.util.List;

/**
 * Adadelta (Zeiler 2012): v = decay * v + (1 - decay) * g^2; d = sqrt(u + epsilon) / sqrt(v +
 * epsilon) * g; u = decay * u + (1 - decay) * d^2; p -= rate * d. PyTorch's {@code Adadelta}, whose
 * decay is 0.9 where the paper's is 0.95.
 *
 * @param decay of both means
 * @param epsilon under both roots
 * @param weightDecay coupled L2 penalty
 */
public record AdadeltaRule(double decay, double epsilon, double weightDecay) implements UpdateRule {
  /** The paper's values; its rate is 1. */
  public static final AdadeltaRule DEFAULT = new AdadeltaRule(0.95, 1e-6, 0);

  /** Checks the ranges. */
  public AdadeltaRule {
    UpdateRule.checkDecay("decay", decay);
    UpdateRule.checkEpsilon(epsilon);
    UpdateRule.checkPenalty(weightDecay);
  }

  @Override
  public boolean decoupled() {
    return false;
  }

  @Override
  public List<String> moments() {
    return List.of("v", "u");
  }
}
