package dev.gatun.train;

import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;

/** Runs a model over data without training: no dropout, nothing saved for a backward. */
public final class Evaluator implements AutoCloseable {
  private final BatchSource source;
  private final Plan plan;
  private final Batch batch;

  /**
   * Reserves a plan for the source's largest batch.
   *
   * @param model the model; its parameters are read as they are at each run
   * @param loss measured for each batch
   * @param source the data, in the order of its epoch 0; closed by the caller, after this
   */
  public Evaluator(Model model, Loss loss, BatchSource source) {
    this.source = source;
    plan = model.plan(PlanSpec.inference(source.maxTime(), source.maxBatch()), loss);
    try {
      batch = source.newBatch();
    } catch (RuntimeException | Error e) {
      plan.close();
      throw e;
    }
  }

  /** Looks at one batch that has been run. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * Reads what it wants before it returns.
     *
     * @param plan after its forward: output in the backend's memory, loss
     * @param batch what it was given
     */
    void visit(Plan plan, Batch batch);
  }

  /**
   * Runs all batches.
   *
   * @return the loss over all valid positions together
   */
  public double run(Visitor visitor) {
    double sum = 0;
    long positions = 0;
    int batches = source.batches(0);
    for (int i = 0; i < batches; i++) {
      source.fill(0, i, batch);
      plan.forward(batch);
      long count = batch.targetCount();
      if (count > 0) {
        sum += plan.loss() * count;
        positions += count;
      }
      visitor.visit(plan, batch);
    }
    return sum / positions;
  }

  /** Runs all batches for the loss over all valid positions together. */
  public double loss() {
    return run((p, b) -> {});
  }

  /** The bytes of its plan. */
  public long bytes() {
    return plan.bytes();
  }

  @Override
  public void close() {
    plan.close();
    batch.close();
  }
}
