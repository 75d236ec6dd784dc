package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.model.Dropout;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Sessions give, step by step, what a whole sequence gives. */
@Tag("backend")
class SessionTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final int STEPS = 24;
  private static final int VOCABULARY = 7;
  private static final ModelSpec SPEC =
      ModelSpec.of(
          Signal.tokens(VOCABULARY),
          Embedding.of(5),
          Dropout.of(0.5),
          RecurrentLayer.lstm(9).stacked(2, 0.5),
          RecurrentStack.gru(6, 8).dropout(0.5),
          Linear.of(4));

  /** Products of other shapes add in another order. */
  private static final double TOLERANCE = 1e-5;

  private static int token(int step) {
    return step * step % VOCABULARY;
  }

  /** Outputs [STEPS, 4] of one forward over the whole sequence. */
  private static double[] whole(Model model) {
    Backend backend = model.backend();
    try (Plan plan = model.plan(PlanSpec.inference(STEPS, 1).equalLengths());
        Workspace host = Workspace.host(DType.F32)) {
      Tensor tokens = host.tensor(DType.I32, STEPS, 1);
      for (int t = 0; t < STEPS; t++) {
        tokens.setLong(t, token(t));
      }
      backend.copy(tokens, plan.input());
      plan.forward(STEPS, 1);
      Tensor output = host.real(plan.output().shape());
      backend.copy(plan.output(), output);
      return output.toDoubles();
    }
  }

  private static double[] stepped(Session session, int from, int to) {
    double[] all = new double[(to - from) * 4];
    for (int t = from; t < to; t++) {
      Tensor output = session.step(token(t));
      for (int o = 0; o < 4; o++) {
        all[(t - from) * 4 + o] = output.get(o);
      }
    }
    return all;
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void stepsEqualTheWholeSequence(String name) {
    try (Backend backend = Subjects.open(name);
        Model model = SPEC.build(backend, 3);
        Session session = model.session()) {
      double[] expected = whole(model);
      double[] first = stepped(session, 0, STEPS);
      assertArrayEquals(expected, first, TOLERANCE);
      session.reset();
      assertArrayEquals(first, stepped(session, 0, STEPS), 0.0, "reset starts afresh");
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void chunksEqualTheWholeSequence(String name) {
    try (Backend backend = Subjects.open(name);
        Model model = SPEC.build(backend, 3);
        Session session = model.session(5, 1)) {
      double[] expected = whole(model);
      for (int from = 0; from < STEPS; from += 5) {
        int t = Math.min(5, STEPS - from);
        int[] chunk = new int[t];
        for (int i = 0; i < t; i++) {
          chunk[i] = token(from + i);
        }
        Tensor output = session.run(t, chunk);
        for (int i = 0; i < t * 4; i++) {
          assertEquals(expected[from * 4 + i], output.get(i), TOLERANCE);
        }
      }
    }
  }

  /** One launch a step where there are graphs; the same bits with other calls between. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void graphsGiveTheSame(String name) {
    try (Backend backend = Subjects.open(name);
        Model model = SPEC.build(backend, 3);
        Session plain = model.session(3, 1);
        Session session = model.session(3, 1)) {
      if (!backend.hasGraphs()) {
        assertMessage(() -> session.graphs(true), "has no graphs, only a GPU does");
        session.graphs(false);
        return;
      }
      session.graphs(true);
      for (int round = 0; round < 4; round++) {
        int t = round % 2 == 0 ? 1 : 3;
        for (int from = 0; from < 5; from++) {
          int[] tokens = {token(from), token(from + 1), token(from + 2)};
          double[] expected = plain.run(t, Arrays.copyOf(tokens, t)).toDoubles();
          assertArrayEquals(
              expected,
              session.run(t, Arrays.copyOf(tokens, t)).toDoubles(),
              0.0,
              "round " + round);
        }
        Session.State state = session.snapshot();
        assertEquals(expectedStep(plain, plain.snapshot()), expectedStep(session, state), 0.0);
        session.refresh();
        plain.refresh();
      }
      session.reset();
      plain.reset();
      assertArrayEquals(stepped(plain, 0, STEPS), stepped(session, 0, STEPS), 0.0);
    }
  }

  /** The first output of a step after a state, to which the session goes back then. */
  private static double expectedStep(Session session, Session.State state) {
    double first = session.step(3).get(0);
    session.restore(state);
    return first;
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void goesBackToASnapshot(String name) {
    try (Backend backend = Subjects.open(name);
        Model model = SPEC.build(backend, 3);
        Session session = model.session();
        Session other = model.session()) {
      stepped(session, 0, 10);
      Session.State state = session.snapshot();
      double[] rest = stepped(session, 10, STEPS);
      session.restore(state);
      assertArrayEquals(rest, stepped(session, 10, STEPS), 0.0);
      other.restore(state);
      assertArrayEquals(rest, stepped(other, 10, STEPS), 0.0, "in another session");
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void keepsItsWeightsUntilRefreshed(String name) {
    try (Backend backend = Subjects.open(name);
        Model model = SPEC.build(backend, 3);
        Model changed = SPEC.build(backend, 4);
        Session session = model.session()) {
      double[] before = stepped(session, 0, STEPS);
      backend.copy(changed.parameters().values(), model.parameters().values());
      model.parameters().changed();
      session.reset();
      assertArrayEquals(before, stepped(session, 0, STEPS), 0.0, "weights as at its creation");
      session.refresh();
      session.reset();
      try (Session fresh = changed.session()) {
        assertArrayEquals(
            stepped(fresh, 0, STEPS), stepped(session, 0, STEPS), 0.0, "weights as refreshed");
      }
      session.refresh();
      double[] after = stepped(session, 0, STEPS);
      assertFalse(Arrays.equals(before, after), "the weights differ");
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void manyRunAtOnceWhileTheModelChanges(String name) throws Exception {
    try (Backend backend = Subjects.open(name);
        Model model = SPEC.build(backend, 3);
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Session> sessions = List.of(model.session(), model.session(), model.session());
      double[] expected = stepped(sessions.get(2), 0, STEPS);
      List<Callable<double[]>> tasks = new ArrayList<>();
      for (Session session : sessions.subList(0, 2)) {
        tasks.add(
            () -> {
              double[] last = stepped(session, 0, STEPS);
              for (int i = 0; i < 50; i++) {
                session.reset();
                last = stepped(session, 0, STEPS);
                assertArrayEquals(expected, last, 0.0);
              }
              return last;
            });
      }
      List<Future<double[]>> results = tasks.stream().map(threads::submit).toList();
      for (int i = 0; i < 20; i++) {
        backend.fill(model.parameters().values(), 0.01 * i);
        model.parameters().changed();
      }
      for (Future<double[]> result : results) {
        assertArrayEquals(expected, result.get(), 0.0);
      }
      sessions.forEach(Session::close);
      sessions.forEach(Session::close);
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void sharesItsPackedWeightsByType(String name) {
    ModelSpec spec = ModelSpec.of(Signal.features(30), RecurrentLayer.lstm(70));
    float[] input = new float[30];
    Arrays.fill(input, 0.5f);
    try (Backend backend = Subjects.open(name);
        Model model = spec.build(backend, 3);
        Session exact = model.session()) {
      double[] expected = exact.step(input).toDoubles();
      for (WeightType type : Subjects.weightTypes(backend)) {
        try (Session one = model.session(1, 1, type);
            Session two = model.session(1, 1, type)) {
          double[] first = one.step(input).toDoubles();
          assertArrayEquals(first, two.step(input).toDoubles(), 0.0);
          assertArrayEquals(expected, first, type == WeightType.FLOAT32 ? 0.0 : 5e-3);
          assertEquals(type != WeightType.FLOAT32, !Arrays.equals(expected, first));
          long weights = model.parameters().values().size();
          assertTrue(one.sharedBytes() > 2 * weights, "one copy for all: " + one.sharedBytes());
          // The reference keeps every number of a pass.
          boolean own = name.startsWith("reference");
          assertTrue(own || one.bytes() < weights, "no copy of its own: " + one.bytes());
        }
      }
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void wrongUseIsOneClearError(String name) {
    ModelSpec ahead =
        ModelSpec.of(Signal.features(2), RecurrentLayer.lstm(3).bothDirections(), Linear.of(1));
    try (Backend backend = Subjects.open(name);
        Model bidirectional = ahead.build(backend, 1);
        Model model = SPEC.build(backend, 1)) {
      assertMessage(() -> bidirectional.session(), "looks ahead");
      try (Session session = model.session(2, 1)) {
        assertMessage(() -> session.step(new float[] {1, 2}), "tokens");
        assertMessage(() -> session.run(3, new int[3]), "1 to 2");
        assertMessage(() -> session.run(2, new int[3]), "3 values");
      }
      Session closed = model.session();
      closed.close();
      IllegalStateException e = assertThrows(IllegalStateException.class, () -> closed.step(1));
      assertTrue(e.getMessage().contains("closed"), e.getMessage());
    }
  }

  private static void assertMessage(Executable executable, String part) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }
}
