package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.data.ArraySource;
import dev.gatun.data.Augmentations;
import dev.gatun.data.AugmentedSource;
import dev.gatun.data.Balance;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.TokenSource;
import dev.gatun.data.TokenWindows;
import dev.gatun.data.WindowSource;
import dev.gatun.data.WindowSpec;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class AllocationTest {
  @Test
  void fillingWithExamplesAllocatesNothing() {
    float[][][] x = new float[100][20][3];
    for (int i = 0; i < x.length; i++) {
      x[i] = Arrays.copyOf(x[i], 1 + i % 20);
    }
    Examples.Inputs inputs = Examples.features(x);
    check(ArraySource.shuffled(inputs.classes(new int[100]), 16, 1));
    float[][][] y = new float[100][][];
    for (int i = 0; i < y.length; i++) {
      y[i] = new float[x[i].length][2];
    }
    check(ArraySource.shuffled(inputs.stepValues(y), 16, 1));
  }

  @Test
  void arrangingAndAugmentingAllocatesNothing() {
    float[][][] x = new float[120][][];
    int[] y = new int[120];
    for (int i = 0; i < x.length; i++) {
      x[i] = new float[1 + i % 20][3];
      y[i] = i % 5 == 0 ? 1 : 0;
    }
    ArraySource mixed = ArraySource.shuffled(Examples.features(x).classes(y), 8, 1);
    check(mixed.balanced(Balance.OVERSAMPLE).bucketed());
    check(mixed.balanced(Balance.BATCHES));
    check(
        new AugmentedSource(
            mixed,
            1,
            List.of(
                Augmentations.reverse(0.5),
                Augmentations.shift(2),
                Augmentations.warp(0.3),
                Augmentations.repeat(0.2),
                Augmentations.scaling(0.1),
                Augmentations.jitter(0.1),
                Augmentations.timeMask(0.2))));
  }

  @Test
  void fillingWithTokensAllocatesNothing() {
    int[] text = new int[5000];
    check(new TokenSource(text, new Range(0, 5000), 20, 9));
    check(new TokenWindows(text, new Range(0, 5000), 20, 9, 1));
  }

  @Test
  void fillingWithWindowsAllocatesNothing() {
    Series series = new Series(List.of("a", "b"), new double[2][500], null);
    List<String> both = List.of("a", "b");
    WindowSpec spec = new WindowSpec(20, 3, true, 1, both, both, true);
    Scaler scaler = Scaler.identity(series);
    check(WindowSource.training(series, scaler, spec, new Range(0, 500), 16, 1));
  }

  private static void check(BatchSource source) {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Batch batch = source.newBatch()) {
      long allocated = 1;
      // Interpreted code makes objects that compiled code does not: ask until it is compiled.
      for (int epoch = 0; epoch < 2000 && allocated > 0; epoch++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < source.batches(epoch); i++) {
          source.fill(epoch, i, batch);
        }
        allocated = threads.getCurrentThreadAllocatedBytes() - before;
      }
      assertEquals(0, allocated);
    }
  }
}
