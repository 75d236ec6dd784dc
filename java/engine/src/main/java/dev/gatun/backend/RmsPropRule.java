package dev.gatun.backend;

import java.util.ArrayList;
import java.util.List;

/**
 * RMSprop (Tieleman and Hinton 2012): v = decay * v + (1 - decay) * g^2; g /= sqrt(v) + epsilon;
 * with momentum m = momentum * m + g; p -= rate * m. Centered (Graves 2013), the mean of g,
 * squared, is taken off v. PyTorch's {@code RMSprop}, whose decay is 0.99 where the lecture's is
 * 0.9.
 *
 * @param decay of the means
 * @param epsilon added to the root
 * @param centered whether the root is of a variance
 * @param momentum 0 for none
 * @param weightDecay coupled L2 penalty
 */
public record RmsPropRule(
    double decay, double epsilon, boolean centered, double momentum, double weightDecay)
    implements UpdateRule {
  /** The lecture's decay, PyTorch's epsilon. */
  public static final RmsPropRule DEFAULT = new RmsPropRule(0.9, 1e-8, false, 0, 0);

  /** Checks the ranges. */
  public RmsPropRule {
    UpdateRule.checkDecay("decay", decay);
    UpdateRule.checkEpsilon(epsilon);
    UpdateRule.checkDecay("momentum", momentum);
    UpdateRule.checkPenalty(weightDecay);
  }

  @Override
  public boolean decoupled() {
    return false;
  }

  @Override
  public List<String> moments() {
    List<String> names = new ArrayList<>(List.of("v"));
    if (centered) {
      names.add("mean");
    }
    if (momentum > 0) {
      names.add("momentum");
    }
    return List.copyOf(names);
  }
}
