package dev.gatun.train;

import dev.gatun.data.Batch;
import dev.gatun.model.Plan;
import dev.gatun.optim.Optimizer;
import org.jspecify.annotations.Nullable;

/** The work of one update: its batches' gradients, added up, and the optimizer's step. */
final class UpdateStep implements AutoCloseable {
  private final Plan plan;
  private final Optimizer optimizer;
  private final @Nullable StepGraphs graphs;

  /**
   * For the batches of a plan.
   *
   * @param recorded whether steps become graphs
   */
  UpdateStep(Plan plan, Optimizer optimizer, boolean recorded) {
    this.plan = plan;
    this.optimizer = optimizer;
    graphs = recorded ? new StepGraphs(plan, optimizer) : null;
  }

  /**
   * Does it.
   *
   * @param batches the first {@code count} are used
   * @param weight what their losses are divided by
   * @param forwards how many there have been before
   * @return the loss
   */
  double run(Batch[] batches, int count, double weight, long forwards, double rate) {
    double loss = 0;
    boolean updated = false;
    for (int i = 0; i < count; i++) {
      plan.setStep(forwards + i);
      boolean last = i == count - 1;
      if (graphs != null && graphs.run(batches[i], weight, last, rate)) {
        updated = last && graphs.updates();
      } else {
        plan.forward(batches[i], weight);
        plan.backward();
      }
      loss += plan.loss();
    }
    if (!updated) {
      optimizer.step(rate);
    }
    return loss;
  }

  @Override
  public void close() {
    if (graphs != null) {
      graphs.close();
    }
  }
}
