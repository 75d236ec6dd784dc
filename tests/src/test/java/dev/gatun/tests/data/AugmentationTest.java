package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.ArraySource;
import dev.gatun.data.Augmentation;
import dev.gatun.data.Augmentations;
import dev.gatun.data.AugmentedSource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each augmentation alone does what it is named for. */
class AugmentationTest {
  private static final int COUNT = 300;
  private static final int LONGEST = 20;

  /** Example i has steps 1, 2, ... and their negatives; every tenth is as long as can be. */
  private static int length(int i) {
    return i % 10 == 0 ? LONGEST : 5 + i % 7;
  }

  private static ArraySource plain() {
    float[][][] x = new float[COUNT][][];
    for (int i = 0; i < COUNT; i++) {
      x[i] = new float[length(i)][2];
      for (int t = 0; t < x[i].length; t++) {
        x[i][t][0] = t + 1;
        x[i][t][1] = -t - 1;
      }
    }
    return ArraySource.sequential(Examples.features(x).classes(new int[COUNT]), 32);
  }

  private static ArraySource tokens() {
    int[][] x = new int[COUNT][];
    for (int i = 0; i < COUNT; i++) {
      x[i] = new int[length(i)];
      Arrays.setAll(x[i], t -> t + 1);
    }
    return ArraySource.sequential(Examples.tokens(x).classes(new int[COUNT]), 32);
  }

  /** The first column of each sequence, checked to lie in a batch as it should. */
  private static List<double[]> see(BatchSource source, int epoch, int column) {
    List<double[]> seen = new ArrayList<>();
    try (var batch = source.newBatch()) {
      int width = Math.max(1, source.layout().features());
      for (int b = 0; b < source.batches(epoch); b++) {
        source.fill(epoch, b, batch);
        boolean ragged = false;
        for (int n = 0; n < batch.size(); n++) {
          int length = (int) batch.lengths().getLong(n);
          ragged |= length < batch.time();
          double[] x = new double[batch.time()];
          for (int t = 0; t < x.length; t++) {
            long at = ((long) t * batch.size() + n) * width + column;
            x[t] = width > 1 ? batch.inputs().get(at) : batch.inputs().getLong(at);
            assertTrue(t < length || x[t] == 0, "padding");
          }
          seen.add(Arrays.copyOf(x, length));
        }
        assertEquals(ragged, batch.ragged());
        assertTrue(batch.time() <= source.maxTime());
      }
    }
    return seen;
  }

  private static List<double[]> see(Augmentation augmentation) {
    return see(new AugmentedSource(plain(), 7, List.of(augmentation)), 0, 0);
  }

  static List<Augmentation> all() {
    return List.of(
        Augmentations.reverse(0.5),
        Augmentations.shift(2),
        Augmentations.warp(0.5),
        Augmentations.repeat(0.3),
        Augmentations.scaling(0.1),
        Augmentations.jitter(0.1),
        Augmentations.timeMask(0.5));
  }

  @ParameterizedTest
  @MethodSource("all")
  void seedAndEpochSayWhatIsDrawn(Augmentation augmentation) {
    var one = new AugmentedSource(plain(), 7, List.of(augmentation));
    var other = new AugmentedSource(plain(), 8, List.of(augmentation));
    String third = print(see(one, 2, 0));
    assertEquals(third, print(see(one, 2, 0)));
    assertEquals(third, print(see(new AugmentedSource(plain(), 7, List.of(augmentation)), 2, 0)));
    assertTrue(!third.equals(print(see(one, 1, 0))), "the same in another epoch");
    assertTrue(!third.equals(print(see(other, 2, 0))), "the same with another seed");
    assertTrue(!third.equals(print(see(plain(), 2, 0))), "nothing is changed");
  }

  private static String print(List<double[]> all) {
    return String.join("\n", all.stream().map(Arrays::toString).toList());
  }

  private static double[] ramp(int length) {
    double[] ramp = new double[length];
    Arrays.setAll(ramp, t -> t + 1);
    return ramp;
  }

  @Test
  void nothingDrawnIsNothingChanged() {
    List<Augmentation> none =
        List.of(
            Augmentations.reverse(0),
            Augmentations.shift(0),
            Augmentations.warp(0),
            Augmentations.repeat(0),
            Augmentations.scaling(0),
            Augmentations.jitter(0),
            Augmentations.timeMask(0));
    assertEquals(
        print(see(plain(), 0, 1)), print(see(new AugmentedSource(plain(), 7, none), 0, 1)));
  }

  @Test
  void reversalTurnsSomeAround() {
    int turned = 0;
    for (double[] x : see(Augmentations.reverse(0.3))) {
      boolean backwards = x[0] > 1;
      turned += backwards ? 1 : 0;
      for (int t = 0; t < x.length; t++) {
        assertEquals(backwards ? x.length - t : t + 1, x[t]);
      }
    }
    assertEquals(0.3 * COUNT, turned, 4 * Math.sqrt(0.3 * 0.7 * COUNT));
  }

  @Test
  void shiftsMoveByWholeSteps() {
    Set<Integer> by = new HashSet<>();
    for (double[] x : see(Augmentations.shift(2))) {
      int shift = x.length / 2 + 1 - (int) x[x.length / 2];
      by.add(shift);
      for (int t = 0; t < x.length; t++) {
        assertEquals(Math.clamp(t - shift, 0, x.length - 1) + 1, x[t]);
      }
    }
    assertEquals(Set.of(-2, -1, 0, 1, 2), by);
  }

