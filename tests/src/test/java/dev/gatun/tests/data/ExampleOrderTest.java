package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.ArraySource;
import dev.gatun.data.Balance;
import dev.gatun.data.Examples;
import dev.gatun.data.StratifiedSplit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which examples come together: classes balanced, lengths alike, parts in equal shares. */
class ExampleOrderTest {
  /** 90 of class 0, 9 of class 2, 3 of class 3, none of class 1; lengths 1 to 40. */
  private static final int[] CLASSES =
      IntStream.range(0, 102).map(i -> i < 90 ? 0 : i < 99 ? 2 : 3).toArray();

  private static Examples examples() {
    float[][][] x = new float[CLASSES.length][][];
    for (int i = 0; i < x.length; i++) {
      x[i] = new float[1 + (i * 7) % 40][1];
    }
    return Examples.features(x).classes(CLASSES);
  }

  /** The examples of an epoch, batch by batch. */
  private static List<List<Integer>> epoch(ArraySource source, int epoch) {
    List<List<Integer>> batches = new ArrayList<>();
    try (var batch = source.newBatch()) {
      for (int b = 0; b < source.batches(epoch); b++) {
        source.fill(epoch, b, batch);
        List<Integer> items = new ArrayList<>();
        for (int n = 0; n < batch.size(); n++) {
          items.add(source.example(epoch, b, n));
          assertEquals(CLASSES[items.getLast()], batch.targets().getLong(n));
        }
        batches.add(items);
      }
    }
    return batches;
  }

  private static long ofClass(List<Integer> items, int k) {
    return items.stream().filter(i -> CLASSES[i] == k).count();
  }

  private static List<Integer> all(ArraySource source, int epoch) {
    return epoch(source, epoch).stream().flatMap(List::stream).toList();
  }

  @Test
  void oversamplingGivesEachClassAsManyAsTheLargest() {
    ArraySource source = ArraySource.shuffled(examples(), 16, 1).balanced(Balance.OVERSAMPLE);
    List<Integer> items = all(source, 0);
    assertEquals(270, items.size());
    for (int k : new int[] {0, 2, 3}) {
      assertEquals(90, ofClass(items, k), "class " + k);
    }
    for (int i = 0; i < CLASSES.length; i++) {
      int item = i;
      long times = items.stream().filter(at -> at == item).count();
      assertEquals(CLASSES[i] == 0 ? 1 : CLASSES[i] == 2 ? 10 : 30, times, "example " + i);
    }
    assertNotEquals(items, all(source, 1));
    assertEquals(
        all(ArraySource.shuffled(examples(), 16, 1).balanced(Balance.OVERSAMPLE), 1),
        all(source, 1));
  }

  @Test
  void balancedBatchesHaveAsManyOfEachClass() {
    ArraySource source = ArraySource.shuffled(examples(), 12, 1).balanced(Balance.BATCHES);
    HashSet<Integer> seen = new HashSet<>();
    for (int epoch = 0; epoch < 3; epoch++) {
      List<List<Integer>> batches = epoch(source, epoch);
      assertEquals(9, batches.size());
      for (List<Integer> batch : batches) {
        for (int k : new int[] {0, 2, 3}) {
          assertEquals(batch.size() / 3, ofClass(batch, k), "class " + k);
        }
        seen.addAll(batch);
      }
    }
    // 34 of the 90 an epoch: three epochs go through all of them once.
    assertEquals(CLASSES.length, seen.size());
    ArraySource resumed = ArraySource.shuffled(examples(), 12, 1).balanced(Balance.BATCHES);
    assertEquals(all(source, 2), all(resumed, 2));
  }

  @Test
  void bucketsCutPaddingAndLeaveNothingOut() {
    ArraySource mixed = ArraySource.shuffled(examples(), 10, 1);
    ArraySource buckets = mixed.bucketed();
    assertTrue(mixed.padding(0) > 0.4, "mixed " + mixed.padding(0));
    assertTrue(buckets.padding(0) < 0.15, "bucketed " + buckets.padding(0));
    List<List<Integer>> first = epoch(buckets, 0);
    assertEquals(2, first.getLast().size());
    for (int epoch = 0; epoch < 3; epoch++) {
      int[] items = all(buckets, epoch).stream().mapToInt(i -> i).sorted().toArray();
      assertEquals(Arrays.toString(IntStream.range(0, 102).toArray()), Arrays.toString(items));
    }
    assertNotEquals(first, epoch(buckets, 1));
    assertEquals(epoch(mixed.bucketed(), 1), epoch(buckets, 1));
    double[] lengths =
        first.stream()
            .mapToDouble(b -> b.stream().mapToInt(i -> (i * 7) % 40).max().orElse(0))
            .toArray();
    double[] ascending = lengths.clone();
    Arrays.sort(ascending);
    assertTrue(!Arrays.equals(lengths, ascending), "short batches do not all come first");
  }

  @Test
  void whatCannotBeArrangedIsRefused() {
    ArraySource inOrder = ArraySource.sequential(examples(), 4);
    assertThrows(IllegalArgumentException.class, inOrder::bucketed);
    ArraySource balanced = ArraySource.shuffled(examples(), 4, 1).balanced(Balance.BATCHES);
    assertThrows(IllegalArgumentException.class, balanced::bucketed);
    Examples one = Examples.tokens(new int[3][2]).classes(new int[3]);
    ArraySource single = ArraySource.shuffled(one, 4, 1);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> single.balanced(Balance.OVERSAMPLE));
    assertTrue(String.valueOf(e.getMessage()).contains("of 1 class"), e.getMessage());
  }

  @Test
  void partsHaveTheClassesInTheirShares() {
    int[] classes = CLASSES;
    StratifiedSplit parts = StratifiedSplit.of(classes, 10, 20, 5);
    assertEquals(72, parts.split().training().size());
    int[] sorted = parts.order().stream().mapToInt(i -> i).toArray();
    Arrays.sort(sorted);
    assertEquals(Arrays.toString(IntStream.range(0, 102).toArray()), Arrays.toString(sorted));
    long[] tested = counts(parts, parts.split().test().from(), 102);
    assertEquals("[18, 0, 2, 0]", Arrays.toString(tested));
    long[] validated = counts(parts, 72, 82);
    assertEquals(9, validated[0]);
    assertTrue(counts(parts, 0, 72)[3] >= 1);
    assertNotEquals(parts.order(), StratifiedSplit.of(classes, 10, 20, 6).order());
    assertThrows(IllegalArgumentException.class, () -> StratifiedSplit.of(classes, 50, 50, 1));
  }

  private static long[] counts(StratifiedSplit parts, int from, int to) {
    long[] counts = new long[4];
    for (int i = from; i < to; i++) {
      counts[CLASSES[parts.order().get(i)]]++;
    }
    return counts;
  }
}
