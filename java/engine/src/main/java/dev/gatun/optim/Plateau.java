package dev.gatun.optim;

/**
 * Lowers the rate when a loss has stopped falling: PyTorch's ReduceLROnPlateau. The loss is looked
 * at with each report; it is better if it is below (1 - threshold) times the best so far.
 *
 * @param factor what the rate is multiplied with, above 0 and below 1
 * @param patience reports in a row without a better loss that are borne before that
 * @param threshold 0 to below 1
 * @param cooldown reports after that in which nothing is counted
 * @param floor the fraction of the schedule's rate that is not gone below, 0 to 1
 */
public record Plateau(double factor, int patience, double threshold, int cooldown, double floor) {
  /** PyTorch's values. */
  public static final Plateau DEFAULT = new Plateau(0.1, 10, 1e-4, 0, 0);

  /** Checks the ranges. */
  public Plateau {
    if (!(factor > 0 && factor < 1)) {
      throw new IllegalArgumentException("factor " + factor + " must be above 0 and below 1");
    }
    if (patience < 0 || cooldown < 0) {
      throw new IllegalArgumentException(
          "patience %d and cooldown %d must be at least 0".formatted(patience, cooldown));
    }
    if (!(threshold >= 0 && threshold < 1)) {
      throw new IllegalArgumentException("threshold " + threshold + " must be in [0, 1)");
    }
    if (!(floor >= 0 && floor <= 1)) {
      throw new IllegalArgumentException("floor " + floor + " must be in [0, 1]");
    }
  }

  /**
   * What is known between reports.
   *
   * @param scale what the schedule's rate is multiplied with
   * @param best the best loss so far
   * @param bad reports in a row without a better one
   * @param cooling reports of the cooldown that are left
   */
  public record State(double scale, double best, int bad, int cooling) {
    /** Before the first report. */
    public static final State START = new State(1, Double.POSITIVE_INFINITY, 0, 0);
  }

  /** The state after a report. */
  public State after(State state, double loss) {
    boolean better = loss < state.best * (1 - threshold);
    double best = better ? loss : state.best;
    int bad = better || state.cooling > 0 ? 0 : state.bad + 1;
    int cooling = Math.max(0, state.cooling - 1);
    return bad > patience
        ? new State(Math.max(state.scale * factor, floor), best, 0, cooldown)
        : new State(state.scale, best, bad, cooling);
  }
}
