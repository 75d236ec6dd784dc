package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.train.Evaluator;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * The copy task (Hochreiter and Schmidhuber 1997; Arjovsky et al. 2016, section 5.1): ten symbols,
 * blanks, then on a signal the ten symbols again.
 */
class CopyTaskTest {
  private static final int SYMBOLS = 10;
  private static final int DELAY = 5;
  private static final int KINDS = 2;

  /** Above the symbols: nothing to be said, and the signal to begin. */
  private static final int BLANK = KINDS;

  private static final int SIGNAL = KINDS + 1;
  private static final int EPOCHS = 20;

  private static Examples strings(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int length = 2 * SYMBOLS + DELAY;
    int[][] x = new int[count][length];
    int[][] y = new int[count][length];
    for (int i = 0; i < count; i++) {
      Arrays.fill(x[i], BLANK);
      Arrays.fill(y[i], -1);
      x[i][SYMBOLS + DELAY - 1] = SIGNAL;
      for (int s = 0; s < SYMBOLS; s++) {
        x[i][s] = random.nextInt(KINDS);
        y[i][SYMBOLS + DELAY + s] = x[i][s];
      }
    }
    return Examples.tokens(x).stepClasses(y);
  }

  @Test
  void anLstmSaysAgainWhatItHasHeard() throws IOException {
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(KINDS + 2),
            Embedding.of(8),
            RecurrentLayer.lstm(64)
                .initialized(RecurrentLayer.InitialWeights.DEFAULT.withForgetBias(1.0)),
            Linear.of(KINDS));
    SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy();
    try (Backend backend = Backends.open("cpu");
        Model model = spec.build(backend, 1)) {
      BatchSource training = ArraySource.shuffled(strings(1_500, 1), 20, 1);
      BatchSource heldOut = ArraySource.sequential(strings(200, 2), 50);
      double before = cost(model, loss, heldOut);
      // Who has heard nothing can only guess: log 2.
      assertTrue(before > 0.69, () -> "before training: " + before);
      long steps = (long) EPOCHS * training.batches(0);
      try (RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
          Trainer trainer =
              Trainer.of(model, loss, adam, Schedules.cosine(0.01, 0, steps), training)
                  .epochs(EPOCHS)
                  .build()) {
        trainer.run();
      }
      double after = cost(model, loss, heldOut);
      assertTrue(after < 0.05, () -> "after training: " + after);
    }
  }

  private static double cost(Model model, SoftmaxCrossEntropy loss, BatchSource source) {
    try (Evaluator evaluator = new Evaluator(model, loss, source)) {
      return evaluator.loss();
    }
  }
}
