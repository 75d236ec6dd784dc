package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentAlgorithms;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.Parameter;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tests.support.Host;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A resumed run computes as it was recorded to, whatever is fastest by then. */
@Tag("cuda")
class MeasuredResumeTest {
  private static final int HALF = 5;

  @TempDir private Path folder;
  private final Random random = new Random(5);
  private final Examples examples = examples();

  @BeforeEach
  @AfterEach
  void reset() {
    DoubleState.reset();
  }

  private Examples examples() {
    float[][][] x = new float[6][4][2];
    float[][][] y = new float[6][4][1];
    for (int i = 0; i < x.length; i++) {
      for (int t = 0; t < 4; t++) {
        x[i][t] = new float[] {random.nextFloat(), random.nextFloat()};
        y[i][t][0] = x[i][t][0] * x[i][t][1];
      }
    }
    return Examples.features(x).stepValues(y);
  }

  private double[] train(boolean graphs, @Nullable Path from, @Nullable Path to)
      throws IOException {
    ModelSpec spec = ModelSpec.of(Signal.features(2), RecurrentLayer.gru(4), Linear.of(1));
    try (Backend backend =
            Backends.open(
                "cuda", 1, Precision.FP32, DropoutMasks.GATUN, RecurrentAlgorithms.MEASURED);
        Speeds speeds = new Speeds().listen(folder.resolve("cache"));
        Model model = spec.build(backend, 3);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        BatchSource data = ArraySource.sequential(examples, 3)) {
      TrainingListener stop =
          new TrainingListener() {
            @Override
            public void onStep(Trainer trainer) {
              if (to != null && trainer.steps() == HALF) {
                trainer.requestStop();
              }
            }
          };
      try (Trainer trainer =
          Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.02), data)
              .epochs(6)
              .graphs(graphs)
              .listener(stop)
              .build()) {
        if (from != null) {
          trainer.resume(from);
        }
        Speeds.reset();
        trainer.run();
        if (from != null) {
          assertTrue(speeds.said().endsWith(" runs by own-cells (as recorded)"), speeds::said);
        }
        if (to != null) {
          trainer.save(to);
        }
      }
      return model.parameters().list().stream()
          .map(Parameter::value)
          .flatMapToDouble(value -> DoubleStream.of(Host.read(backend, value)))
          .toArray();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRunGoesOnAsItBegan(boolean graphs) throws IOException {
    Path file = folder.resolve("half.safetensors");
    Speeds.fastCells();
    final double[] whole = train(graphs, null, null);
    train(graphs, null, file);
    try (Stream<Path> kept = Files.list(folder.resolve("cache/calibration"))) {
      for (Path each : kept.toList()) {
        Files.delete(each);
      }
    }
    Speeds.fast(Speeds.STANDARD);
    final double[] other = train(graphs, null, null);
    assertFalse(Arrays.equals(whole, other), "another way, other bits");
    double[] resumed = train(graphs, file, null);
    assertArrayEquals(whole, resumed);
  }
}
