package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Examples;
import dev.gatun.model.Layer;
import dev.gatun.model.LayerPlan;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanContext;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Trainer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What is closed while another thread works with it refuses; what is closed before, too. */
@Timeout(60)
@SuppressWarnings("try") // closing early is what is tested
@Tag("backend")
class ClosingTest {
  static final List<String> BACKENDS = Subjects.names();

  /** Stops the thread that comes first in the midst of a forward. */
  private static final class Gate implements Layer {
    final CountDownLatch reached = new CountDownLatch(1);
    final CountDownLatch open = new CountDownLatch(1);

    @Override
    public String name() {
      return "gate";
    }

    @Override
    public Signal output(Signal input) {
      return input;
    }

    @Override
    public LayerPlan plan(PlanContext context) {
      Tensor y = context.newOutput();
      Tensor dy = context.newOutputGradient();
      return new LayerPlan() {
        @Override
        public Tensor output() {
          return y;
        }

        @Override
        public @Nullable Tensor outputGradient() {
          return dy;
        }

        @Override
        public void forward(int t, int n) {
          reached.countDown();
          await(open);
          context.backend().copy(context.input(), y);
        }

        @Override
        public void backward(int t, int n) {
          if (dy != null && context.inputGradient() != null) {
            context.backend().copy(dy, context.inputGradient());
          }
        }
      };
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(30, TimeUnit.SECONDS), "nobody came");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A call on a thread of its own. */
  private static final class Other {
    private final AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    private final Thread thread;

    Other(Runnable call) {
      thread = new Thread(call);
      thread.setUncaughtExceptionHandler((t, e) -> thrown.set(e));
      thread.start();
    }

    @Nullable Throwable join() throws InterruptedException {
      thread.join();
      return thrown.get();
    }
  }

  private static ModelSpec layers(Gate gate) {
    return ModelSpec.of(Signal.features(3), RecurrentLayer.lstm(4), gate, Linear.of(2));
  }

  private static void assertAtWork(String what, AutoCloseable closed) {
    IllegalStateException e = assertThrows(IllegalStateException.class, closed::close);
    assertEquals(
        what + " is at work: close it after the call that runs has returned", e.getMessage());
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aPlanAtWorkKeepsItselfItsModelAndItsBackend(String name) throws InterruptedException {
    Gate gate = new Gate();
    try (Backend backend = Subjects.open(name, 2);
        Model model = layers(gate).build(backend, 1);
        Plan plan = model.plan(PlanSpec.training(5, 2))) {
      Other other = new Other(() -> plan.forward(5, 2));
      await(gate.reached);
      assertAtWork("the plan", plan);
      assertAtWork("the model", model);
      assertAtWork("the backend " + name, backend);
      gate.open.countDown();
      assertNull(other.join());
      plan.forward(5, 2); // nothing was half closed
      plan.backward();
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aSessionAtWorkKeepsItself(String name) throws InterruptedException {
    Gate gate = new Gate();
    try (Backend backend = Subjects.open(name);
        Model model = layers(gate).build(backend, 1);
        Session session = model.session()) {
      Other other = new Other(() -> session.step(new float[3]));
      await(gate.reached);
      assertAtWork("the session", session);
      gate.open.countDown();
      assertNull(other.join());
      session.close();
      session.close();
      IllegalStateException e =
          assertThrows(IllegalStateException.class, () -> session.step(new float[3]));
      assertEquals("the session has been closed", e.getMessage());
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aTrainerAtWorkKeepsEverything(String name) throws InterruptedException {
    Gate gate = new Gate();
    float[][][] x = new float[2][5][3];
    float[][][] y = new float[2][5][2];
    try (Backend backend = Subjects.open(name);
        Model model = layers(gate).build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        ArraySource data = ArraySource.sequential(Examples.features(x).stepValues(y), 2);
        Trainer trainer =
            Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.1), data)
                .build()) {
      Other other = new Other(trainer::step);
      await(gate.reached);
      assertAtWork("the trainer", trainer);
      assertAtWork("the model", model);
      assertAtWork("the backend " + name, backend);
      gate.open.countDown();
      assertNull(other.join());
      trainer.step();
      trainer.close();
      IllegalStateException e = assertThrows(IllegalStateException.class, trainer::step);
      assertEquals("the trainer has been closed", e.getMessage());
    }
  }

  @Test
  void closingAtAnyMomentEndsInAnErrorAndNotInACrash() throws InterruptedException {
    ModelSpec spec = ModelSpec.of(Signal.features(32), RecurrentLayer.lstm(64), Linear.of(8));
    for (int round = 0; round < 30; round++) {
      try (Backend backend = Backends.open("cpu", 2);
          Model model = spec.build(backend, 1);
          Plan plan = model.plan(PlanSpec.training(16, 8))) {
        CountDownLatch started = new CountDownLatch(1);
        Other other =
            new Other(
                () -> {
                  while (true) {
                    plan.forward(16, 8);
                    plan.backward();
                    started.countDown();
                  }
                });
        await(started);
        AutoCloseable closed = round % 3 == 0 ? plan : round % 3 == 1 ? model : backend;
        closeWhenIdle(closed);
        Throwable end = other.join();
        assertTrue(
            end instanceof IllegalStateException
                && String.valueOf(end.getMessage()).endsWith("has been closed"),
            String.valueOf(end));
      }
    }
  }

  private static void closeWhenIdle(AutoCloseable closed) {
    while (true) {
      try {
        closed.close();
        return;
      } catch (IllegalStateException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("is at work"), e::toString);
        Thread.onSpinWait();
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }
}
