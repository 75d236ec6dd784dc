package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.metric.TextErrors;
import dev.gatun.model.CtcDecoder;
import dev.gatun.model.CtcDecoder.Hypothesis;
import dev.gatun.tests.support.AllPaths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From logits to labels, against every path of tiny cases. */
class CtcDecoderTest {
  private static final int CLASSES = 3;

  private final Random random = new Random(8);

  private float[][] logits(int steps) {
    float[][] logits = new float[steps][CLASSES];
    for (float[] step : logits) {
      for (int k = 0; k < CLASSES; k++) {
        step[k] = (float) random.nextGaussian();
      }
    }
    return logits;
  }

  private static double[][] doubles(float[][] logits) {
    double[][] doubles = new double[logits.length][CLASSES];
    for (int t = 0; t < logits.length; t++) {
      for (int k = 0; k < CLASSES; k++) {
        doubles[t][k] = logits[t][k];
      }
    }
    return doubles;
  }

  /** All labels that so many steps can spell. */
  private static Set<List<Integer>> spellings(int steps, int blank) {
    Set<List<Integer>> all = new HashSet<>();
    int[] path = new int[steps];
    long paths = Math.round(Math.pow(CLASSES, steps));
    for (long number = 0; number < paths; number++) {
      long rest = number;
      for (int t = 0; t < steps; t++) {
        path[t] = (int) (rest % CLASSES);
        rest /= CLASSES;
      }
      all.add(AllPaths.collapse(path, blank));
    }
    return all;
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 0", "2, 1", "4, 0", "5, 2", "6, 0"})
  void aWideBeamFindsAllLabelsAndTheirProbabilities(int steps, int blank) {
    float[][] logits = logits(steps);
    AllPaths all = new AllPaths(doubles(logits), blank);
    Set<List<Integer>> spellings = spellings(steps, blank);
    List<Hypothesis> found = new CtcDecoder(blank).beam(logits, 1000);
    assertEquals(spellings, new HashSet<>(found.stream().map(Hypothesis::labels).toList()));
    double before = 0;
    for (Hypothesis each : found) {
      double expected = Math.log(all.probability(each.labels()));
      assertEquals(expected, each.logProbability(), 1e-6, each.toString());
      assertTrue(each.logProbability() <= before + 1e-12, "the likeliest first");
      before = each.logProbability();
    }
  }

  /** What a narrow beam says of its labels is never more than the truth. */
  @Test
  void aNarrowBeamIsNearTheBest() {
    int best = 0;
    for (int trial = 0; trial < 40; trial++) {
      float[][] logits = logits(6);
      CtcDecoder decoder = new CtcDecoder(0);
      List<Hypothesis> narrow = decoder.beam(logits, 4);
      Hypothesis exact = decoder.beam(logits, 1000).getFirst();
      assertTrue(narrow.size() <= 4);
      assertTrue(narrow.getFirst().logProbability() <= exact.logProbability() + 1e-9);
      best += narrow.getFirst().labels().equals(exact.labels()) ? 1 : 0;
    }
    assertTrue(best >= 30, best + " of 40");
  }

  /** Graves's own example: the likeliest path is all blanks, the likeliest labels are not none. */
  @Test
  void theBestPathIsNotTheBestLabels() {
    float[] step = {(float) Math.log(0.6), (float) Math.log(0.4), -100};
    float[][] logits = {step, step};
    CtcDecoder decoder = new CtcDecoder(0);
    assertEquals(List.of(), decoder.greedy(logits)); // 0.36
    Hypothesis best = decoder.beam(logits, 3).getFirst();
    assertEquals(List.of(1), best.labels());
    assertEquals(Math.log(0.64), best.logProbability(), 1e-6);
  }

  private static float[][] path(int... classes) {
    float[][] logits = new float[classes.length][CLASSES];
    for (int t = 0; t < classes.length; t++) {
      logits[t][classes[t]] = 9;
    }
    return logits;
  }

  @Test
  void greedyCollapsesRepeatsThenBlanks() {
    CtcDecoder decoder = new CtcDecoder(0);
    assertEquals(List.of(1, 1, 2), decoder.greedy(path(0, 1, 1, 0, 1, 2, 2, 0)));
    assertEquals(List.of(0, 1, 0), new CtcDecoder(2).greedy(path(0, 0, 1, 2, 0)));
    assertEquals(List.of(), decoder.greedy(path(0, 0)));
    assertEquals(List.of(), decoder.greedy(new float[0][]));
  }

  @Test
  void refusesWhatIsNoClass() {
    assertThrows(IllegalArgumentException.class, () -> new CtcDecoder(-1));
    assertThrows(IllegalArgumentException.class, () -> new CtcDecoder(3).greedy(path(1)));
    assertThrows(IllegalArgumentException.class, () -> new CtcDecoder(3).beam(path(1), 2));
    assertThrows(IllegalArgumentException.class, () -> new CtcDecoder(0).beam(path(1), 0));
  }

  private static List<Integer> letters(String text) {
    return text.chars().boxed().toList();
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "kitten, sitting, 3",
        "saturday, sunday, 3",
        "'', abc, 3",
        "abc, '', 3",
        "ab, ab, 0"
      })
  void editDistance(String from, String to, int expected) {
    assertEquals(expected, TextErrors.distance(letters(from), letters(to)));
    assertEquals(expected, TextErrors.distance(letters(to), letters(from)));
  }

  /** Against the definition: the least over all first edits. */
  @Test
  void editDistanceOfRandomStrings() {
    for (int trial = 0; trial < 50; trial++) {
      List<Integer> a = new ArrayList<>();
      List<Integer> b = new ArrayList<>();
      random.ints(random.nextInt(6), 0, 3).forEach(a::add);
      random.ints(random.nextInt(6), 0, 3).forEach(b::add);
      assertEquals(byDefinition(a, b), TextErrors.distance(a, b), () -> a + " to " + b);
    }
  }

  private static int byDefinition(List<Integer> a, List<Integer> b) {
    if (a.isEmpty() || b.isEmpty()) {
      return a.size() + b.size();
    }
    List<Integer> restA = a.subList(1, a.size());
    List<Integer> restB = b.subList(1, b.size());
    int same = a.getFirst().equals(b.getFirst()) ? 0 : 1;
    int[] choices = {
      byDefinition(restA, restB) + same, byDefinition(restA, b) + 1, byDefinition(a, restB) + 1
    };
    return Arrays.stream(choices).min().orElseThrow();
  }
}
