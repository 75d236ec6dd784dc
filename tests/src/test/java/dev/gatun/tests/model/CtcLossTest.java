package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.CtcLoss;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Evaluator;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Labels from examples through batches to the loss. */
@Tag("backend")
class CtcLossTest {
  /** The third has too few steps for its labels, the fourth none. */
  private static final int[][] LABELS = {{1, 2, 1}, {2}, {1, 1, 2}, {}};

  private static final float[][][] FRAMES = {
    new float[5][2], new float[2][2], new float[3][2], new float[4][2]
  };

  static List<String> names() {
    return Subjects.names();
  }

  private static BatchSource data() {
    return ArraySource.sequential(Examples.features(FRAMES).labels(LABELS), 4);
  }

  private static ModelSpec model() {
    return ModelSpec.of(Signal.features(2), RecurrentLayer.gru(3), Linear.of(3));
  }

  /** Weights of zero make every class as likely: the loss is a count of alignments. */
  @ParameterizedTest
  @MethodSource("names")
  void lossIsTheMeanOfEachByItsLabels(String name) {
    BatchSource data = data();
    try (Backend backend = Subjects.open(name, 2);
        Model model = model().build(backend, 1);
        Batch batch = data.newBatch();
        Plan plan = model.plan(PlanSpec.training(data.layout()), new CtcLoss());
        Plan undivided = model.plan(PlanSpec.training(data.layout()), new CtcLoss(0, false))) {
      backend.fill(model.parameters().values(), 0);
      model.parameters().changed();
      data.fill(0, 0, batch);
      plan.forward(batch);
      undivided.forward(batch);
      // paths of 5 steps that spell 1 2 1: C(5 + 3, 6) = 28; of 2 that spell 2: 3; of 4 blanks: 1
      double three = Math.log(3);
      double first = 5 * three - Math.log(28);
      double second = 2 * three - Math.log(3);
      double last = 4 * three;
      assertEquals((first / 3 + second + last) / 4, plan.loss(), 1e-5);
      assertEquals((first + second + last) / 4, undivided.loss(), 1e-5);
      assertEquals(1, plan.impossible());
      plan.backward();
      plan.forward(batch);
      assertEquals(2, plan.impossible(), "of both");
      for (double d : Host.read(backend, model.parameters().gradients())) {
        assertTrue(Double.isFinite(d));
      }
    }
  }

  @Test
  void anEvaluationCountsSequences() {
    BatchSource data = ArraySource.sequential(Examples.features(FRAMES).labels(LABELS), 3);
    try (Backend backend = Backends.open("reference");
        Model model = model().build(backend, 1);
        Evaluator evaluator = new Evaluator(model, new CtcLoss(), data)) {
      assertTrue(Double.isFinite(evaluator.loss()));
      assertEquals(4, evaluator.positions());
    }
  }

  private static void assertRefused(String part, Executable call) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), message);
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertRefused("blank -1 must be a class", () -> new CtcLoss(-1, true));
    assertRefused(
        "CTC's blank 3 must be one of the model's 3 outputs",
        () -> new CtcLoss(3, true).target(Signal.features(3)));
    assertRefused(
        "CTC takes features (logits) of each step",
        () -> new CtcLoss().target(Signal.features(3).perSequence()));
    assertRefused(
        "example 1: label 1 is -2",
        () -> Examples.features(FRAMES).labels(new int[][] {{}, {1, -2}, {}, {}}));
    assertRefused("3 targets for 4", () -> Examples.features(FRAMES).labels(new int[3][0]));
    BatchSource data = data();
    try (Backend backend = Backends.open("reference");
        Model model = model().build(backend, 1)) {
      assertRefused(
          "the evaluation data has targets sequences of labels [N]",
          () -> new Evaluator(model, new SoftmaxCrossEntropy(), data));
      BatchSource classes =
          ArraySource.sequential(Examples.features(FRAMES).classes(new int[4]), 4);
      assertRefused(
          "the model and its loss take sequences of labels [N]",
          () -> new Evaluator(model, new CtcLoss(), classes));
      try (Batch batch = data.newBatch();
          Plan plan = model.plan(PlanSpec.training(5, 4).withLabels(2), new CtcLoss())) {
        data.fill(0, 0, batch);
        assertRefused("plan with withLabels(3)", () -> plan.forward(batch));
      }
    }
  }
}
