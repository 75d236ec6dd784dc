package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What is for one thread tells a second one so; it neither hangs nor ends the JVM. */
class OneThreadTest {
  private static final ModelSpec LAYERS =
      ModelSpec.of(
          Signal.features(16),
          RecurrentLayer.gru(65).stacked(2, 0),
          RecurrentLayer.lstm(33),
          Linear.of(3));

  private static final int THREADS = 4;
  private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(700);

  /** Runs pieces of work over and over, each on a thread of its own; what they were refused. */
  private static Set<String> together(List<Runnable> works) throws Exception {
    Set<String> refusals = new TreeSet<>();
    List<Future<Set<String>>> all = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(works.size());
    try {
      for (Runnable work : works) {
        Callable<Set<String>> loop = () -> refused(work);
        all.add(threads.submit(loop));
      }
      for (Future<Set<String>> one : all) {
        refusals.addAll(one.get(60, TimeUnit.SECONDS));
      }
    } finally {
      threads.shutdownNow();
    }
    return refusals;
  }

  private static Set<String> refused(Runnable work) {
    Set<String> messages = new TreeSet<>();
    long end = System.nanoTime() + NANOS;
    while (System.nanoTime() < end) {
      try {
        work.run();
      } catch (IllegalStateException e) {
        messages.add(String.valueOf(e.getMessage()));
      }
    }
    return messages;
  }

  @Test
  void aSession() throws Exception {
    float[] input = new float[2 * 16];
    java.util.Arrays.fill(input, 0.5f);
    try (Backend backend = Backends.open("cpu", 2);
        Model model = LAYERS.build(backend, 3);
        Session session = model.session(1, 2)) {
      double[] alone = session.step(input).toDoubles();
      Session.State state = session.snapshot();
      List<Runnable> works = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        works.add(() -> session.step(input));
      }
      works.add(session::reset);
      works.add(session::refresh);
      works.add(() -> session.restore(state));
      assertEquals(
          Set.of(
              "the session is at work on another thread: it is for one at a time, make one for"
                  + " each"),
          together(works));
      session.reset();
      assertArrayEquals(alone, session.step(input).toDoubles(), 0.0);
    }
  }

  @Test
  void aPlan() throws Exception {
    try (Backend backend = Backends.open("cpu", 2);
        Model model = LAYERS.build(backend, 3);
        Plan plan = model.plan(PlanSpec.inference(5, 32).equalLengths())) {
      List<Runnable> works = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        works.add(() -> plan.forward(5, 32));
      }
      assertEquals(
          Set.of(
              "the plan is at work on another thread: it is for one at a time, make one for each"),
          together(works));
    }
  }

  @Test
  void aBackend() throws Exception {
    try (Backend backend = Backends.open("cpu", 2);
        Model model = LAYERS.build(backend, 3);
        Plan one = model.plan(PlanSpec.inference(20, 32).equalLengths());
        Plan other = model.plan(PlanSpec.inference(20, 32).equalLengths())) {
      Set<String> refusals =
          together(List.of(() -> one.forward(20, 32), () -> other.forward(20, 32)));
      assertTrue(
          refusals.contains(
              "the backend is at work on another thread: it is for one at a time, fork() one for"
                  + " each"),
          refusals.toString());
    }
  }

  @Test
  void threadsAreLimited() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Backends.open("cpu", 1_000_000));
    assertEquals("threads 1000000 must be from 1 to 1024", e.getMessage());
  }
}
