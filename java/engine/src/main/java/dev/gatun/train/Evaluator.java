package dev.gatun.train;

import dev.gatun.backend.WeightType;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.tensor.Usage;

/** Runs a model over data without training: no dropout, nothing saved for a backward. */
public final class Evaluator implements AutoCloseable {
  private final BatchSource source;
  private final Plan plan;
  private final Batch batch;
  private final Usage usage = new Usage("the evaluator");
  private long positions;

  /**
   * Reserves a plan for the source's largest batch.
   *
   * @param model the model; its parameters are read as they are at each run
   * @param loss measured for each batch
   * @param source the data, in the order of its epoch 0; closed by the caller, after this
   * @throws IllegalArgumentException if the data's shapes are not the model's and the loss's
   */
  public Evaluator(Model model, Loss loss, BatchSource source) {
    this(model, loss, source, WeightType.FLOAT32);
  }

  /**
   * As {@link #Evaluator(Model, Loss, BatchSource)} with the matrices of recurrent layers rounded.
   */
  public Evaluator(Model model, Loss loss, BatchSource source, WeightType weights) {
    DataFit.check("evaluation", source.layout(), model, loss);
    this.source = source;
    PlanSpec spec = PlanSpec.inference(source.layout());
    plan = model.plan(spec.withWeights(weights), loss);
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
   * @return the loss over all valid positions together; 0 if there is none, see {@link #positions}
   */
  public double run(Visitor visitor) {
    usage.enter();
    try {
      return runAll(visitor);
    } finally {
      usage.exit();
    }
  }

  private double runAll(Visitor visitor) {
    double sum = 0;
    double weights = 0;
    positions = 0;
    int batches = source.batches(0);
    for (int i = 0; i < batches; i++) {
      source.fill(0, i, batch);
      plan.forward(batch);
      double weight = plan.weight(batch);
      if (weight > 0) {
        sum += plan.loss() * weight;
        weights += weight;
      }
      positions += batch.targetCount();
      visitor.visit(plan, batch);
    }
    return weights == 0 ? 0 : sum / weights;
  }

  /** Runs all batches for the loss over all valid positions together. */
  public double loss() {
    return run((p, b) -> {});
  }

  /** As {@link #loss}, where 0 for want of targets would pass for the best of all. */
  double validationLoss() {
    double loss = loss();
    if (positions == 0) {
      throw new IllegalStateException(
          "the validation data has no valid target: every one is ignored or has weight 0");
    }
    return loss;
  }

  /** The valid positions of the last run. */
  public long positions() {
    return positions;
  }

  /** The bytes of its plan. */
  public long bytes() {
    return plan.bytes();
  }

  /**
   * Frees the plan.
   *
   * @throws IllegalStateException if a run goes on on another thread
   */
  @Override
  public void close() {
    if (usage.close()) {
      plan.close();
      batch.close();
    }
  }
}
