package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Examples;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.train.Trainer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Steps as graphs where cuDNN draws the masks: its generator goes on from launch to launch. */
@Tag("cuda")
class CudnnDropoutGraphTest {
  private static final int STEPS = 12;

  private static final ModelSpec SPEC =
      ModelSpec.of(
          Signal.features(1), RecurrentLayer.lstm(6).stacked(3, 0.5).lastState(), Linear.of(1));

  @AfterEach
  void reset() {
    DoubleState.reset();
  }

  private static double[] losses(boolean graphs) {
    float[][][] x = new float[8][5][1];
    float[][] y = new float[8][1];
    for (int i = 0; i < x.length; i++) {
      for (int t = 0; t < 5; t++) {
        x[i][t][0] = (float) Math.sin(i + t);
      }
      y[i][0] = (float) Math.sin(i + 5);
    }
    ArraySource data = ArraySource.sequential(Examples.features(x).values(y), 8);
    double[] losses = new double[STEPS];
    try (Backend backend = Backends.open("cuda", 1, Precision.FP32, DropoutMasks.CUDNN);
        Model model = SPEC.build(backend, 3);
        Optimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        Trainer trainer =
            Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(1e-9), data)
                .epochs(STEPS)
                .graphs(graphs)
                .build()) {
      for (int i = 0; i < STEPS; i++) {
        trainer.step();
        losses[i] = trainer.loss();
      }
    }
    return losses;
  }

  @Test
  void giveTheSameBitsAndNewMasksEachTime() {
    DoubleState.reset();
    double[] without = losses(false);
    double[] with = losses(true);
    assertArrayEquals(without, with);
    assertTrue(DoubleState.calls("cudaGraphLaunch") > STEPS / 2, "graphs were launched");
    // The weights hardly move: what differs is the masks.
    assertEquals(STEPS, Arrays.stream(with).distinct().count(), Arrays.toString(with));
    assertEquals("", DoubleState.complaint());
  }
}
