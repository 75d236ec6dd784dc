package dev.gatun.train;

/**
 * What a run does about a loss or gradient that is not finite. The step is skipped always.
 *
 * @param rateFactor what the rate is multiplied with at each such step, above 0; 1 leaves it
 * @param limit such steps in a row before the run ends with its last good checkpoint
 * @param recovery good steps in a row after which the rate rises by that factor again
 */
public record NonFinitePolicy(double rateFactor, int limit, int recovery) {
  /**
   * Half the rate, 10 in a row, and 200 steps: one spike costs a short while of slower learning.
   */
  public static final NonFinitePolicy DEFAULT = new NonFinitePolicy(0.5, 10, 200);

  /** Checks the ranges. */
  public NonFinitePolicy {
    if (!(rateFactor > 0 && rateFactor <= 1)) {
      throw new IllegalArgumentException("rateFactor " + rateFactor + " must be in (0, 1]");
    }
    if (limit < 1 || recovery < 1) {
      throw new IllegalArgumentException(
          "limit %d and recovery %d must be at least 1".formatted(limit, recovery));
    }
  }

  /** The same with another limit. */
  public NonFinitePolicy withLimit(int steps) {
    return new NonFinitePolicy(rateFactor, steps, recovery);
  }
}
