package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Examples;
import dev.gatun.model.Embedding;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Schedules;
import dev.gatun.train.Trainer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What callers pass by mistake is named, at the call that gets it. */
@SuppressWarnings("NullAway") // passing null is what is tested
class ArgumentsTest {
  private static final ModelSpec LAYERS =
      ModelSpec.of(Signal.features(1), RecurrentLayer.lstm(4).lastState(), Linear.of(2));

  private static void assertNull(String name, Executable call) {
    assertEquals(name, assertThrows(NullPointerException.class, call).getMessage());
  }

  private static void assertWrong(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  private static void assertNotYet(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalStateException.class, call).getMessage());
  }

  @Test
  void layersHaveAWidth() {
    assertWrong("linear linear: 0 outputs; there must be at least 1", () -> Linear.of(0));
    assertWrong(
        "embedding embedding: rows of -1; they must be of at least 1", () -> Embedding.of(-1));
  }

  @Test
  void nothingIsNamedWhereAModelIsMade() {
    assertNull("name", () -> Backends.open(null));
    assertNull("name", () -> Linear.of(3).named(null));
    assertNull("input", () -> ModelSpec.of(null, Linear.of(3)));
    assertNull("layers", () -> ModelSpec.of(Signal.features(1), (Layer[]) null));
    assertNull("layer 1", () -> ModelSpec.of(Signal.features(1), Linear.of(3), null));
    assertNull("backend", () -> LAYERS.build(null, 1));
  }

  @Test
  void nothingIsNamedWhereAModelIsUsed() {
    try (Backend backend = Backends.open("cpu", 1);
        Model model = LAYERS.build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1)) {
      Loss loss = NumericLoss.meanSquaredError();
      PlanSpec one = PlanSpec.inference(1, 1);
      assertNull("plan", () -> model.plan(null));
      assertNull("loss", () -> model.plan(one, (Loss) null));
      assertNull("weights", () -> model.session(1, 1, (WeightType) null));
      assertNull("file", () -> model.save(null));
      assertNull("file", () -> model.load((Path) null));
      assertNull("parameters", () -> new RuleOptimizer(null, AdamRule.DEFAULT, 1));
      assertNull("rule", () -> new RuleOptimizer(model.parameters(), null, 1));
      assertNull("after", () -> Schedules.warmup(3, null));
      float[][][] x = {{{1}}};
      ArraySource data = ArraySource.sequential(Examples.features(x).values(new float[1][2]), 1);
      Schedule rate = Schedules.constant(1);
      assertNull("model", () -> Trainer.of(null, loss, adam, rate, data));
      assertNull("training", () -> Trainer.of(model, loss, adam, rate, null));
      assertNull("folder", () -> Trainer.of(model, loss, adam, rate, data).checkpoints(null));
    }
  }

  @Test
  void nothingIsNamedWithItsPlaceInData() {
    assertNull("x", () -> Examples.features(null));
    assertNull("x[1]", () -> Examples.features(new float[][][] {{{1}}, null}));
    assertNull("x[0][0]", () -> Examples.features(new float[][][] {{null}}));
    assertNull("example 1, step 1", () -> Examples.features(new float[][][] {{{1}}, {{1}, null}}));
    assertNull("x[0]", () -> Examples.tokens(new int[1][]));
    Examples.Inputs inputs = Examples.features(new float[][][] {{{1}}, {{2}}});
    assertNull("y", () -> inputs.classes(null));
    assertNull("y[1]", () -> inputs.values(new float[][] {{1}, null}));
    assertNull("y[0][0]", () -> inputs.stepValues(new float[][][] {{null}, {{1}}}));
    assertNull("examples", () -> ArraySource.shuffled(null, 1, 1));
  }

  @Test
  @SuppressWarnings("try") // closed early: that is tested
  void aSessionHasNoOutputBeforeAStep() {
    try (Backend backend = Backends.open("cpu", 1);
        Model model = LAYERS.build(backend, 1);
        Session session = model.session()) {
      String early = "there is no output before the first step";
      assertNotYet(early, session::output);
      assertNotYet(early, () -> session.readOutput(new float[2]));
      session.refresh();
      session.reset();
      assertNotYet(early, session::output);
      session.step(new float[] {1});
      session.readOutput(new float[2]);
      assertWrong(
          "an array of 3 for an output of 2 values", () -> session.readOutput(new float[3]));
      assertNull("features", () -> session.step((float[]) null));
      assertNull("into", () -> session.readOutput(null));
      assertNull("state", () -> session.restore(null));
      Session.State state = session.snapshot();
      session.close();
      assertNotYet("the session has been closed", session::output);
      assertNotYet("the session has been closed", () -> session.readOutput(new float[2]));
      assertNotYet("the session has been closed", () -> session.restore(state));
    }
  }
}
