package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.FarBackend;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints keep what a context's computing changes, for contexts that know it. */
class ContextStateTest {
  private static final String OTHER = "reference";
  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.features(1), RecurrentLayer.tanh(3).lastState(), Linear.of(1));

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("last.safetensors");
  }

  /** Trains, or resumes without a step; the updates that the context has counted, if it does. */
  private double[] run(String name, int steps, boolean resume) throws IOException {
    try (Backend backend = Subjects.open(name);
        Model model = SPEC.build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        Trainer trainer =
            Trainer.of(
                    model,
                    NumericLoss.meanSquaredError(),
                    adam,
                    Schedules.constant(0.1),
                    new SineWindows(5, 3, 9))
                .maxSteps(steps)
                .checkpoints(folder)
                .build()) {
      if (resume) {
        trainer.resume(file());
        assertEquals(steps, trainer.steps(), "steps of the file");
      } else {
        trainer.run();
      }
      Tensor prepared = backend.state().get("prepared");
      return prepared == null ? new double[0] : Host.read(backend, prepared);
    }
  }

  @Test
  void isRestored() throws IOException {
    assertArrayEquals(new double[] {4}, run(FarBackend.NAME, 4, false));
    assertArrayEquals(new double[] {4}, run(FarBackend.NAME, 4, true));
  }

  @Test
  void isLeftOutWhereTheContextHasNone() throws IOException {
    run(FarBackend.NAME, 3, false);
    assertArrayEquals(new double[0], run(OTHER, 3, true));
  }

  @Test
  void staysAsItWasWhereTheFileHasNone() throws IOException {
    run(OTHER, 3, false);
    assertArrayEquals(new double[] {0}, run(FarBackend.NAME, 3, true));
  }
}
