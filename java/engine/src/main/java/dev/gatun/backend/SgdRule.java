package dev.gatun.backend;

/**
 * Stochastic gradient descent, as PyTorch's {@code SGD}: g += weightDecay * p; m = momentum * m + g
 * (the first m is g); g = nesterov ? g + momentum * m : m; p -= rate * g.
 *
 * @param momentum 0 for none
 * @param nesterov whether the step looks ahead (Nesterov)
 * @param weightDecay coupled L2 penalty
 */
public record SgdRule(double momentum, boolean nesterov, double weightDecay) {
  /** Checks the ranges. */
  public SgdRule {
    if (!(momentum >= 0 && momentum < 1)) {
      throw new IllegalArgumentException("momentum " + momentum + " must be in [0, 1)");
    }
    if (!(weightDecay >= 0)) {
      throw new IllegalArgumentException("weightDecay " + weightDecay + " must be at least 0");
    }
    if (nesterov && momentum == 0) {
      throw new IllegalArgumentException("nesterov needs a momentum above 0");
    }
  }
}
