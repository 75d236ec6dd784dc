package dev.gatun.tests.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.search.GaussianProcessSearch;
import dev.gatun.app.search.Goal;
import dev.gatun.app.search.GridSearch;
import dev.gatun.app.search.ParetoFront;
import dev.gatun.app.search.QuasiRandomSearch;
import dev.gatun.app.search.RandomSearch;
import dev.gatun.app.search.Space;
import dev.gatun.app.search.Strategy;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.TreeParzenSearch;
import dev.gatun.app.search.Trial;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.search.TrialRecord.State;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What each strategy suggests. */
class StrategiesTest {
  static List<Strategy> all() {
    return List.of(
        new RandomSearch(),
        new QuasiRandomSearch(),
        new GridSearch(3),
        new TreeParzenSearch(),
        new TreeParzenSearch(5, 24, 0.2, 1, false),
        new GaussianProcessSearch());
  }

  @Test
  void aGridHasEveryPointOnce() {
    Space space =
        Space.empty()
            .categorical("cell", "lstm", "gru")
            .uniform("forget", 0, 2)
            .when("cell", "lstm")
            .integer("layers", 1, 2)
            .logUniform("rate", 0.01, 1);
    Study study = Study.of(space).strategy(new GridSearch(3)).open();
    study.ask(Map.of("cell", "gru", "layers", 2, "rate", 0.123)); // no point of the grid
    assertEquals(3 * 2 * 3 + 2 * 3, study.remaining());
    study.optimize(trial -> trial.real("rate"), 1000);
    assertEquals(0, study.remaining());
    assertThrows(NoSuchElementException.class, study::ask);
    Set<Object> points = new HashSet<>();
    Set<Object> rates = new HashSet<>();
    study.trials().stream()
        .skip(1)
        .forEach(
            trial -> {
              assertTrue(points.add(trial.codes()), trial.toString());
              rates.add(Math.rint(1000 * trial.codes().getOrDefault("rate", 0.0)));
            });
    assertEquals(24, points.size());
    assertEquals(Set.of(10.0, 100.0, 1000.0), rates);
    Space large = Space.empty();
    for (int i = 0; i < 10; i++) {
      large = large.uniform("x" + i, 0, 1);
    }
    Study.Builder tooLarge = Study.of(large).strategy(new GridSearch(10));
    assertThrows(IllegalArgumentException.class, tooLarge::open);
  }

