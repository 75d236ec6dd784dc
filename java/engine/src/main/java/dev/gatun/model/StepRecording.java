package dev.gatun.model;

import dev.gatun.backend.Recording;
import dev.gatun.data.Batch;

/**
 * A recorded training step of one shape, made by {@link Plan#record}: a run copies a batch in, asks
 * for everything else at once and leaves the plan as forward and backward would. To be closed
 * before the plan; what changed the parameters is the caller's to tell ({@link
 * ParameterSet#changed}).
 */
public final class StepRecording implements AutoCloseable {
  private final Plan plan;
  private final int t;
  private final int n;

  /** Whether packed copies of the weights are made in it. */
  private final boolean refreshes;

  private final Recording recording;

  /** Records it. */
  StepRecording(Plan plan, Batch data, double weight, Runnable then) {
    if (data.ragged()) {
      throw new IllegalArgumentException(
          "only a batch of equal lengths can be recorded: its lengths become part of the recording");
    }
    this.plan = plan;
    t = data.time();
    n = data.size();
    refreshes = plan.layers.refreshDue();
    plan.stage(data, weight);
    int timeBefore = plan.time();
    int sizeBefore = plan.batch();
    long seenBefore = plan.layers.seenVersion();
    try {
      recording =
          plan.backend.record(
              () -> {
                plan.compute(t, n);
                plan.goBack();
                then.run();
              });
    } finally {
      // Nothing of it has been done yet, whatever version `then` has counted.
      plan.ran(timeBefore, sizeBefore);
      plan.layers.seen(refreshes ? seenBefore : plan.layers.version());
    }
  }

  /** Whether a batch can be run by it now: its shape, and nothing to do before that it lacks. */
  public boolean fits(Batch data) {
    return !data.ragged()
        && data.time() == t
        && data.size() == n
        && plan.layers.refreshDue() == refreshes;
  }

  /**
   * Runs a batch.
   *
   * @param weight as for {@link Plan#forward(Batch, double)}
   * @throws IllegalArgumentException if it does not {@link #fits fit}
   * @throws IllegalStateException if this or the plan has been closed
   */
  public void run(Batch data, double weight) {
    if (!fits(data)) {
      throw new IllegalArgumentException(
          "the recording is of %d steps of %d sequences%s: this batch does not fit"
              .formatted(t, n, refreshes ? " after a change of the parameters" : ""));
    }
    plan.usage.enterAlone();
    try {
      long version = plan.layers.version();
      plan.stage(data, weight);
      recording.run();
      plan.ran(t, n);
      plan.layers.seen(version);
    } finally {
      plan.usage.exit();
    }
  }

  @Override
  public void close() {
    recording.close();
  }
}
