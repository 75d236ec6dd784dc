package dev.gatun.tests.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.search.Goal;
import dev.gatun.app.search.MemoryLog;
import dev.gatun.app.search.PrunedException;
import dev.gatun.app.search.Space;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.StudyEvent;
import dev.gatun.app.search.Trial;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.search.TrialRecord.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A study: what it asks, what it is told, and that its events are all it is. */
class StudyTest {
  private static final Space SPACE =
      Space.empty()
          .logUniform("rate", 1e-4, 1e-1)
          .integer("layers", 1, 3)
          .logInteger("hidden", 8, 512)
          .categorical("cell", "lstm", "gru", "rnn")
          .uniform("forget", 0, 2)
          .when("cell", "lstm");

  private static double bowl(Trial trial) {
    double rate = Math.log10(trial.real("rate")) + 2;
    return rate * rate + trial.integer("layers") + (trial.has("forget") ? trial.real("forget") : 1);
  }

  @Test
  void aFunctionIsOptimized() {
    Study study = Study.of(SPACE).seed(3).open().optimize(StudyTest::bowl, 200);
    TrialRecord best = study.best();
    assertEquals(200, study.trials().size());
    assertTrue(best.values().getFirst() < 1.6, best.toString());
    assertEquals(1L, study.values(best).get("layers"));
    Study most = Study.of(SPACE).seed(3).goals(Goal.MAXIMIZE).open();
    assertTrue(most.optimize(StudyTest::bowl, 200).best().values().getFirst() > 6);
  }

  @Test
  void aSeedGivesTheSameTrials() {
    assertEquals(trials(3), trials(3));
    assertTrue(!trials(3).equals(trials(4)));
  }

  private static List<TrialRecord> trials(long seed) {
    return Study.of(SPACE).seed(seed).open().optimize(StudyTest::bowl, 20).trials();
  }

  @Test
  void aStudyGoesOnFromItsLog() {
    MemoryLog log = new MemoryLog();
    Study.of(SPACE).seed(3).log(log).open().optimize(StudyTest::bowl, 7);
    Study second = Study.of(SPACE).seed(99).log(log.shared()).open();
    assertEquals(3, second.seed());
    assertEquals(trials(3), second.optimize(StudyTest::bowl, 13).trials());
  }

  @Test
  void twoStudiesShareALog() {
    MemoryLog log = new MemoryLog();
    Study one = Study.of(SPACE).log(log).owner("one").open();
    Study two = Study.of(SPACE).log(log.shared()).owner("two").open();
    Trial first = one.ask();
    Trial second = two.ask();
    assertEquals(List.of(0, 1), List.of(first.number(), second.number()));
    one.tell(first, 2);
    two.fail(second.number(), "lost");
    two.tell(second, 1); // too late: it was given up
    assertEquals(one.trials(), two.trials());
    assertEquals(State.FAILED, one.trials().get(1).state());
    assertEquals("two", one.trials().get(1).owner());
    assertEquals(0, two.best().number());
  }

