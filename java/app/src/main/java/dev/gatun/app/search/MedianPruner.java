package dev.gatun.app.search;

import dev.gatun.app.search.TrialRecord.State;

/**
 * Stops a trial whose best report so far is worse than the median of what the finished trials
 * reported at that step, or last before it (the median rule of Golovin et al., "Google Vizier",
 * 2017, with values instead of running means). A trial whose last report is NaN is stopped too.
 *
 * @param startup no trial is stopped before so many have finished
 * @param warmup nor after a report of a step below this
 */
public record MedianPruner(int startup, long warmup) implements Pruner {
  /** After 5 trials, from the first step on. */
  public MedianPruner() {
    this(5, 0);
  }

  @Override
  public boolean prunes(History history, TrialRecord trial) {
    long step = trial.reports().lastKey();
    if (step < warmup) {
      return false;
    }
    if (trial.reports().lastEntry().getValue().isNaN()) {
      return true;
    }
    double[] others =
        history.trials().stream()
            .filter(t -> t.state() == State.FINISHED && t.reports().floorEntry(step) != null)
            .mapToDouble(t -> history.loss(t.reports().headMap(step, true).lastEntry().getValue()))
            .filter(v -> !Double.isNaN(v))
            .sorted()
            .toArray();
    if (others.length < Math.max(1, startup)) {
      return false;
    }
    double median = (others[others.length / 2] + others[(others.length - 1) / 2]) / 2;
    return trial.reports().values().stream()
            .mapToDouble(history::loss)
            .filter(v -> !Double.isNaN(v))
            .min()
            .orElse(Double.POSITIVE_INFINITY)
        > median;
  }
}
