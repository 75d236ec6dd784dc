package dev.gatun.app.search;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Asynchronous successive halving (ASHA: Li et al., "A System for Massively Parallel Hyperparameter
 * Tuning", 2020) as a rule of when to stop: at the rungs, steps first, first * reduction, first *
 * reduction^2, ..., a trial goes on if it is among the best 1 / reduction of all trials that have
 * come to that rung until now, and always if it is the best of them. Nothing waits.
 *
 * @param first the first rung's step, at least 1
 * @param reduction at least 2
 */
public record SuccessiveHalving(long first, int reduction) implements Pruner {
  public SuccessiveHalving {
    if (first < 1 || reduction < 2) {
      throw new IllegalArgumentException(
          "successive halving begins at step 1 or later and reduces by 2 or more, not %d and %d"
              .formatted(first, reduction));
    }
  }

  @Override
  public boolean prunes(History history, TrialRecord trial) {
    long step = trial.reports().lastKey();
    @Nullable Long before = trial.reports().lowerKey(step);
    boolean stop = trial.reports().lastEntry().getValue().isNaN();
    for (long rung = first; rung <= step && !stop; rung *= reduction) {
      if (before == null || before < rung) {
        stop = isOut(history, trial, rung);
      }
      if (rung > Long.MAX_VALUE / reduction) {
        break;
      }
    }
    return stop;
  }

  private boolean isOut(History history, TrialRecord trial, long rung) {
    double own = value(history, trial, rung);
    int count = 0;
    int better = 0;
    for (TrialRecord other : history.trials()) {
      double value = value(history, other, rung);
      if (!Double.isNaN(value)) {
        count++;
        better += value < own ? 1 : 0;
      }
    }
    return better >= Math.max(1, count / reduction);
  }

  /** A trial's loss when it came to a rung; NaN where it did not. */
  private static double value(History history, TrialRecord trial, long rung) {
    Map.@Nullable Entry<Long, Double> report = trial.reports().ceilingEntry(rung);
    return report == null ? Double.NaN : history.loss(report.getValue());
  }
}
