package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Linear;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedule;
import dev.gatun.tests.support.Host;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainerBuilder;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A run whose numbers stay finite and whose loss leaves what it began with, and one that learns.
 */
class DivergenceTest {
  private static final ModelSpec LSTM =
      ModelSpec.of(Signal.features(1), RecurrentLayer.lstm(4).lastState(), Linear.of(1));
  private static final Loss SQUARES = NumericLoss.meanSquaredError();

  @TempDir Path folder;

  /** What came of a run, and the weights of its last checkpoint. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Run(
      Outcome outcome,
      long steps,
      double startLoss,
      double limit,
      boolean keptGood,
      long keptStep,
      List<Double> losses,
      double[] initial,
      double[] weights,
      double[] saved) {}

  /** Clipped, so that weights grow by about the rate in a step and never overflow. */
  private Run run(
      ModelSpec spec,
      Loss loss,
      Schedule rate,
      BatchSource data,
      UnaryOperator<TrainerBuilder> options)
      throws IOException {
    List<Double> losses = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onStep(Trainer trainer) {
            losses.add(trainer.loss());
          }
        };
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 9);
        Optimizer sgd = new RuleOptimizer(model.parameters(), new SgdRule(0, false, 0), 1);
        Trainer trainer =
            options
                .apply(
                    Trainer.of(model, loss, sgd, rate, data).checkpoints(folder).listener(listener))
                .build()) {
      double[] initial = Host.read(backend, model.parameters().values());
      Outcome outcome = trainer.run();
      double[] weights = Host.read(backend, model.parameters().values());
      model.load(folder.resolve("last.safetensors"));
      return new Run(
          outcome,
          trainer.steps(),
          trainer.startLoss(),
          trainer.lossLimit(),
          trainer.keptGood(),
          trainer.keptStep(),
          losses,
          initial,
          weights,
          Host.read(backend, model.parameters().values()));
    }
  }

  /** At a rate that ruins the weights in a step or two. */
  private Run tooFast(UnaryOperator<TrainerBuilder> options) throws IOException {
    return run(LSTM, SQUARES, step -> 100, new SineWindows(8, 8, 20), options);
  }

  /** Reports after each step, after some, and after the run's end. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 1000})
  void aRateThatIsTooHighEndsWithTheInitialWeights(int reportEvery) throws IOException {
    Run run = tooFast(options -> options.epochs(20).reportEvery(reportEvery));
    assertEquals(Outcome.DIVERGED, run.outcome);
    assertTrue(run.steps < 60, run.steps + " steps");
    assertEquals(0.5, run.startLoss, 0.3); // of sines and a net that says next to nothing
    assertTrue(run.limit > 5 * run.startLoss && run.limit < 15, "limit " + run.limit);
    assertTrue(run.losses.getLast() > run.limit, run.losses::toString);
    assertTrue(run.keptGood);
    assertEquals(0, run.keptStep);
    assertArrayEquals(run.initial, run.saved);
    assertArrayEquals(run.initial, run.weights, "the weights are put back");
  }

  /** Too short for most of the last steps to be told by their number. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 7})
  void aShortRunIsToldAtItsEnd(long steps) throws IOException {
    Run run = tooFast(options -> options.maxSteps(steps));
    assertEquals(Outcome.DIVERGED, run.outcome);
    assertEquals(steps, run.steps);
    assertArrayEquals(run.initial, run.saved);
  }

  @Test
  void whatWasLearntBeforeIsKept() throws IOException {
    Run run =
        run(
            LSTM,
            SQUARES,
            step -> step < 50 ? 0.1 : 100,
            new SineWindows(8, 8, 20),
            options -> options.epochs(20).reportEvery(8));
    assertEquals(Outcome.DIVERGED, run.outcome);
    assertEquals(48, run.keptStep);
    assertTrue(run.keptGood);
    assertArrayEquals(run.saved, run.weights);
    assertFalse(Arrays.equals(run.initial, run.saved));
    assertTrue(run.steps < 110, run.steps + " steps");
  }

  @Test
  void turnedOffARunGoesOn() throws IOException {
    Run run = tooFast(options -> options.epochs(4).divergence(0));
    assertEquals(Outcome.COMPLETED, run.outcome);
    assertEquals(80, run.steps);
    assertTrue(Double.isNaN(run.startLoss));
    assertEquals(Double.POSITIVE_INFINITY, run.limit);
    assertThrows(
        IllegalArgumentException.class,
        () -> run(LSTM, SQUARES, step -> 1, new SineWindows(8, 8, 1), o -> o.divergence(-1)));
  }

  /** A few of the targets are large, and none in the first batch: its loss is next to nothing. */
  private static BatchSource rare(BatchSource from) {
    return new ChangedBatches(
        from,
        (index, into) -> {
          into.targets().set(0, index % 4 == 3 ? 30 : 1e-3);
        });
  }

  @Test
  void aFirstBatchWithHardlyAnythingInItIsNoMeasure() throws IOException {
    Run run =
        run(
            LSTM,
            SQUARES,
            step -> 0.01,
            rare(new SineWindows(4, 1, 40)),
            options -> options.epochs(5));
    assertEquals(Outcome.COMPLETED, run.outcome);
    assertTrue(run.losses.stream().anyMatch(loss -> loss > 100), run.losses::toString);
  }

  /** A loss that begins next to 0 and one that is below it: both go up and down as they learn. */
  @Test
  void aLossMayBeNegativeOrNextToNothing() throws IOException {
    float[][][] x = new float[64][4][1];
    float[][] y = new float[64][1];
    for (int i = 0; i < x.length; i++) {
      for (int t = 0; t < 4; t++) {
        x[i][t][0] = (float) Math.sin(i + t);
      }
      y[i][0] = (float) (1e-3 * Math.sin(i * 1.7));
    }
    ModelSpec two =
        ModelSpec.of(Signal.features(1), RecurrentLayer.lstm(4).lastState(), Linear.of(2));
    try (BatchSource data = ArraySource.sequential(Examples.features(x).values(y), 8)) {
      Run run = run(two, NumericLoss.gaussian(), step -> 0.05, data, options -> options.epochs(40));
      assertEquals(Outcome.COMPLETED, run.outcome);
      assertTrue(run.losses.getLast() < -1, run.losses::toString);
    }
    float[][] nothing = new float[64][1];
    try (BatchSource data = ArraySource.sequential(Examples.features(x).values(nothing), 8)) {
      Run run = run(LSTM, SQUARES, step -> 0.05, data, options -> options.epochs(10));
      assertEquals(Outcome.COMPLETED, run.outcome);
      assertNotEquals(0, run.startLoss);
      assertTrue(run.losses.getLast() < 1e-2, run.losses::toString);
    }
  }
}
