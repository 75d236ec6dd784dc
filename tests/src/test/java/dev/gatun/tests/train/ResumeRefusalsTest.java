package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.persist.FormatException;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A checkpoint goes with its model, optimizer, seed and data; nothing is changed where it does not.
 */
class ResumeRefusalsTest {
  @TempDir Path folder;

  /** Leaves the checkpoint of a run that has taken so many steps. */
  private void stopped(int steps) throws IOException {
    try (Backend context = Backends.open("reference");
        Model model = ResumeTask.TEXT.spec.build(context, 17);
        Optimizer optimizer = ResumeTask.TEXT.optimizer(model);
        BatchSource training = ResumeTask.TEXT.data(false);
        Trainer trainer =
            Trainer.of(model, ResumeTask.TEXT.loss, optimizer, Schedules.constant(0.02), training)
                .accumulate(2)
                .build()) {
      for (int i = 0; i < steps; i++) {
        trainer.step();
      }
      trainer.save(folder.resolve("last.safetensors"));
    }
  }

  @Test
  void refusesAnotherModelOptimizerOrSeed() throws IOException {
    stopped(4);
    Path file = folder.resolve("last.safetensors");
    ModelSpec wider =
        ModelSpec.of(
            Signal.tokens(7),
            Embedding.of(5),
            RecurrentLayer.lstm(8).stacked(2, 0.2),
            Linear.of(7));
    assertMessage(resume(wider, 17, file, false), "lstm.weight_ih_l0", "[24, 5]", "[32, 5]");
    assertMessage(resume(ResumeTask.TEXT.spec, 18, file, false), "seed 17", "seed 18");
    assertMessage(resume(ResumeTask.TEXT.spec, 17, file, true), "optimizer");
    Path weights = folder.resolve("weights.safetensors");
    try (Backend context = Backends.open("reference");
        Model model = ResumeTask.TEXT.spec.build(context, 17)) {
      model.save(weights);
    }
    assertMessage(resume(ResumeTask.TEXT.spec, 17, weights, false), "no training checkpoint");
    Files.writeString(file, "nonsense");
    assertMessage(resume(ResumeTask.TEXT.spec, 17, file, false), "last.safetensors");
  }

  @Test
  void refusesOtherDataAndAnotherOrder() throws IOException {
    float[][][] x = new float[9][2][1];
    float[][] y = new float[9][1];
    for (int i = 0; i < 9; i++) {
      x[i][0][0] = i;
      x[i][1][0] = -i;
      y[i][0] = i % 2;
    }
    Path file = folder.resolve("run.safetensors");
    assertEquals("", windows(x, y, 5, file, false));
    assertEquals("", windows(x, y, 5, file, true));
    y[7][0] = 3;
    assertOtherData(windows(x, y, 5, file, true), file);
    y[7][0] = 1;
    assertOtherData(windows(x, y, 6, file, true), file);
    assertOtherData(windows(Arrays.copyOf(x, 8), Arrays.copyOf(y, 8), 5, file, true), file);
  }

  private static void assertOtherData(String message, Path file) {
    assertTrue(message.startsWith(file + " was trained on other data, or in another"), message);
    assertEquals(1, message.lines().count());
  }

  /** Saves or resumes a run over labelled sequences; the message of what was refused. */
  private static String windows(
      float[][][] x, float[][] y, long dataSeed, Path file, boolean resume) throws IOException {
    try (Backend context = Backends.open("reference");
        Model model = ResumeTask.WINDOWS.spec.build(context, 17);
        Optimizer optimizer = ResumeTask.WINDOWS.optimizer(model);
        BatchSource data = ArraySource.shuffled(Examples.features(x).values(y), 2, dataSeed);
        Trainer trainer =
            Trainer.of(model, ResumeTask.WINDOWS.loss, optimizer, Schedules.constant(0.1), data)
                .build()) {
      if (!resume) {
        trainer.step();
        trainer.save(file);
        return "";
      }
      double[] before = ResumeTask.onHost(model);
      try {
        trainer.resume(file);
        return "";
      } catch (FormatException e) {
        assertArrayEquals(before, ResumeTask.onHost(model), 0.0);
        return String.valueOf(e.getMessage());
      }
    }
  }

  @Test
  void refusesAPositionThatTheDataDoesNotHave() throws IOException {
    stopped(2);
    try (Backend context = Backends.open("reference");
        Model model = ResumeTask.TEXT.spec.build(context, 17);
        Optimizer optimizer = ResumeTask.TEXT.optimizer(model);
        BatchSource shorter = new CountingText(7, 5, 3, 4);
        Trainer trainer =
            Trainer.of(model, ResumeTask.TEXT.loss, optimizer, Schedules.constant(0.1), shorter)
                .build()) {
      FormatException e =
          assertThrows(
              FormatException.class, () -> trainer.resume(folder.resolve("last.safetensors")));
      assertMessage(e, "batch 4 of epoch 0", "has 4");
    }
  }

  private static FormatException resume(ModelSpec spec, long seed, Path file, boolean sgd) {
    try (Backend context = Backends.open("reference");
        Model model = spec.build(context, seed);
        Optimizer optimizer =
            sgd
                ? new RuleOptimizer(model.parameters(), new SgdRule(0.9, false, 0), 1)
                : ResumeTask.TEXT.optimizer(model);
        BatchSource training = ResumeTask.TEXT.data(false);
        Trainer trainer =
            Trainer.of(model, ResumeTask.TEXT.loss, optimizer, Schedules.constant(0.1), training)
                .build()) {
      double[] before = ResumeTask.onHost(model);
      FormatException e = assertThrows(FormatException.class, () -> trainer.resume(file));
      assertArrayEquals(before, ResumeTask.onHost(model), 0.0);
      return e;
    }
  }

  private static void assertMessage(FormatException e, String... parts) {
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
  }
}
