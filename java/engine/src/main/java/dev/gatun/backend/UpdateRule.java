package dev.gatun.backend;

import java.util.List;

/** How parameters follow from their gradients; formulas are PyTorch's where it has the rule. */
public sealed interface UpdateRule
    permits AdadeltaRule,
        AdagradRule,
        AdamRule,
        LambRule,
        LionRule,
        NadamRule,
        RmsPropRule,
        SgdRule {
  /** The penalty on parameters, 0 for none. */
  double weightDecay();

  /**
   * Whether parameters shrink by rate * weightDecay of themselves; else weightDecay * p is added to
   * the gradient.
   */
  boolean decoupled();

  /** What it remembers, each laid out as the parameters, by name; all zero at first. */
  List<String> moments();

  /** Checks the decay of a mean. */
  static void checkDecay(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " " + value + " must be in [0, 1)");
    }
  }

  /** Checks what is added to a root. */
  static void checkEpsilon(double epsilon) {
    if (!(epsilon > 0 && epsilon <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException("epsilon " + epsilon + " must be finite and above 0");
    }
  }

  /** Checks a penalty. */
  static void checkPenalty(double weightDecay) {
    if (!(weightDecay >= 0 && weightDecay <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "weightDecay " + weightDecay + " must be finite and at least 0");
    }
  }
}
