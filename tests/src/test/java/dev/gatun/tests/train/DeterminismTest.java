package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Dropout;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Trainer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The same seed gives the same bits for any number of threads. */
@Tag("backend")
class DeterminismTest {
  static final List<String> BACKENDS = Subjects.names();

  // Odd sizes, more than one tile or chunk of each; ragged, so that work is uneven.
  private static final ModelSpec SPEC =
      ModelSpec.of(
          Signal.tokens(23),
          Embedding.of(19),
          Dropout.of(0.2),
          RecurrentLayer.lstm(37).stacked(2, 0.3),
          RecurrentLayer.gru(21).bothDirections(),
          Linear.of(23));

  private static Examples examples() {
    SplittableRandom random = new SplittableRandom(8);
    int[][] x = new int[51][];
    int[][] y = new int[51][];
    for (int i = 0; i < x.length; i++) {
      x[i] = random.ints(1 + i % 11, 0, 23).toArray();
      y[i] = random.ints(x[i].length, -1, 23).toArray();
    }
    return Examples.tokens(x).stepClasses(y);
  }

  private static double[] train(String name, int threads, long seed) {
    try (Backend backend = Subjects.open(name, threads);
        Model model = SPEC.build(backend, seed);
        Optimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        BatchSource data = ArraySource.shuffled(examples(), 17, seed);
        Trainer trainer =
            Trainer.of(model, new SoftmaxCrossEntropy(), adam, Schedules.constant(0.01), data)
                .epochs(2)
                .build();
        Workspace host = Workspace.host(backend.real())) {
      for (int i = 0; i < 6; i++) {
        trainer.step();
      }
      Tensor values = model.parameters().values();
      Tensor copy = host.real(values.shape());
      backend.copy(values, copy);
      return copy.toDoubles();
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void sameBitsForAnyNumberOfThreads(String name) {
    double[] one = train(name, 1, 4);
    assertArrayEquals(one, train(name, 2, 4), 0.0, "two threads");
    assertArrayEquals(one, train(name, 3, 4), 0.0, "three threads");
    assertFalse(Arrays.equals(one, train(name, 1, 5)), "another seed, other bits");
  }
}
