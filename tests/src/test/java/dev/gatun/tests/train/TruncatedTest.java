package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.GradientCheck;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.data.Range;
import dev.gatun.data.TokenSource;
import dev.gatun.model.BatchNorm;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.Tensor;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Truncated back-propagation: an update every k1 steps through the last k2. */
class TruncatedTest {
  private static final int CLASSES = 5;
  private static final int STREAMS = 2;
  private static final ModelSpec LSTM =
      ModelSpec.of(
          Signal.tokens(CLASSES), Embedding.of(3), RecurrentLayer.lstm(4), Linear.of(CLASSES));
  private static final ModelSpec RNN =
      ModelSpec.of(
          Signal.tokens(CLASSES), Embedding.of(3), RecurrentLayer.tanh(4), Linear.of(CLASSES));

  @TempDir Path folder;

  private static int[] text() {
    int[] text = new int[47];
    Arrays.setAll(text, i -> (i * i + i / 3) % CLASSES);
    return text;
  }

  private static TokenSource source(int k1, int k2) {
    int[] text = text();
    return new TokenSource(text, new Range(0, text.length), k2, STREAMS, k1);
  }

  /** A stream of 23 steps: as the truncation says, the state at the window's start is constant. */
  @ParameterizedTest
  @CsvSource({"2,5", "1,4", "3,3", "4,5", "5,23", "1,30"})
  void gradientsAreOfTheLastStepsThroughTheWindow(int k1, int k2) {
    for (ModelSpec spec : List.of(RNN, LSTM)) {
      check(spec, k1, k2);
    }
  }

  private static void check(ModelSpec spec, int k1, int k2) {
    SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy();
    TokenSource source = source(k1, k2);
    PlanSpec size = PlanSpec.training(source.layout());
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 7);
        Plan plan = model.plan(size, loss);
        Plan byHand = model.plan(PlanSpec.training(30, STREAMS), loss);
        Batch batch = source.newBatch()) {
      List<Integer> fresh = new ArrayList<>();
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        int end = Math.min((i + 1) * k1, 23);
        int start = end - batch.time();
        assertEquals(Math.max(0, (i + 1) * k1 - Math.min(k2, 23)), start);
        backend.fill(model.parameters().gradients(), 0);
        plan.forward(batch);
        plan.backward();
        for (int t = 0; t < batch.time(); t++) {
          boolean counts = batch.targets().getLong((long) t * STREAMS) >= 0;
          assertEquals(start + t >= i * k1, counts, "each target once, of the newest steps");
          if (counts) {
            fresh.add(start + t);
          }
        }
        List<double[]> state = stateAfter(byHand, start);
        // The same window by itself, from a state that does not move with the parameters.
        batch.carried(batch.time());
        batch.continues(start > 0);
        GradientCheck numeric =
            new GradientCheck(
                () -> {
                  model.parameters().changed();
                  restore(byHand, state);
                  byHand.forward(batch);
                  return byHand.loss();
                });
        assertEquals(plan.loss(), lossOf(byHand, batch, state), 1e-12);
        for (Parameter p : model.parameters().list()) {
          GradientCheck.Result result = numeric.check(p.name(), p.value(), p.gradient());
          assertTrue(result.within(1e-7), "batch " + i + ": " + result);
        }
      }
      assertEquals(23, fresh.size());
    }
  }

  private static double lossOf(Plan plan, Batch batch, List<double[]> state) {
    restore(plan, state);
    plan.forward(batch);
    return plan.loss();
  }

  /** The state after the first steps of both streams, in one go. */
  private static List<double[]> stateAfter(Plan plan, int steps) {
    plan.resetState();
    if (steps > 0) {
      int[] text = text();
      for (int n = 0; n < STREAMS; n++) {
        for (int t = 0; t < steps; t++) {
          plan.input().setLong((long) t * STREAMS + n, text[n * 23 + t]);
        }
      }
      if (plan.lengths() != null) {
        for (int n = 0; n < STREAMS; n++) {
          plan.lengths().setLong(n, steps);
        }
      }
      plan.forward(steps, STREAMS);
    }
    return plan.state().values().stream().map(Tensor::toDoubles).toList();
  }

  private static void restore(Plan plan, List<double[]> state) {
    int next = 0;
    for (Tensor tensor : plan.state().values()) {
      double[] values = state.get(next++);
      for (int i = 0; i < values.length; i++) {
        tensor.set(i, values[i]);
      }
    }
    plan.restoredState(STREAMS);
  }

  @Test
  void statisticsOfBatchesAreNotTakenTwice() {
    ModelSpec spec =
        ModelSpec.of(Signal.tokens(CLASSES), Embedding.of(3), BatchNorm.of(), Linear.of(CLASSES));
    TokenSource source = source(2, 5);
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 7);
        Plan plan = model.plan(PlanSpec.training(source.layout()), new SoftmaxCrossEntropy())) {
      Exception e = assertThrows(IllegalArgumentException.class, () -> forwardAll(plan, source));
      assertTrue(
          String.valueOf(e.getMessage()).contains("layer norm keeps statistics"), e.getMessage());
    }
  }

  private static void forwardAll(Plan plan, TokenSource source) {
    try (Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        plan.forward(batch);
      }
    }
  }

  /** Without overlap it is what it was: the same batches. */
  @Test
  void equalStepsAreAsBefore() {
    int[] text = text();
    TokenSource plain = new TokenSource(text, new Range(0, text.length), 6, STREAMS);
    TokenSource equal = source(6, 6);
    assertEquals(plain.batches(0), equal.batches(0));
    try (Batch a = plain.newBatch();
        Batch b = equal.newBatch()) {
      for (int i = 0; i < plain.batches(0); i++) {
        plain.fill(0, i, a);
        equal.fill(0, i, b);
        assertEquals(a.time(), b.carried());
        assertEquals(a.continues(), b.continues());
        assertArrayEquals(a.inputs().toDoubles(), b.inputs().toDoubles());
        assertArrayEquals(a.targets().toDoubles(), b.targets().toDoubles());
      }
    }
    for (int k1 : new int[] {0, 7}) {
      Exception e = assertThrows(IllegalArgumentException.class, () -> source(k1, 6));
      assertTrue(String.valueOf(e.getMessage()).contains("cannot go on by " + k1));
    }
  }

  /** What is carried over a kill is the state that the next window starts from. */
  @Test
  void aResumedRunIsTheSame() throws IOException {
    double[] whole = run(9, folder.resolve("whole"), null);
    Path file = folder.resolve("part.safetensors");
    run(5, file, null);
    assertArrayEquals(whole, run(9, folder.resolve("rest"), file), 0.0);
  }

  private static double[] run(int steps, Path save, Path resume) throws IOException {
    try (Backend backend = Backends.open("cpu", 1);
        Model model = LSTM.build(backend, 3);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        Trainer trainer =
            Trainer.of(
                    model, new SoftmaxCrossEntropy(), adam, Schedules.constant(0.01), source(2, 7))
                .epochs(3)
                .build()) {
      if (resume != null) {
        trainer.resume(resume);
      }
      while (trainer.steps() < steps) {
        trainer.step();
      }
      trainer.save(save);
      return model.parameters().values().toDoubles();
    }
  }
}
