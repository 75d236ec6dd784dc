package dev.gatun.tests.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.search.Importance;
import dev.gatun.app.search.MedianPruner;
import dev.gatun.app.search.ParetoFront;
import dev.gatun.app.search.PrunedException;
import dev.gatun.app.search.Pruner;
import dev.gatun.app.search.Space;
import dev.gatun.app.search.Splits;
import dev.gatun.app.search.Splits.Split;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.SuccessiveHalving;
import dev.gatun.app.search.Trial;
import dev.gatun.app.search.TrialRecord;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Pruners, fronts, divisions of data, importance. */
class SearchPartsTest {
  private static final Space LEVEL = Space.empty().integer("level", 0, 1000);

  /** The steps that trials of these constant losses come to, of 9. */
  private static List<Long> steps(Pruner pruner, double... losses) {
    Study study = Study.of(LEVEL).pruner(pruner).open();
    study.optimize(
        trial -> {
          for (int step = 1; step <= 9; step++) {
            trial.report(step, losses[trial.number()]);
            if (trial.shouldPrune()) {
              throw new PrunedException();
            }
          }
          return losses[trial.number()];
        },
        losses.length);
    return study.trials().stream().map(t -> t.reports().lastKey()).toList();
  }

  @Test
  void theMedianStopsTheWorseHalf() {
    assertEquals(
        List.of(9L, 9L, 9L, 1L, 9L, 9L), steps(new MedianPruner(3, 0), 1, 2, 3, 2.5, 2, 1.5));
    assertEquals(List.of(9L, 9L, 9L, 4L, 9L), steps(new MedianPruner(3, 4), 1, 2, 3, 2.5, 2));
    assertEquals(List.of(9L, 9L, 9L, 9L), steps(new MedianPruner(4, 0), 1, 2, 3, 9));
    assertEquals(List.of(1L), steps(new MedianPruner(4, 0), Double.NaN));
  }

  @Test
  void halvingStopsAtItsRungs() {
    // Of 3 at a rung 1 goes on, of 6 2; the first always does.
    assertEquals(
        List.of(9L, 1L, 9L, 1L, 1L, 3L), steps(new SuccessiveHalving(1, 3), 5, 6, 4, 7, 8, 4.5));
    assertEquals(List.of(9L, 2L, 9L), steps(new SuccessiveHalving(2, 2), 5, 6, 4));
    assertThrows(IllegalArgumentException.class, () -> new SuccessiveHalving(0, 3));
  }

  @Test
  void frontsAndVolumesAreThoseOfTheDefinition() {
    SplittableRandom random = new SplittableRandom(3);
    List<double[]> points =
        IntStream.range(0, 40)
            .mapToObj(i -> new double[] {random.nextInt(9), random.nextInt(9), random.nextInt(9)})
            .toList();
    int[] ranks = ParetoFront.ranks(points);
    int cells = 0;
    for (int cell = 0; cell < 1000; cell++) {
      int hundreds = cell / 100;
      int tens = cell / 10 % 10;
      double[] corner = {hundreds, tens, cell % 10};
      cells +=
          points.stream().anyMatch(p -> p[0] <= corner[0] && p[1] <= corner[1] && p[2] <= corner[2])
              ? 1
              : 0;
    }
    assertEquals(cells, ParetoFront.hypervolume(points, 10, 10, 10));
    for (int i = 0; i < 40; i++) {
      double[] own = points.get(i);
      int highest = -1;
      for (int j = 0; j < 40; j++) {
        if (ParetoFront.dominates(points.get(j), own)) {
          highest = Math.max(highest, ranks[j]);
        }
      }
      assertEquals(highest + 1, ranks[i]);
    }
    assertEquals(0, ParetoFront.hypervolume(List.of(new double[] {11, 0}), 10, 10));
  }

  @Test
  void foldsTestEachSampleOnce() {
    int[] labels = IntStream.range(0, 50).map(i -> i % 7 == 0 ? 1 : 0).toArray();
    for (List<Split> splits : List.of(Splits.kFold(50, 4, 1), Splits.stratified(labels, 4, 1))) {
      Set<Integer> tested = new HashSet<>();
      for (Split split : splits) {
        assertTrue(split.test().size() == 12 || split.test().size() == 13);
        assertEquals(50, split.train().size() + split.test().size());
        split.test().forEach(i -> assertTrue(tested.add(i) && !split.train().contains(i)));
      }
      assertEquals(50, tested.size());
    }
    for (Split split : Splits.stratified(labels, 4, 1)) {
      assertEquals(2, split.test().stream().mapToInt(i -> labels[i]).sum());
    }
    assertTrue(!Splits.kFold(50, 4, 1).equals(Splits.kFold(50, 4, 2)));
    assertThrows(IllegalArgumentException.class, () -> Splits.kFold(3, 4, 1));
  }

  @Test
  void blocksOfASeriesComeAfterTheirPast() {
    assertEquals(
        List.of("0..3 6..8", "0..6 9..11", "0..9 12..14"), ranges(Splits.expanding(15, 3, 2)));
    assertEquals(
        List.of("1..3 6..8", "4..6 9..11", "7..9 12..14"), ranges(Splits.rolling(15, 3, 2, 3)));
    assertEquals(
        "a gap of 6 leaves none of the first 6 steps to train on",
        assertThrows(IllegalArgumentException.class, () -> Splits.expanding(15, 3, 6))
            .getMessage());
  }

  private static List<String> ranges(List<Split> splits) {
    return splits.stream()
        .map(
            s ->
                "%d..%d %d..%d"
                    .formatted(
                        s.train().getFirst(),
                        s.train().getLast(),
                        s.test().getFirst(),
                        s.test().getLast()))
        .toList();
  }

  @Test
  void importanceIsThatOfTheFunction() {
    Space space =
        Space.empty()
            .uniform("much", 0, 1)
            .uniform("none", 0, 1)
            .categorical("some", "a", "b", "c");
    Study study = Study.of(space).open();
    assertThrows(IllegalArgumentException.class, () -> Importance.of(study, 0));
    study.optimize(SearchPartsTest::weighted, 120);
    var parts = Importance.of(study, 0);
    assertEquals(List.of("much", "some", "none"), List.copyOf(parts.keySet()));
    assertEquals(1, parts.values().stream().mapToDouble(v -> v).sum(), 1e-12);
    // Variances 100 / 12 and 2: permuting takes twice each, shares 0.81 and 0.19.
    assertArrayEquals(
        new double[] {0.81, 0.19, 0}, parts.values().stream().mapToDouble(v -> v).toArray(), 0.1);
  }

  private static double weighted(Trial trial) {
    return 10 * trial.real("much") + (trial.text("some").equals("b") ? 3 : 0);
  }

  @Test
  void aPrunedTrialIsNoResult() {
    Study study = Study.of(LEVEL).pruner((history, trial) -> true).open();
    Trial trial = study.ask();
    trial.report(1, 5);
    assertTrue(trial.shouldPrune());
    study.prune(trial);
    assertEquals(TrialRecord.State.PRUNED, study.trials().getFirst().state());
    assertEquals(List.of(), study.front());
  }
}
