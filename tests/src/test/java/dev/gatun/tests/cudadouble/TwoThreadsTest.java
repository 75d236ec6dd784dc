package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.tests.support.Host;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A GPU's context that two threads ask for work at once. */
@Tag("cuda")
class TwoThreadsTest {
  private static final int T = 12;
  private static final int N = 4;
  private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(700);

  private static final ModelSpec SPEC =
      ModelSpec.of(
          Signal.features(3),
          RecurrentLayer.lstm(8),
          RecurrentLayer.of("own", Cell.GRU_RESET_BEFORE, 5),
          Linear.of(2));

  @BeforeEach
  void reset() {
    DoubleState.reset();
  }

  private static void together(List<Runnable> works) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(works.size());
    try {
      List<Future<?>> all = new ArrayList<>();
      for (Runnable work : works) {
        all.add(threads.submit(work));
      }
      for (Future<?> one : all) {
        one.get(60, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static Runnable overAndOver(Runnable work, Set<String> refusals) {
    return () -> {
      long end = System.nanoTime() + NANOS;
      while (System.nanoTime() < end) {
        try {
          work.run();
        } catch (IllegalStateException e) {
          refusals.add(String.valueOf(e.getMessage()));
        }
      }
    };
  }

  @Test
  void refusesOneOfThemAndMixesNothing() throws Exception {
    try (Backend backend = Backends.open("cuda");
        Model model = SPEC.build(backend, 3);
        Plan one = model.plan(PlanSpec.inference(T, N));
        Plan other = model.plan(PlanSpec.inference(T, N))) {
      one.forward(T, N);
      double[] expected = Host.read(backend, one.output());
      Set<String> refusals = new ConcurrentSkipListSet<>();
      together(
          List.of(
              overAndOver(() -> one.forward(T, N), refusals),
              overAndOver(() -> other.forward(T, N), refusals)));
      assertEquals(
          Set.of(
              "the backend cuda is at work on another thread: it is for one at a time, make one"
                  + " for each"),
          refusals);
      one.resetState();
      one.forward(T, N);
      assertArrayEquals(expected, Host.read(backend, one.output()));
      assertEquals("", DoubleState.complaint());
    }
  }

  @Test
  void sessionsAreMadeAndRunOnAnyThreadWhileAPlanWorks() throws Exception {
    float[] input = {0.5f, -1, 2};
    try (Backend backend = Backends.open("cuda");
        Model model = SPEC.build(backend, 3);
        Plan plan = model.plan(PlanSpec.inference(T, N));
        Session first = model.session()) {
      double[] expected = first.step(input).toDoubles();
      Set<String> refusals = new ConcurrentSkipListSet<>();
      Runnable serve =
          () -> {
            try (Session session = model.session()) {
              assertArrayEquals(expected, session.step(input).toDoubles());
            }
          };
      Runnable compute = () -> plan.forward(T, N);
      together(
          List.of(
              overAndOver(serve, refusals),
              overAndOver(serve, refusals),
              overAndOver(compute, refusals)));
      assertTrue(refusals.isEmpty(), refusals.toString());
      assertEquals("", DoubleState.complaint());
    }
  }
}
