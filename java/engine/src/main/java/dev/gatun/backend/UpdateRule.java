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

  /** Checks what is added to a root: 0 in float32 makes 0 / 0 of a gradient that is 0. */
  static void checkEpsilon(double epsilon) {
    if (!(epsilon >= Float.MIN_NORMAL && epsilon <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "epsilon %s must be finite and at least %s".formatted(epsilon, Float.MIN_NORMAL));
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