  /** Each elementary interval of a base's power has its one point: what no random points do. */
  @Test
  void quasiRandomPointsFillTheSquare() {
    Space space = Space.empty().uniform("x", 0, 1).uniform("y", 0, 1);
    for (long seed = 0; seed < 3; seed++) {
      Study study = Study.of(space).strategy(new QuasiRandomSearch()).seed(seed).open();
      Set<Integer> cells = new HashSet<>();
      for (int i = 0; i < 72; i++) {
        Trial trial = study.ask();
        int column = (int) (8 * trial.real("x"));
        int row = (int) (9 * trial.real("y"));
        cells.add(column * 9 + row);
      }
      assertEquals(72, cells.size(), "seed " + seed);
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void aSeedGivesTheSameTrials(Strategy strategy) {
    assertEquals(trials(strategy, 1), trials(strategy, 1));
    if (!(strategy instanceof GridSearch)) {
      assertTrue(!trials(strategy, 1).equals(trials(strategy, 2)));
    }
  }

  private static List<TrialRecord> trials(Strategy strategy, long seed) {
    Study study = Study.of(TestFunctions.MIXED.space).strategy(strategy).seed(seed).open();
    return study.optimize(TestFunctions.MIXED::regret, 20).trials();
  }

  /** With most trials stopped early, few finish: those that were stopped count as well. */
  @Test
  void whatWasPrunedIsLearntFrom() {
    List<TrialRecord> even = afterPruned(new QuasiRandomSearch());
    for (Strategy strategy : List.of(new TreeParzenSearch(4), new GaussianProcessSearch(4))) {
      List<TrialRecord> learnt = afterPruned(strategy);
      for (int i = 0; i < 5; i++) {
        assertEquals(i < 4, even.get(i).codes().equals(learnt.get(i).codes()), "trial " + i);
      }
    }
  }

  private static List<TrialRecord> afterPruned(Strategy strategy) {
    Study study = Study.of(TestFunctions.MIXED.space).strategy(strategy).seed(1).open();
    for (int i = 0; i < 4; i++) {
      Trial trial = study.ask();
      trial.report(1, TestFunctions.MIXED.regret(trial));
      study.prune(trial);
    }
    study.ask();
    return study.trials();
  }

  /** No value comes twice: streams of trials, and of seeds, share nothing. */
  @Test
  void streamsAreIndependent() {
    Set<Double> places = new HashSet<>();
    for (Strategy strategy : List.of(new RandomSearch(), new QuasiRandomSearch())) {
      for (long seed = 0; seed < 20; seed++) {
        Study study = Study.of(TestFunctions.HARTMANN6.space).strategy(strategy).seed(seed).open();
        for (int i = 0; i < 50; i++) {
          study.ask().values().values().forEach(value -> places.add((Double) value));
        }
      }
    }
    assertEquals(2 * 20 * 50 * 6, places.size());
  }

  /** More than 2 layers fail, 2 give NaN: what learns keeps to 1. */
  @ParameterizedTest
  @MethodSource("all")
  void whatFailsIsLeftAlone(Strategy strategy) {
    Study study = Study.of(TestFunctions.MIXED.space).strategy(strategy).seed(5).open();
    study.optimize(
        trial -> {
          if (trial.integer("layers") > 2) {
            throw new IllegalStateException("does not fit");
          }
          return trial.integer("layers") == 2 ? Double.NaN : TestFunctions.MIXED.regret(trial);
        },
        60);
    long failed = study.trials().stream().skip(40).filter(t -> t.state() == State.FAILED).count();
    boolean learns =
        strategy instanceof TreeParzenSearch || strategy instanceof GaussianProcessSearch;
    assertTrue(learns ? failed <= 8 : failed > 0, strategy + ": " + failed + " of 20 failed");
  }

  /**
   * Of two options with one good trial each, the one that most of the others have is left alone.
   */
  @Test
  void whatTheOthersHaveIsAvoided() {
    Space space = Space.empty().categorical("side", "left", "right");
    int left = 0;
    for (int seed = 0; seed < 20; seed++) {
      Study study = Study.of(space).strategy(new TreeParzenSearch()).seed(seed).open();
      for (int i = 0; i < 20; i++) {
        Trial trial = study.ask(Map.of("side", i == 0 ? "left" : "right"));
        study.tell(trial, i < 2 ? 0 : 1 + i);
      }
      left += study.ask().text("side").equals("left") ? 1 : 0;
    }
    assertEquals(20, left);
  }

  /** 15 points anywhere would leave 2e-2: the largest expected improvement is near the floor. */
  @Test
  void theGaussianProcessGoesToTheFloorOfABowl() {
    Space space = Space.empty().uniform("x", 0, 1).uniform("y", 0, 1);
    Study study = Study.of(space).strategy(new GaussianProcessSearch(3)).seed(1).open();
    study.optimize(t -> Math.pow(t.real("x") - 0.3, 2) + Math.pow(t.real("y") - 0.8, 2), 15);
    double least = study.best().values().getFirst();
    assertTrue(least < 1e-3, "left " + least);
  }

  /** Trials that are asked for together differ, although nothing has been told in between. */
  @ParameterizedTest
  @MethodSource("all")
  void pendingTrialsAreNotRepeated(Strategy strategy) {
    Space space = Space.empty().uniform("x", 0, 1);
    Study study = Study.of(space).strategy(strategy).seed(2).open();
    int first = strategy instanceof GridSearch ? 1 : 15;
    study.optimize(trial -> Math.pow(trial.real("x") - 0.3, 2), first);
    List<Double> asked = new ArrayList<>();
    for (int i = 0; i < (strategy instanceof GridSearch ? 2 : 6); i++) {
      asked.add(study.ask().real("x"));
    }
    assertEquals(asked.size(), new HashSet<>(asked).size(), asked.toString());
  }

  @Test
  void severalObjectivesAreTradedOff() {
    Space space = Space.empty().uniform("x", 0, 1).uniform("y", 0, 1);
    double random = volume(space, new RandomSearch());
    double learned = volume(space, new TreeParzenSearch());
    assertTrue(learned > random, learned + " against random search's " + random);
    Study.Builder wrong =
        Study.of(space).goals(Goal.MINIMIZE, Goal.MAXIMIZE).strategy(new GaussianProcessSearch());
    assertEquals(
        "the Gaussian process is for one objective, not 2: take TPE or random search",
        assertThrows(IllegalArgumentException.class, wrong::open).getMessage());
  }

  /**
   * The median over seeds of the volume dominated after 60 trials; the second goal is a maximum.
   */
  private static double volume(Space space, Strategy strategy) {
    double[] volumes = new double[9];
    for (int seed = 0; seed < volumes.length; seed++) {
      Study study =
          Study.of(space).goals(Goal.MINIMIZE, Goal.MAXIMIZE).strategy(strategy).seed(seed).open();
      for (int i = 0; i < 60; i++) {
        Trial trial = study.ask();
        double x = trial.real("x");
        double far = 10 * trial.real("y");
        study.tell(trial, x + far, Math.sqrt(x) - far);
      }
      volumes[seed] =
          ParetoFront.hypervolume(
              study.front().stream()
                  .map(t -> new double[] {t.values().get(0), -t.values().get(1)})
                  .toList(),
              4,
              4);
    }
    return Arrays.stream(volumes).sorted().toArray()[volumes.length / 2];
  }
}
