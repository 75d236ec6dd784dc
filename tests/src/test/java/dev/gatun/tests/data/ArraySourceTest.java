package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.Examples;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ArraySourceTest {
  private static final float[][][] X = {
    {{1, 2}, {3, 4}, {5, 6}}, {{7, 8}}, {{9, 10}, {11, 12}}, {{13, 14}, {15, 16}}, {{17, 18}}
  };

  private static double[] prefix(Tensor tensor, int size) {
    return Arrays.copyOf(tensor.toDoubles(), size);
  }

  @Test
  void paddingIsZeroAndDoesNotCount() {
    int[][] y = {{1, 2, 3}, {4}, {-1, 6}, {7, 8}, {9}};
    ArraySource source = ArraySource.sequential(Examples.features(X).stepClasses(y), 2);
    assertEquals(3, source.batches(0));
    try (Batch batch = source.newBatch()) {
      source.fill(0, 0, batch);
      assertEquals(3, batch.time());
      assertEquals(2, batch.size());
      assertTrue(batch.ragged());
      assertFalse(batch.continues());
      assertEquals(4, batch.targetCount());
      assertArrayEquals(new double[] {3, 1}, batch.lengths().toDoubles());
      assertArrayEquals(
          new double[] {1, 2, 7, 8, 3, 4, 0, 0, 5, 6, 0, 0}, prefix(batch.inputs(), 12));
      assertArrayEquals(new double[] {1, 4, 2, -1, 3, -1}, prefix(batch.targets(), 6));
      assertNull(batch.weights());

      source.fill(0, 1, batch);
      assertEquals(2, batch.time());
      assertFalse(batch.ragged());
      assertEquals(3, batch.targetCount());
      assertArrayEquals(new double[] {9, 10, 13, 14, 11, 12, 15, 16}, prefix(batch.inputs(), 8));

      source.fill(0, 2, batch);
      assertEquals(1, batch.size());
      assertArrayEquals(new double[] {1}, prefix(batch.lengths(), 1));
      assertArrayEquals(new double[] {17, 18}, prefix(batch.inputs(), 2));

      source.fill(0, 0, batch); // after smaller batches nothing of them is left on padding
      assertArrayEquals(
          new double[] {1, 2, 7, 8, 3, 4, 0, 0, 5, 6, 0, 0}, prefix(batch.inputs(), 12));
    }
  }

  @Test
  void everyKindOfTargetIsLaidOut() {
    float[][] values = {{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}};
    float[][][] stepValues = {{{1}, {2}, {3}}, {{4}}, {{5}, {6}}, {{7}, {8}}, {{9}}};
    int[][] tokens = {{1, 2, 3}, {4}, {5, 6}, {7, 8}, {9}};
    try (Batch batch = filled(Examples.tokens(tokens).classes(new int[] {3, -1, 5, 6, 7}))) {
      assertEquals(DType.I32, batch.inputs().dtype());
      assertArrayEquals(new double[] {1, 4, 2, 0, 3, 0}, batch.inputs().toDoubles());
      assertArrayEquals(new double[] {3, -1}, batch.targets().toDoubles());
      assertEquals(1, batch.targetCount());
    }
    try (Batch batch = filled(Examples.tokens(tokens).values(values))) {
      assertArrayEquals(new double[] {1, 2, 3, 4}, batch.targets().toDoubles());
      assertArrayEquals(new double[] {1, 1}, Objects.requireNonNull(batch.weights()).toDoubles());
      assertEquals(2, batch.targetCount());
    }
    try (Batch batch = filled(Examples.features(X).stepValues(stepValues))) {
      assertArrayEquals(new double[] {1, 4, 2, 0, 3, 0}, batch.targets().toDoubles());
      assertArrayEquals(
          new double[] {1, 1, 1, 0, 1, 0}, Objects.requireNonNull(batch.weights()).toDoubles());
      assertEquals(4, batch.targetCount());
    }
  }

  private static Batch filled(Examples examples) {
    ArraySource source = ArraySource.sequential(examples, 2);
    Batch batch = source.newBatch();
    source.fill(0, 0, batch);
    return batch;
  }

  @Test
  void everyEpochHasEveryExampleOnceInItsOwnOrder() {
    int count = 1000;
    int[][] tokens = new int[count][1];
    for (int i = 0; i < count; i++) {
      tokens[i][0] = i;
    }
    Examples examples = Examples.tokens(tokens).classes(new int[count]);
    ArraySource source = ArraySource.shuffled(examples, 64, 5);
    int[] first = order(source, 0);
    assertFalse(Arrays.equals(first, order(source, 1)));
    assertArrayEquals(first, order(source, 0));
    assertArrayEquals(first, order(ArraySource.shuffled(examples, 64, 5), 0));
    assertFalse(Arrays.equals(first, order(ArraySource.shuffled(examples, 64, 6), 0)));
    int fixed = 0;
    for (int i = 0; i < count; i++) {
      fixed += first[i] == i ? 1 : 0;
    }
    assertTrue(fixed < 10, fixed + " of a random order's examples keep their place; 1 is expected");
    int[] sorted = first.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < count; i++) {
      assertEquals(i, sorted[i]);
    }
  }

  private static int[] order(ArraySource source, int epoch) {
    int[] order = new int[1000];
    int at = 0;
    try (Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(epoch); i++) {
        source.fill(epoch, i, batch);
        for (int n = 0; n < batch.size(); n++) {
          assertEquals(batch.inputs().getLong(n), source.example(epoch, i, n));
          order[at++] = (int) batch.inputs().getLong(n);
        }
      }
    }
    assertEquals(1000, at);
    return order;
  }

  /** Each of the 24 orders of 4 examples comes up about as often: no draw is biased. */
  @Test
  void ordersAreUniform() {
    Examples examples = Examples.tokens(new int[][] {{0}, {1}, {2}, {3}}).classes(new int[4]);
    ArraySource source = ArraySource.shuffled(examples, 4, 11);
    int epochs = 24_000;
    int[] seen = new int[256];
    for (int epoch = 0; epoch < epochs; epoch++) {
      int key = 0;
      for (int n = 0; n < 4; n++) {
        key = key * 4 + source.example(epoch, 0, n);
      }
      seen[key]++;
    }
    double expected = epochs / 24.0;
    double chiSquared =
        Arrays.stream(seen)
            .filter(s -> s > 0)
            .mapToDouble(s -> (s - expected) * (s - expected) / expected)
            .sum();
    assertEquals(24, Arrays.stream(seen).filter(s -> s > 0).count());
    // 23 degrees of freedom: above 49.7 once in a thousand; the seed is fixed.
    assertTrue(chiSquared < 49.7, "chi squared " + chiSquared);
  }

  @Test
  void wrongArraysAreNamed() {
    Messages.refuses("at least one example", () -> Examples.features(new float[0][][]));
    Messages.refuses("at least one example", () -> Examples.tokens(new int[0][]));
    Messages.refuses("example 1 has no time steps", () -> Examples.tokens(new int[][] {{1}, {}}));
    Messages.refuses(
        "example 0, step 1: token -2 is below 0", () -> Examples.tokens(new int[][] {{1, -2}}));
    Messages.refuses(
        "example 1, step 0 has 1 numbers, expected 2",
        () -> Examples.features(new float[][][] {{{1, 2}}, {{3}}}));
    Messages.refuses(
        "example 0, step 0 has 0 numbers, expected at least 1",
        () -> Examples.features(new float[1][1][0]));
    Messages.refuses(
        "example 0, step 1, column 0: NaN",
        () -> Examples.features(new float[][][] {{{1}, {Float.NaN}}}));
    Examples.Inputs inputs = Examples.features(X);
    Messages.refuses("2 targets for 5 examples", () -> inputs.classes(new int[2]));
    Messages.refuses(
        "example 0 has 3 steps but 1 targets", () -> inputs.stepClasses(new int[5][1]));
    Messages.refuses("the target of example 0 has 0 numbers", () -> inputs.values(new float[5][0]));
    Messages.refuses("example 0 has 3 steps", () -> inputs.stepValues(new float[5][2][1]));
    Messages.refuses("at least 1", () -> ArraySource.sequential(inputs.classes(new int[5]), 0));
  }
}
