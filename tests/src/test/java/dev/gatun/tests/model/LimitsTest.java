package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Examples;
import dev.gatun.model.Linear;
import dev.gatun.model.MeanSquaredError;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.Adam;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sizes beyond what a number counts, and objects that do not belong together, are refused. */
class LimitsTest {
  private static final ModelSpec LAYERS =
      ModelSpec.of(Signal.features(1), RecurrentLayer.lstm(4).lastState(), Linear.of(1));

  @Test
  void refusesTensorsWhoseBytesOverflow() {
    assertThrows(IllegalArgumentException.class, () -> Tensor.host(DType.F32, 1L << 62));
    Tensor small = Tensor.host(DType.F32, 16);
    assertThrows(IndexOutOfBoundsException.class, () -> small.view(1L << 62, 1L << 62));
    assertThrows(IndexOutOfBoundsException.class, () -> small.view(15, 2));
    small.memory().close();
  }

  @Test
  void refusesStacksAndPlansWhoseSizesOverflow() {
    assertThrows(IllegalArgumentException.class, () -> RecurrentSpec.of(Cell.LSTM, 1, 600_000_000));
    assertThrows(IllegalArgumentException.class, () -> RecurrentLayer.gru(1 << 30));
    assertThrows(IllegalArgumentException.class, () -> PlanSpec.training(65_536, 65_536));
  }

  @Test
  void refusesAnOptimizerOfAnotherModel() {
    try (Backend backend = Backends.open("cpu");
        Model model = LAYERS.build(backend, 1);
        Model other = LAYERS.build(backend, 1);
        Adam adam = new Adam(other.parameters(), AdamRule.DEFAULT, 1);
        ArraySource data = data()) {
      assertThrows(
          IllegalArgumentException.class,
          () ->
              Trainer.of(model, new MeanSquaredError(), adam, Schedules.constant(0.1), data)
                  .build());
    }
  }

  @Test
  void neverWritesWeightsThatAreNotFinite(@TempDir Path folder) throws IOException {
    try (Backend backend = Backends.open("cpu");
        Model model = LAYERS.build(backend, 1);
        Adam adam = new Adam(model.parameters(), AdamRule.DEFAULT, Double.POSITIVE_INFINITY);
        ArraySource data = data();
        // The third update, the last, sends the weights to infinity.
        Trainer trainer =
            Trainer.of(model, new MeanSquaredError(), adam, step -> step < 2 ? 0.01 : 1e39, data)
                .epochs(3)
                .checkpoints(folder)
                .build()) {
      assertTrue(model.parameters().finite());
      assertTrue(trainer.run() == Outcome.NON_FINITE);
      assertFalse(model.parameters().finite());
    }
    try (Backend backend = Backends.open("cpu");
        Model saved = LAYERS.build(backend, 1);
        Adam adam = new Adam(saved.parameters(), AdamRule.DEFAULT, 1);
        ArraySource data = data();
        Trainer trainer =
            Trainer.of(saved, new MeanSquaredError(), adam, Schedules.constant(0.01), data)
                .epochs(3)
                .build()) {
      Path last = folder.resolve("last.safetensors");
      assertTrue(Files.isRegularFile(last));
      trainer.resume(last);
      assertTrue(saved.parameters().finite());
    }
  }

  @Test
  void refusesARateThatIsNoNumber() {
    try (Backend backend = Backends.open("cpu");
        Model model = LAYERS.build(backend, 1);
        Adam adam = new Adam(model.parameters(), AdamRule.DEFAULT, 1)) {
      assertThrows(IllegalArgumentException.class, () -> adam.step(Double.NaN));
      assertThrows(IllegalArgumentException.class, () -> adam.step(-1));
    }
  }

  private static ArraySource data() {
    float[][][] x = {{{1}, {2}}, {{3}, {4}}};
    float[][] y = {{1}, {2}};
    return ArraySource.sequential(Examples.features(x).values(y), 2);
  }
}
