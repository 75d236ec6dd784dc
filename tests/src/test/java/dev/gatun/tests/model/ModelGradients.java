package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.GradientCheck;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Layer;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.Signal;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.Objects;

/** Holds a whole model's gradients against central differences of its loss. */
final class ModelGradients {
  private ModelGradients() {}

  /** The gradients of a model's parameters, and of its input if those are numbers. */
  static void check(Examples examples, Signal input, Loss loss, Layer... layers) {
    ModelSpec spec = ModelSpec.of(input, layers);
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 23);
        BatchSource source = ArraySource.sequential(examples, examples.count());
        Batch batch = source.newBatch()) {
      // Larger than the batch: calls work on prefixes.
      PlanSpec size =
          PlanSpec.training(source.maxTime() + 2, source.maxBatch() + 3)
              .withLabels(source.layout().targetColumns());
      if (!input.isTokens()) {
        size = size.withInputGradient();
      }
      source.fill(0, 0, batch);
      try (Plan plan = model.plan(size, loss)) {
        plan.setStep(77);
        plan.forward(batch);
        plan.backward();
        assertTrue(plan.loss() > 0);
        compare(model, plan, batch);
      }
    }
  }

  private static void compare(Model model, Plan plan, Batch batch) {
    GradientCheck check =
        new GradientCheck(
            () -> {
              model.parameters().changed();
              plan.forward(batch);
              return plan.loss();
            });
    for (Parameter parameter : model.parameters().list()) {
      assertWithin(check.check(parameter.name(), parameter.value(), parameter.gradient()));
    }
    Tensor dx = plan.inputGradient();
    if (dx != null) {
      long size = (long) batch.time() * batch.size() * dx.dim(-1);
      // The inputs of the batch are F32: perturb the plan's own, behind the batch's copy.
      try (Workspace host = Workspace.host(plan.input().dtype())) {
        Tensor gradient = host.real(size).copyFrom(dx.view(0, size).toDoubles());
        plan.forward(batch);
        InputLoss f = new InputLoss(plan, Objects.requireNonNull(plan.outputGradient()));
        assertWithin(
            new GradientCheck(f::value).check("input", plan.input().view(0, size), gradient));
      }
    }
  }

  /**
   * The loss, to first order, as a function of the input: the output weighted with the loss's own
   * gradient, frozen.
   */
  private static final class InputLoss {
    private final Plan plan;
    private final double[] weights;

    InputLoss(Plan plan, Tensor outputGradient) {
      this.plan = plan;
      weights = outputGradient.toDoubles();
    }

    double value() {
      plan.resetState();
      plan.forward(plan.time(), plan.batch());
      double sum = 0;
      for (int i = 0; i < weights.length; i++) {
        sum += weights[i] * plan.output().get(i);
      }
      return sum;
    }
  }

  /** Rounding of a loss near 1 over the step, 1e-11, against gradients down to 1e-4. */
  private static void assertWithin(GradientCheck.Result result) {
    assertTrue(result.norm() > 0, result + ": a gradient of zero proves nothing");
    assertTrue(result.within(1e-6), result.toString());
  }
}
