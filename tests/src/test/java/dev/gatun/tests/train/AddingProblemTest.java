package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.BatchSource;
import dev.gatun.data.TargetKind;
import dev.gatun.model.Initializer;
import dev.gatun.model.Initializers;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentLayer.InitialWeights;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.Tensor;
import dev.gatun.train.Evaluator;
import dev.gatun.train.Trainer;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * The adding problem (Hochreiter and Schmidhuber 1997) over 400 steps: the sum of two numbers among
 * 400, one marked in each half. Always answering 1 has an error of 1/6. Sequences widen from 12
 * steps on, for all networks alike: that is what makes 1,000 updates enough.
 */
class AddingProblemTest {
  private static final int STEPS = 400;
  private static final int EPOCHS = 12;
  private static final double ALWAYS_ONE = 1 / 6.0;

  private static final class Adding implements BatchSource {
    private final int size;
    private final int batches;
    private final boolean whole;
    private final long seed;

    Adding(int size, int batches, boolean whole, long seed) {
      this.size = size;
      this.batches = batches;
      this.whole = whole;
      this.seed = seed;
    }

    @Override
    public BatchLayout layout() {
      return new BatchLayout(STEPS, size, 2, TargetKind.VALUES, 1);
    }

    @Override
    public int batches(int epoch) {
      return batches;
    }

    /** Each epoch 1.4 times as long as the one before. */
    private int length(int epoch) {
      return whole ? STEPS : (int) Math.min(STEPS, 12 * Math.pow(1.4, epoch));
    }

    @Override
    public void fill(int epoch, int index, Batch into) {
      int t = length(epoch);
      into.begin(t, size);
      SplittableRandom random = new SplittableRandom(seed * 1000003L + epoch * 100003L + index);
      Tensor weights = Objects.requireNonNull(into.weights());
      for (int n = 0; n < size; n++) {
        int first = random.nextInt(t / 2);
        int second = t / 2 + random.nextInt(t - t / 2);
        double sum = 0;
        for (int step = 0; step < t; step++) {
          double value = random.nextDouble();
          boolean marked = step == first || step == second;
          long at = ((long) step * size + n) * 2;
          into.inputs().set(at, value);
          into.inputs().set(at + 1, marked ? 1 : 0);
          sum += marked ? value : 0;
        }
        weights.set(n, 1);
        into.targets().set(n, sum - 1);
      }
      into.targetCount(size);
    }
  }

  /** The mean squared error over 400 steps after training. */
  private static double error(RecurrentLayer layer, double rate, int perEpoch) {
    ModelSpec spec = ModelSpec.of(Signal.features(2), layer.lastState(), Linear.of(1));
    NumericLoss loss = NumericLoss.meanSquaredError();
    try (Backend backend = Backends.open("cpu", 2);
        Model model = spec.build(backend, 2);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        Adding training = new Adding(32, perEpoch, false, 2);
        Adding test = new Adding(64, 3, true, 101);
        Evaluator evaluator = new Evaluator(model, loss, test);
        Trainer trainer =
            Trainer.of(
                    model,
                    loss,
                    adam,
                    Schedules.cosine(rate, 0, (long) EPOCHS * perEpoch),
                    training)
                .epochs(EPOCHS)
                .build()) {
      for (int step = 0; step < EPOCHS * perEpoch; step++) {
        trainer.step();
      }
      return evaluator.loss();
    }
  }

  @Test
  void anLstmLearnsIt() {
    double error = error(RecurrentLayer.lstm(24).initialized(FORGET_NOTHING), 0.01, 70);
    assertTrue(error < 0.5 * ALWAYS_ONE, "error " + error);
  }

  private static final InitialWeights FORGET_NOTHING = InitialWeights.DEFAULT.withForgetBias(1);

  @Test
  void aSimpleNetworkDoesNot() {
    double error = error(RecurrentLayer.tanh(32), 0.003, 70);
    assertTrue(error > 0.8 * ALWAYS_ONE, "error " + error);
  }

  /** Le, Jaitly and Hinton 2015: ReLU, the identity between steps, no biases at first. */
  @Test
  void oneThatBeginsWithTheIdentityDoes() {
    Initializer identity =
        (values, random) -> {
          long size = values.dim(1);
          for (long i = 0; i < values.size(); i++) {
            values.set(i, i / size == i % size ? 1 : 0);
          }
        };
    InitialWeights irnn =
        new InitialWeights(Initializers.normal(0, 0.03), identity, Initializers.constant(0), null);
    RecurrentLayer layer = RecurrentLayer.of("rnn", Cell.RELU, 32).initialized(irnn);
    double error = error(layer, 0.002, 100);
    assertTrue(error < 0.5 * ALWAYS_ONE, "error " + error);
  }
}
