package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.StepRecording;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.train.Trainer;
import org.junit.jupiter.api.Test;

/** Where there are no graphs a trainer refuses them, and a recording is the work itself. */
class NoGraphsTest {
  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.features(1), RecurrentLayer.gru(4).lastState(), Linear.of(1));

  @Test
  void aTrainerOnTheCpuRefusesThem() {
    try (Backend backend = Backends.open("cpu", 1);
        Model model = SPEC.build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1)) {
      var builder =
          Trainer.of(
                  model,
                  NumericLoss.meanSquaredError(),
                  adam,
                  Schedules.constant(0.1),
                  new SineWindows(5, 3, 2))
              .graphs(true);
      assertEquals(
          "graphs: the backend cpu has none, only a GPU does: leave them out, or use the backend"
              + " cuda",
          assertThrows(IllegalArgumentException.class, builder::build).getMessage());
    }
  }

  private static double[] parameters(boolean recorded) {
    try (Backend backend = Backends.open("reference", 1);
        Model model = SPEC.build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        SineWindows data = new SineWindows(5, 3, 4);
        Batch batch = data.newBatch();
        Plan plan = model.plan(PlanSpec.training(5, 3), NumericLoss.meanSquaredError())) {
      data.fill(0, 0, batch);
      StepRecording recording = plan.record(batch, 3, adam::update);
      for (int i = 0; i < 4; i++) {
        data.fill(0, i, batch);
        if (recorded) {
          adam.rate(0.1 + i);
          recording.run(batch, 3);
        } else {
          plan.forward(batch, 3);
          plan.backward();
          adam.step(0.1 + i);
        }
      }
      recording.close();
      return model.parameters().values().toDoubles();
    }
  }

  @Test
  void aRecordedStepIsTheStep() {
    assertArrayEquals(parameters(false), parameters(true));
  }
}
