package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Backend;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.BatchProbe;
import dev.gatun.train.RateRange;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The range of rates and of batch sizes, on problems whose limits are known. */
@Tag("backend")
class RateRangeTest {
  static final List<String> BACKENDS = Subjects.names();
  private static final int ROWS = 64;
  private static final RateRange RANGE = new RateRange(1e-3, 100, 600, 0.5, 4);

  /** Two features of different size, and a target that is not quite linear in them. */
  private final float[][][] x = new float[1][ROWS][2];

  private final float[][][] y = new float[1][ROWS][1];

  RateRangeTest() {
    Random random = new Random(5);
    for (int t = 0; t < ROWS; t++) {
      x[0][t][0] = (float) (2 * random.nextGaussian());
      x[0][t][1] = (float) (0.5 * random.nextGaussian());
      y[0][t][0] = (float) (x[0][t][0] - 2 * x[0][t][1] + 0.3 * random.nextGaussian());
    }
  }

  /**
   * A linear model's mean squared error is a quadratic with Hessian 2 E[z zᵀ], z = (x, 1), and
   * gradient descent on one is stable below 2 / λ_max: here by power iteration.
   */
  private double largestStable() {
    double[] v = {1, 1, 1};
    double lambda = 0;
    for (int k = 0; k < 200; k++) {
      double[] next = new double[3];
      for (float[] row : x[0]) {
        double[] z = {row[0], row[1], 1};
        double product = z[0] * v[0] + z[1] * v[1] + z[2] * v[2];
        for (int i = 0; i < 3; i++) {
          next[i] += 2 * z[i] * product / ROWS;
        }
      }
      lambda = Math.sqrt(next[0] * next[0] + next[1] * next[1] + next[2] * next[2]);
      for (int i = 0; i < 3; i++) {
        v[i] = next[i] / lambda;
      }
    }
    return 2 / lambda;
  }

  private BatchSource data() {
    return ArraySource.sequential(Examples.features(x).stepValues(y), 1);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aQuadraticExplodesPastTwoOverItsCurvature(String backend) {
    double stable = largestStable();
    ModelSpec spec = ModelSpec.of(Signal.features(2), Linear.of(1));
    try (Backend context = Subjects.open(backend);
        Model model = spec.build(context, 9);
        Optimizer sgd =
            new RuleOptimizer(
                model.parameters(), new SgdRule(0, false, 0), Double.POSITIVE_INFINITY);
        BatchSource data = data()) {
      double[] before = Host.read(context, model.parameters().values());
      RateRange.Result result = RANGE.run(model, NumericLoss.meanSquaredError(), sgd, data, 1);
      assertTrue(result.exploded());
      // The rate rises by 2 % a step, and what had become small has to grow again first.
      assertTrue(result.last() > stable, result.last() + " below " + stable);
      assertTrue(result.last() < 6 * stable, result.last() + " far above " + stable);
      assertTrue(result.lowest() < 4 * stable, result.lowest() + " far above " + stable);
      assertTrue(result.suggested() < stable, result.suggested() + " above " + stable);
      assertTrue(result.suggested() > stable / 100, result.suggested() + " far below " + stable);
      assertEquals(1e-3, result.points().getFirst().rate(), 1e-12);
      assertArrayEquals(before, Host.read(context, model.parameters().values()));
    }
  }

  private RateRange.Result sweep(RateRange range) {
    ModelSpec spec = ModelSpec.of(Signal.features(2), Linear.of(1));
    try (Backend context = Subjects.open(BACKENDS.getFirst());
        Model model = spec.build(context, 9);
        Optimizer sgd =
            new RuleOptimizer(
                model.parameters(), new SgdRule(0, false, 0), Double.POSITIVE_INFINITY);
        BatchSource data = data()) {
      return range.run(model, NumericLoss.meanSquaredError(), sgd, data, 1);
    }
  }

  @Test
  void ratesThatAreAllTooLowSuggestTheirBest() {
    RateRange.Result result = sweep(new RateRange(1e-6, 1e-4, 20, 0.5, 4));
    assertFalse(result.exploded());
    assertEquals(20, result.points().size());
    assertEquals(1e-4, result.last(), 1e-10);
    assertEquals(1e-4, result.lowest(), 1e-10);
  }

  @Test
  void ratesThatAreAllTooHighSuggestNone() {
    RateRange.Result result = sweep(new RateRange(10, 1000, 20, 0, 4));
    assertTrue(result.exploded());
    assertFalse(result.fell());
    assertTrue(Double.isNaN(result.suggested()));
  }

  @Test
  void aRangeHasToRise() {
    assertThrows(IllegalArgumentException.class, () -> new RateRange(1, 1, 10, 0.9, 4));
    assertThrows(IllegalArgumentException.class, () -> new RateRange(0, 1, 10, 0.9, 4));
    assertThrows(IllegalArgumentException.class, () -> new RateRange(0.1, 1, 1, 0.9, 4));
    assertThrows(IllegalArgumentException.class, () -> new RateRange(0.1, 1, 10, 1, 4));
    assertThrows(IllegalArgumentException.class, () -> new RateRange(0.1, 1, 10, 0.9, 1));
  }

  @Test
  void batchesGrowWhileTheyAreFaster() {
    // Twice as fast up to 64, and level from there.
    BatchProbe.Result result = BatchProbe.run(batch -> Math.min(batch, 64), 8, 1 << 20);
    assertEquals(BatchProbe.End.NO_FASTER, result.end());
    assertEquals(64, result.suggested());
    assertEquals(
        List.of(8, 16, 32, 64, 128, 256),
        result.points().stream().map(BatchProbe.Point::batch).toList());
  }

  @Test
  void batchesGrowUntilMemoryIsShortOrTheDataIsOut() {
    BatchProbe.Result result =
        BatchProbe.run(
            batch -> {
              if (batch > 32) {
                throw new OutOfMemoryError("for the test");
              }
              return batch;
            },
            8,
            1 << 20);
    assertEquals(BatchProbe.End.MEMORY, result.end());
    assertEquals(32, result.suggested());
    BatchProbe.Result small = BatchProbe.run(batch -> batch, 3, 13);
    assertEquals(BatchProbe.End.LARGEST, small.end());
    assertEquals(12, small.suggested());
    assertThrows(
        OutOfMemoryError.class,
        () ->
            BatchProbe.run(
                batch -> {
                  throw new OutOfMemoryError("at once");
                },
                8,
                16));
  }
}
