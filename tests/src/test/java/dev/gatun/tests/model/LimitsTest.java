package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Augmentations;
import dev.gatun.data.Examples;
import dev.gatun.model.DecayLayer;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.persist.FormatException;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainerBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
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
  void refusesWhatNoNumberStandsFor() {
    assertThrows(IllegalArgumentException.class, () -> DecayLayer.of(List.of(0.5, Double.NaN)));
    assertThrows(IllegalArgumentException.class, () -> Augmentations.shift(1 << 30));
    assertDoesNotThrow(() -> Augmentations.shift((1 << 30) - 1));
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
        RuleOptimizer adam = new RuleOptimizer(other.parameters(), AdamRule.DEFAULT, 1);
        ArraySource data = data()) {
      assertThrows(
          IllegalArgumentException.class,
          () ->
              Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.1), data)
                  .build());
    }
  }

  @Test
  void neverWritesWeightsThatAreNotFinite(@TempDir Path folder) throws IOException {
    try (Backend backend = Backends.open("cpu");
        Model model = LAYERS.build(backend, 1);
        RuleOptimizer adam =
            new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, Double.POSITIVE_INFINITY);
        ArraySource data = data();
        // The third update, the last, sends the weights to infinity.
        Trainer trainer =
            Trainer.of(
                    model,
                    NumericLoss.meanSquaredError(),
                    adam,
                    step -> step < 2 ? 0.01 : 1e39,
                    data)
                .epochs(3)
                .checkpoints(folder)
                .build()) {
      assertTrue(model.parameters().finite());
      assertEquals(Outcome.NON_FINITE, trainer.run());
      assertTrue(model.parameters().finite(), "the weights of the checkpoint are back");
    }
    try (Backend backend = Backends.open("cpu");
        Model saved = LAYERS.build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(saved.parameters(), AdamRule.DEFAULT, 1);
        ArraySource data = data();
        Trainer trainer =
            Trainer.of(saved, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.01), data)
                .epochs(3)
                .build()) {
      Path last = folder.resolve("last.safetensors");
      assertTrue(Files.isRegularFile(last));
      trainer.resume(last);
      assertTrue(saved.parameters().finite());
    }
  }

  @Test
  void refusesDataOfAnotherShapeBeforeAnythingRuns() {
    try (Backend backend = Backends.open("cpu");
        Model model = LAYERS.build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        ArraySource good = data();
        ArraySource wide = source(new float[2][2][3], new float[2][1]);
        ArraySource deep = source(new float[2][2][1], new float[2][2])) {
      TrainerBuilder of =
          Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.1), wide);
      assertMessage(
          "the training data has features [T, N, 3], the model takes features [T, N, 1]",
          IllegalArgumentException.class,
          of::build);
      assertMessage(
          "the training data has targets values [N, 2],"
              + " the model and its loss take values [N, 1]",
          IllegalArgumentException.class,
          () ->
              Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.1), deep)
                  .build());
      assertMessage(
          "the validation data has features [T, N, 3], the model takes features [T, N, 1]",
          IllegalArgumentException.class,
          () ->
              Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.1), good)
                  .validation(wide)
                  .build());
    }
  }

  @Test
  void refusesWeightsThatAreNotFinite(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("broken.safetensors");
    try (Backend backend = Backends.open("reference");
        Model model = LAYERS.build(backend, 1);
        Model other = LAYERS.build(backend, 2)) {
      model.parameters().get("lstm.weight_hh_l0").value().set(4 * 3 + 2, Double.NaN);
      model.save(file);
      double[] before = other.parameters().values().toDoubles();
      assertMessage(
          file + ": lstm.weight_hh_l0[3, 2] is NaN: weights must be finite",
          FormatException.class,
          () -> other.load(file));
      assertArrayEquals(before, other.parameters().values().toDoubles());
    }
  }

  @Test
  void saysWhenAFolderIsMissingOrGivenForAFile(@TempDir Path folder) throws IOException {
    Path nowhere = folder.resolve("missing/model.safetensors");
    try (Backend backend = Backends.open("reference");
        Model model = LAYERS.build(backend, 1)) {
      assertMessage(
          nowhere + ": there is no folder " + nowhere.getParent(),
          IOException.class,
          () -> model.save(nowhere));
      assertMessage(
          folder + ": is a folder; a file is to be written",
          IOException.class,
          () -> model.save(folder));
      assertMessage(
          folder + ": is a folder; a safetensors file is to be read",
          IOException.class,
          () -> model.load(folder));
      assertMessage(
          nowhere + ": there is no such file", IOException.class, () -> model.load(nowhere));
    }
  }

  private static void assertMessage(
      String message, Class<? extends Exception> type, Executable call) {
    assertEquals(message, assertThrows(type, call).getMessage());
  }

  private static ArraySource source(float[][][] x, float[][] y) {
    return ArraySource.sequential(Examples.features(x).values(y), 2);
  }

  @Test
  void refusesARateThatIsNoNumber() {
    try (Backend backend = Backends.open("cpu");
        Model model = LAYERS.build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1)) {
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