  private static double deviation(double[] x) {
    double mean = Arrays.stream(x).average().orElse(Double.NaN);
    assertEquals(0, mean, 0.05);
    return Math.sqrt(Arrays.stream(x).map(d -> (d - mean) * (d - mean)).average().orElse(0));
  }

  @Test
  void jitterIsNormalNoise() {
    List<double[]> seen = see(Augmentations.jitter(0.25));
    double[] noise =
        seen.stream()
            .flatMapToDouble(x -> Arrays.stream(ramp(x.length)).map(v -> x[(int) v - 1] - v))
            .toArray();
    assertEquals(0.25, deviation(noise), 0.02);
    double within = Arrays.stream(noise).filter(d -> Math.abs(d) < 0.25).count();
    assertEquals(0.683, within / noise.length, 0.04);
  }

  @Test
  void scalingIsOfAColumn() {
    var source = new AugmentedSource(plain(), 7, List.of(Augmentations.scaling(0.2)));
    List<double[]> first = see(source, 0, 0);
    List<double[]> second = see(source, 0, 1);
    double[] factors = new double[COUNT];
    int alike = 0;
    for (int i = 0; i < COUNT; i++) {
      double[] x = first.get(i);
      factors[i] = x[0] - 1;
      for (int t = 0; t < x.length; t++) {
        assertEquals(x[0], x[t] / (t + 1), 1e-5);
      }
      alike += Math.abs(x[0] + second.get(i)[0]) < 1e-4 ? 1 : 0;
    }
    assertEquals(0.2, deviation(factors), 0.03);
    assertTrue(alike < 5, alike + " of equal factors");
  }

  @Test
  void warpingChangesThePaceAndNothingElse() {
    int changed = 0;
    for (double[] x : see(Augmentations.warp(0.5))) {
      assertEquals(1, x[0]);
      assertEquals(x.length, x[x.length - 1], 1e-5);
      Set<Long> paces = new HashSet<>();
      for (int t = 1; t < x.length; t++) {
        assertTrue(x[t] > x[t - 1], Arrays.toString(x));
        paces.add(Math.round(1000 * (x[t] - x[t - 1])));
      }
      changed += paces.size() > 1 ? 1 : 0;
    }
    assertTrue(changed > 0.9 * COUNT, changed + " of " + COUNT);
    for (double[] x :
        see(new AugmentedSource(tokens(), 7, List.of(Augmentations.warp(0.5))), 0, 0)) {
      for (double token : x) {
        assertTrue(token >= 1 && token <= x.length && token == Math.rint(token));
      }
    }
  }

  @Test
  void repetitionGivesStepsAgain() {
    double more = 0;
    double all = 0;
    for (double[] x : see(Augmentations.repeat(0.25))) {
      boolean full = x.length == LONGEST;
      assertTrue(x.length <= LONGEST);
      assertTrue(full || x[0] == 1, "only what is too long loses its start");
      for (int t = 1; t < x.length; t++) {
        boolean twice = x[t] == x[t - 1];
        assertTrue(twice || x[t] == x[t - 1] + 1, Arrays.toString(x));
        assertTrue(!twice || t < 2 || x[t - 2] < x[t], "three times");
        more += twice && !full ? 1 : 0;
      }
      all += full ? 0 : x[x.length - 1];
    }
    assertEquals(0.25, more / all, 0.03);
    assertArrayEquals(
        new double[] {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6},
        see(new AugmentedSource(tokens(), 1, List.of(Augmentations.repeat(1))), 0, 0).get(1));
  }

  @Test
  void masksZeroARun() {
    Set<Integer> widths = new HashSet<>();
    for (double[] x : see(Augmentations.timeMask(0.5))) {
      int zeros = 0;
      int runs = 0;
      for (int t = 0; t < x.length; t++) {
        assertTrue(x[t] == 0 || x[t] == t + 1);
        runs += x[t] == 0 && (t == 0 || x[t - 1] != 0) ? 1 : 0;
        zeros += x[t] == 0 ? 1 : 0;
      }
      assertTrue(runs <= 1 && zeros <= x.length / 2, Arrays.toString(x));
      widths.add(zeros);
    }
    assertTrue(widths.containsAll(Set.of(0, 1, 2, 3, 8)), widths.toString());
  }

  @Test
  void targetsHaveToBearIt() {
    ArraySource steps =
        ArraySource.sequential(Examples.features(new float[2][3][1]).stepClasses(new int[2][3]), 2);
    ArraySource labels =
        ArraySource.sequential(Examples.features(new float[2][3][1]).labels(new int[2][1]), 2);
    for (Augmentation augmentation : all()) {
      boolean moves = augmentation.keeps() != Augmentation.Keeps.STEPS;
      boolean mixes = augmentation.keeps() == Augmentation.Keeps.MEANING;
      check(moves, steps, augmentation);
      check(mixes, labels, augmentation);
      check(!augmentation.takesTokens(), tokens(), augmentation);
    }
  }

  private static void check(boolean refused, ArraySource source, Augmentation augmentation) {
    List<Augmentation> alone = List.of(augmentation);
    if (refused) {
      assertThrows(IllegalArgumentException.class, () -> new AugmentedSource(source, 1, alone));
    } else {
      assertEquals(source.layout(), new AugmentedSource(source, 1, alone).layout());
    }
    assertThrows(IllegalArgumentException.class, () -> Augmentations.warp(1.5));
  }
}
