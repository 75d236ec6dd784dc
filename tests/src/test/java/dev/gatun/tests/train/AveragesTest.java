package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.Averaging;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.persist.FormatException;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Evaluator;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainerBuilder;
import dev.gatun.train.TrainingListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Averages of weights are what checkpoints and validation have, and resume to the same bits. */
@Tag("backend")
class AveragesTest {
  static final List<String> BACKENDS = Subjects.names();
  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.features(1), RecurrentLayer.lstm(4).lastState(), Linear.of(1));

  @TempDir Path folder;

  /** A run's pieces, to be closed. */
  private record Run(Backend backend, Model model, Optimizer optimizer, Trainer trainer)
      implements AutoCloseable {
    static Run of(String name, UnaryOperator<TrainerBuilder> options) {
      Backend backend = Subjects.open(name);
      Model model = SPEC.build(backend, 9);
      Optimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
      TrainerBuilder builder =
          Trainer.of(
              model,
              NumericLoss.meanSquaredError(),
              adam,
              Schedules.constant(0.02),
              new SineWindows(6, 4, 5));
      return new Run(backend, model, adam, options.apply(builder.epochs(4)).build());
    }

    double[] weights() {
      return Host.read(backend, model.parameters().values());
    }

    @Override
    public void close() {
      trainer.close();
      optimizer.close();
      model.close();
      backend.close();
    }
  }

  /** The weights after every step. */
  private static List<double[]> path(String backend, UnaryOperator<TrainerBuilder> options)
      throws Exception {
    List<double[]> path = new ArrayList<>();
    try (Run run = Run.of(backend, options)) {
      path.add(run.weights());
      for (int i = 0; i < 12; i++) {
        run.trainer.step();
        path.add(run.weights());
      }
    }
    return path;
  }

  private static double distance(double[] a, double[] b) {
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }

  private double[] saved(String backend, UnaryOperator<TrainerBuilder> options) throws Exception {
    try (Run run = Run.of(backend, options)) {
      for (int i = 0; i < 12; i++) {
        run.trainer.step();
      }
      double[] raw = run.weights();
      Path file = folder.resolve("average.safetensors");
      run.trainer.save(file);
      assertArrayEquals(raw, run.weights(), "saving changed the weights that learn");
      run.model.load(file);
      return run.weights();
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void anExponentialMeanOfTheWeightsIsSaved(String backend) throws Exception {
    List<double[]> path = path(backend, options -> options);
    double[] expected = path.getFirst().clone();
    for (int step = 1; step < path.size(); step++) {
      double keep = Math.min(0.4, (1.0 + (step - 1)) / (10.0 + (step - 1)));
      for (int i = 0; i < expected.length; i++) {
        expected[i] = keep * expected[i] + (1 - keep) * path.get(step)[i];
      }
    }
    double[] saved = saved(backend, options -> options.average(Averaging.ema(0.4)));
    assertArrayEquals(expected, saved, 1e-5);
    assertTrue(distance(path.getLast(), saved) > 1e-3, "no other than the weights");
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void anEqualMeanTakesTheStepsItIsToldTo(String backend) throws Exception {
    List<double[]> path = path(backend, options -> options);
    double[] saved = saved(backend, options -> options.average(Averaging.swa(4, 3)));
    double[] expected = new double[saved.length];
    for (int step : new int[] {4, 7, 10}) {
      for (int i = 0; i < expected.length; i++) {
        expected[i] += path.get(step)[i] / 3;
      }
    }
    assertArrayEquals(expected, saved, 1e-5);
  }

  /** Validation sees the average, and so has the best checkpoint. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void validationIsOfTheAverage(String backend) throws Exception {
    double[] losses = new double[2];
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onReport(Trainer trainer) {
            losses[0] = trainer.validationLoss();
          }
        };
    try (Run run =
        Run.of(
            backend,
            options ->
                options
                    .validation(new SineWindows(6, 4, 2))
                    .average(Averaging.ema(0.9))
                    .epochs(1)
                    .listener(listener)
                    .checkpoints(folder))) {
      run.trainer.run();
      run.model.load(folder.resolve("best.safetensors"));
      try (Evaluator evaluator =
          new Evaluator(run.model, NumericLoss.meanSquaredError(), new SineWindows(6, 4, 2))) {
        losses[1] = evaluator.loss();
      }
    }
    assertEquals(losses[1], losses[0], 1e-12);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aResumedRunHasTheSameBits(String backend) throws Exception {
    UnaryOperator<TrainerBuilder> options = b -> b.average(Averaging.ema(0.9));
    Path middle = folder.resolve("middle.safetensors");
    Path end = folder.resolve("end.safetensors");
    double[] raw;
    double[] mean;
    try (Run run = Run.of(backend, options)) {
      for (int i = 0; i < 5; i++) {
        run.trainer.step();
      }
      run.trainer.save(middle);
      for (int i = 0; i < 4; i++) {
        run.trainer.step();
      }
      run.trainer.save(end);
      raw = run.weights();
      run.model.load(end);
      mean = run.weights();
    }
    try (Run run = Run.of(backend, options)) {
      run.trainer.resume(middle);
      for (int i = 0; i < 4; i++) {
        run.trainer.step();
      }
      assertArrayEquals(raw, run.weights());
      run.trainer.save(end);
      run.model.load(end);
      assertArrayEquals(mean, run.weights());
    }
  }

  @Test
  void aRunWithoutThemDoesNotGoOnFromThem() throws Exception {
    Path file = folder.resolve("c.safetensors");
    try (Run run = Run.of("reference", b -> b.average(Averaging.ema(0.9)))) {
      run.trainer.step();
      run.trainer.save(file);
    }
    try (Run run = Run.of("reference", b -> b)) {
      FormatException e = assertThrows(FormatException.class, () -> run.trainer.resume(file));
      assertTrue(String.valueOf(e.getMessage()).contains("averaged weights"), e.toString());
    }
  }
}
