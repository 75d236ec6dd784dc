package dev.gatun.train;

import dev.gatun.data.Batch;
import dev.gatun.model.NonFinite;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.optim.Optimizer;
import org.jspecify.annotations.Nullable;

/** The work of one update: its batches' gradients, added up, and the optimizer's step. */
final class UpdateStep implements AutoCloseable {
  /** Of a loss, which is a sum in float64: as much as float32 has, in which graphs look at it. */
  private static final double MOST = Float.MAX_VALUE;

  private final Plan plan;
  private final Optimizer optimizer;
  private final @Nullable StepGraphs graphs;
  private @Nullable NonFinite fault;
  private int faultBatch;

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
   * Does it. A loss that is not finite leaves the parameters as they are, whatever its gradient.
   *
   * @param batches the first {@code count} are used
   * @param weight what their losses are divided by
   * @param progress what comes before
   * @param watch looks at the gradients before they are used; null: nobody does
   * @return the loss
   */
  double run(
      Batch[] batches,
      int count,
      double weight,
      Progress progress,
      double rate,
      @Nullable Runnable watch) {
    double loss = 0;
    boolean updated = false;
    fault = null;
    for (int i = 0; i < count; i++) {
      plan.setStep(progress.forwards + i, progress.step);
      boolean last = i == count - 1;
      if (graphs != null && watch == null && graphs.run(batches[i], weight, last, rate)) {
        updated = last && graphs.updates();
      } else {
        plan.forward(batches[i], weight);
        plan.backward();
      }
      double own = plan.loss();
      loss += own;
      if (!(Math.abs(own) <= MOST) && fault == null) {
        fault = NonFinite.of(plan);
        faultBatch = i;
        if (!updated) {
          spoilGradients(); // now: the update may be in the graph of a later batch
        }
      }
    }
    if (!updated) {
      if (fault == null && watch != null) {
        watch.run();
      }
      optimizer.step(rate);
    }
    return loss;
  }

  /**
   * The last element of every gradient becomes NaN, so that the optimizer skips the step: a loss
   * can be infinite with finite gradients, as that of an absolute error.
   */
  private void spoilGradients() {
    for (Parameter parameter : optimizer.parameters().list()) {
      long size = parameter.gradient().size();
      if (size > 0) {
        optimizer.parameters().backend().fill(parameter.gradient().view(size - 1, 1), Double.NaN);
      }
    }
  }

  /** Where the last step's forward was first not finite; null if its loss was, up to 3.4e38. */
  @Nullable NonFinite fault() {
    return fault;
  }

  /** In which of its batches. */
  int faultBatch() {
    return faultBatch;
  }

  @Override
  public void close() {
    if (graphs != null) {
      graphs.close();
    }
  }
}