  @Test
  void aLogOfAnotherStudyIsRefused() {
    MemoryLog log = new MemoryLog();
    Study.of(SPACE).log(log).open();
    Space other = SPACE.uniform("dropout", 0, 0.5);
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> Study.of(other).log(log.shared()).open());
    assertTrue(refused.toString().contains("dropout: uniform 0.0 to 0.5"), refused.toString());
    assertThrows(
        IllegalArgumentException.class,
        () -> Study.of(SPACE).goals(Goal.MAXIMIZE).log(log.shared()).open());
    MemoryLog headless = new MemoryLog();
    headless.append(new StudyEvent.Pruned(0));
    assertThrows(IllegalArgumentException.class, () -> Study.of(SPACE).log(headless).open());
  }

  @Test
  void everyEndIsRecorded() {
    AtomicInteger count = new AtomicInteger();
    Study study =
        Study.of(SPACE)
            .pruner((history, trial) -> trial.reports().lastKey() >= 2)
            .open()
            .optimize(
                trial ->
                    switch (count.getAndIncrement()) {
                      case 0 -> throw new IllegalStateException("no memory");
                      case 1 -> Double.NaN;
                      case 2 -> report(trial);
                      default -> bowl(trial);
                    },
                4);
    List<TrialRecord> trials = study.trials();
    assertEquals(
        List.of(State.FAILED, State.FAILED, State.PRUNED, State.FINISHED),
        trials.stream().map(TrialRecord::state).toList());
    assertTrue(trials.get(0).reason().contains("no memory"), trials.toString());
    assertTrue(trials.get(1).reason().contains("NaN"), trials.toString());
    assertEquals(Map.of(0L, 9.0, 1L, 8.0, 2L, 7.0), trials.get(2).reports());
    assertEquals(3, study.best().number());
  }

  private static double report(Trial trial) {
    for (int step = 0; step < 100; step++) {
      trial.report(step, 9 - step);
      if (trial.shouldPrune()) {
        throw new PrunedException();
      }
    }
    return 0;
  }

  @Test
  void trialsRunAtTheSameTime() {
    Study study = Study.of(SPACE).open().optimize(StudyTest::bowl, 100, 8);
    assertEquals(100, study.trials().size());
    assertTrue(study.trials().stream().allMatch(t -> t.state() == State.FINISHED));
  }

  @Test
  void valuesCanBeGiven() {
    Study study = Study.of(SPACE).open();
    Map<String, Object> values = Map.of("rate", 0.01, "layers", 2, "hidden", 64, "cell", "gru");
    assertEquals(values.keySet(), study.ask(values).values().keySet());
    assertEquals("gru", study.ask(values).text("cell"));
    assertEquals("layers: 7 is not in integer 1 to 3", refusal(study, "layers", 7, values));
    assertEquals(
        "no value for forget: uniform 0.0 to 2.0 when cell is [lstm]",
        refusal(study, "cell", "lstm", values));
    assertEquals(
        "not there with these values: forget: uniform 0.0 to 2.0 when cell is [lstm]",
        refusal(study, "forget", 1, values));
    assertEquals(2, study.trials().size());
    assertThrows(NoSuchElementException.class, study::best);
  }

  private static String refusal(
      Study study, String name, Object value, Map<String, Object> values) {
    Map<String, Object> wrong = new java.util.HashMap<>(values);
    wrong.put(name, value);
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> study.ask(wrong)).getMessage());
  }

  @Test
  void aWrongSpaceIsRefused() {
    List<String> messages = new ArrayList<>();
    for (Runnable wrong :
        List.<Runnable>of(
            () -> Space.empty().uniform("a", 1, 1),
            () -> Space.empty().logUniform("a", 0, 1),
            () -> Space.empty().uniform("a", 0, 1).uniform("a", 0, 1),
            () -> Space.empty().categorical("a"),
            () -> Space.empty().categorical("a", 1, 1.0),
            () -> Space.empty().integer("a", 0, 1).when("b", 1),
            () -> Space.empty().categorical("b", 1, 2).integer("a", 0, 1).when("b", 3),
            () -> Space.empty().integer("b", 1, 2).integer("a", 0, 1).when("b", 1))) {
      messages.add(
          String.valueOf(assertThrows(IllegalArgumentException.class, wrong::run).getMessage()));
    }
    assertEquals(
        List.of(
            "a range goes from a number to a larger one, not from 1.0 to 1.0",
            "a logarithmic range begins above 0, not at 0.0 (to 1.0)",
            "the space has two parameters a",
            "a choice needs at least one option",
            "the options of a choice differ, unlike [1, 1.0]",
            "a depends on b, which is no parameter before it; those are []",
            "3 is not in one of [1, 2]",
            "a depends on b, which is no choice but integer 1 to 2"),
        messages);
  }
}
