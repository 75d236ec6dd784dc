package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.AttentionPooling;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.Pooling;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.Tensor;
import dev.gatun.train.Evaluator;
import dev.gatun.train.Trainer;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Recall the one number that is marked: an attention can, a mean cannot. */
class ReadoutLearningTest {
  private static final int EXAMPLES = 256;

  private final float[][][] x = new float[EXAMPLES][][];
  private final float[][] y = new float[EXAMPLES][1];

  ReadoutLearningTest() {
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < EXAMPLES; i++) {
      x[i] = new float[5 + random.nextInt(16)][2];
      int marked = random.nextInt(x[i].length);
      for (int s = 0; s < x[i].length; s++) {
        x[i][s][0] = (float) random.nextDouble(-1, 1);
        x[i][s][1] = s == marked ? 1 : 0;
      }
      y[i][0] = x[i][marked][0];
    }
  }

  /** Mean squared error after training; the targets' own is 1/3. */
  private double trained(Layer readout, Evaluator.Visitor visitor) throws Exception {
    ModelSpec spec = ModelSpec.of(Signal.features(2), readout, Linear.of(1));
    Examples examples = Examples.features(x).values(y);
    NumericLoss loss = NumericLoss.meanSquaredError();
    try (Backend backend = Backends.open("cpu", 1);
        Model model = spec.build(backend, 3);
        Optimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        BatchSource training = ArraySource.shuffled(examples, 32, 1);
        BatchSource all = ArraySource.sequential(examples, 64);
        Trainer trainer =
            Trainer.of(model, loss, adam, Schedules.constant(0.05), training).epochs(40).build();
        Evaluator evaluator = new Evaluator(model, loss, all)) {
      trainer.run();
      return evaluator.run(visitor);
    }
  }

  @Test
  void attentionLooksWhereTheMarkIs() throws Exception {
    int[] seen = {0};
    double[] least = {1};
    double error =
        trained(
            AttentionPooling.additive(8),
            (plan, batch) -> {
              Tensor weights = Objects.requireNonNull(plan.observed().get("attention.weights"));
              for (int row = 0; row < batch.time() * batch.size(); row++) {
                int n = row % batch.size();
                int step = row / batch.size();
                if (step < batch.lengths().getLong(n) && batch.inputs().get(2L * row + 1) == 1) {
                  seen[0]++;
                  double weight = weights.get((long) n * batch.time() + step);
                  least[0] = Math.min(least[0], weight);
                }
              }
            });
    assertEquals(EXAMPLES, seen[0]);
    assertTrue(error < 0.02, "error " + error);
    assertTrue(least[0] > 0.5, "the least weight of a mark is " + least[0]);
  }

  @Test
  void aMeanCannot() throws Exception {
    double error = trained(Pooling.mean(), (plan, batch) -> {});
    assertTrue(error > 0.2, "error " + error);
  }
}
