package dev.gatun.train;

import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import org.jspecify.annotations.Nullable;

/**
 * Tells a run whose loss has left what it began with from one that learns. The measure is the loss
 * of the first batches with the initial values: above it by {@link TrainerBuilder#divergence} times
 * its size, or the most that a batch is away from it where that is more, a step counts as ruined,
 * and a run of which most of the last steps are ruined has diverged. A loss may be negative or next
 * to 0: where it begins is what it is measured by, and not 0.
 */
final class Divergence {
  /** Batches to measure: enough that one with hardly anything in it is no measure for all. */
  private static final int BATCHES = 8;

  /** The weight of a step in the share of ruined ones: 35 in a row are more than half. */
  private static final double RECENT = 0.02;

  private static final double MOST = 0.5;

  private final TrainerBuilder options;

  Divergence(TrainerBuilder options) {
    this.options = options;
  }

  /** Looks at the initial values, before the first step. */
  void begin(Progress progress) {
    if (options.divergence > 0) {
      double[] losses = losses();
      if (losses != null) {
        progress.startLoss = losses[0];
        progress.startScale = Math.max(Math.abs(losses[0]), losses[1]);
      }
    }
  }

  /** The loss above which a step is ruined; infinite if nobody looks. */
  double limit(Progress progress) {
    double limit = progress.startLoss + options.divergence * progress.startScale;
    return options.divergence > 0 && Double.isFinite(limit) ? limit : Double.POSITIVE_INFINITY;
  }

  /**
   * Takes in a step that was not skipped.
   *
   * @param loss its own, without penalties
   */
  void stepped(Progress progress, double loss) {
    progress.ruined = loss > limit(progress);
    progress.ruinedShare += RECENT * ((progress.ruined ? 1 : 0) - progress.ruinedShare);
    if (progress.ruined && progress.savedWeights == progress.weights() - 1) {
      progress.savedRuined = true;
    }
  }

  /** Whether most of the last steps were ruined. */
  boolean now(Progress progress) {
    return progress.ruinedShare > MOST;
  }

  /** As {@link #now} of a run that goes no further, which may have had few steps. */
  boolean atEnd(Progress progress) {
    double all = 1 - Math.pow(1 - RECENT, (double) (progress.step - progress.skipped));
    return progress.ruinedShare > MOST * all
        || (progress.savedWeights == 0 && measuredRuined(progress));
  }

  /**
   * Whether the weights are not to replace those of the last checkpoint. Where these are the
   * initial ones the first batches are run again: the update of the very first step may have ruined
   * what its loss did not show.
   */
  boolean doubtful(Progress progress) {
    return progress.ruined
        || now(progress)
        || (progress.savedWeights == 0 && measuredRuined(progress));
  }

  private boolean measuredRuined(Progress progress) {
    double limit = limit(progress);
    if (limit == Double.POSITIVE_INFINITY || progress.weights() == 0) {
      return false;
    }
    double[] losses = losses();
    return losses != null && !(losses[0] <= limit);
  }

  /** The loss of the first batches and the most that one is away from it; null without any. */
  private double @Nullable [] losses() {
    BatchSource data = options.training;
    int count = Math.min(BATCHES, data.batches(0));
    double[] own = new double[count];
    double[] weights = new double[count];
    try (Plan plan = options.model.plan(PlanSpec.inference(data.layout()), options.loss);
        Batch batch = data.newBatch()) {
      for (int i = 0; i < count; i++) {
        data.fill(0, i, batch);
        plan.forward(batch);
        own[i] = plan.loss();
        weights[i] = plan.weight(batch);
      }
    }
    double sum = 0;
    double all = 0;
    for (int i = 0; i < count; i++) {
      sum += weights[i] > 0 ? own[i] * weights[i] : 0;
      all += weights[i];
    }
    if (!(all > 0)) {
      return null;
    }
    double mean = sum / all;
    double away = 0;
    for (int i = 0; i < count; i++) {
      away = weights[i] > 0 ? Math.max(away, Math.abs(own[i] - mean)) : away;
    }
    return new double[] {mean, away};
  }
}
