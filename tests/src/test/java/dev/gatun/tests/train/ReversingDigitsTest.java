package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.CrossAttention;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.SequenceDecoder.Search;
import dev.gatun.model.SequenceToSequence;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.train.SequenceErrors;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Strings of digits to the same backwards: what attention is for. */
class ReversingDigitsTest {
  private static final int EPOCHS = 12;

  private static Examples digits(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[][] x = new int[count][];
    int[][] y = new int[count][];
    for (int i = 0; i < count; i++) {
      x[i] = random.ints(2 + random.nextInt(6), 0, 10).toArray();
      y[i] = new int[x[i].length];
      for (int t = 0; t < x[i].length; t++) {
        y[i][t] = 1 + x[i][x[i].length - 1 - t];
      }
    }
    return Examples.tokens(x).decoded(y);
  }

  @Test
  void stringsItHasNeverSeenAreReversedExactly() throws IOException {
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(10),
            SequenceToSequence.of(11, 16, RecurrentLayer.gru(48))
                .encoder(RecurrentLayer.gru(24).bothDirections())
                .attention(CrossAttention.GENERAL)
                .dropout(0.1, 0.1));
    SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy();
    try (Backend backend = Backends.open("cpu");
        Model model = spec.build(backend, 1)) {
      BatchSource training = ArraySource.shuffled(digits(3_000, 1), 32, 1);
      BatchSource heldOut = ArraySource.sequential(digits(400, 2), 100);
      long steps = (long) EPOCHS * training.batches(0);
      try (RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
          Trainer trainer =
              Trainer.of(model, loss, adam, Schedules.cosine(0.01, 0, steps), training)
                  .epochs(EPOCHS)
                  .build()) {
        trainer.run();
      }
      SequenceErrors greedy = SequenceErrors.of(model, heldOut, Search.greedy(12));
      assertTrue(greedy.exact() > 0.99, () -> "exact " + greedy.exact());
      SequenceErrors beam = SequenceErrors.of(model, heldOut, new Search(4, 12, 0.6));
      assertTrue(beam.exact() > 0.99, () -> "exact with a beam " + beam.exact());
    }
  }
}
