package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.data.IteratorSource;
import dev.gatun.data.PrefetchSource;
import dev.gatun.data.TargetKind;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Iterators and a thread that reads ahead give what arrays give. */
class StreamSourcesTest {
  private static final BatchLayout LAYOUT = new BatchLayout(4, 3, 2, TargetKind.VALUES, 1);
  private static final int BATCHES = 5;

  /** Batch i of an epoch: sequences of 1 to 4 steps. */
  private static Examples batch(int epoch, int i) {
    int size = i == BATCHES - 1 ? 2 : 3;
    float[][][] x = new float[size][][];
    float[][] y = new float[size][1];
    for (int n = 0; n < size; n++) {
      x[n] = new float[1 + (i + n) % 4][2];
      for (int t = 0; t < x[n].length; t++) {
        x[n][t][0] = 100 * epoch + 10 * i + n + 0.1f * t;
        x[n][t][1] = -x[n][t][0];
      }
      y[n][0] = 100 * epoch + i;
    }
    return Examples.features(x).values(y);
  }

  private static IteratorSource iterators(int given) {
    return new IteratorSource(
        LAYOUT,
        BATCHES,
        epoch -> IntStream.range(0, given).mapToObj(i -> batch(epoch, i)).iterator());
  }

  private static void assertSame(BatchSource source, int epoch, int index, Batch into) {
    source.fill(epoch, index, into);
    Examples expected = batch(epoch, index);
    try (ArraySource whole = ArraySource.sequential(expected, expected.count());
        Batch other = whole.newBatch()) {
      whole.fill(0, 0, other);
      assertEquals(other.time(), into.time());
      assertEquals(other.size(), into.size());
      assertEquals(other.ragged(), into.ragged());
      assertEquals(other.targetCount(), into.targetCount());
      int rows = other.time() * other.size();
      assertArrayEquals(
          used(other.inputs().toDoubles(), 2 * rows), used(into.inputs().toDoubles(), 2 * rows));
      assertArrayEquals(
          used(other.targets().toDoubles(), other.size()),
          used(into.targets().toDoubles(), other.size()));
      assertArrayEquals(
          used(Objects.requireNonNull(other.weights()).toDoubles(), other.size()),
          used(Objects.requireNonNull(into.weights()).toDoubles(), other.size()));
      for (int n = 0; n < other.size(); n++) {
        assertEquals(other.lengths().getLong(n), into.lengths().getLong(n));
      }
    }
  }

  private static double[] used(double[] values, int count) {
    return Arrays.copyOf(values, count);
  }

  @Test
  void batchesComeInOrderAndAgainWhereAskedFor() {
    try (BatchSource source = iterators(BATCHES);
        Batch into = source.newBatch()) {
      for (int epoch = 0; epoch < 2; epoch++) {
        for (int i = 0; i < BATCHES; i++) {
          assertSame(source, epoch, i, into);
        }
      }
      assertSame(source, 1, 3, into);
      assertSame(source, 0, 2, into);
      assertThrows(IndexOutOfBoundsException.class, () -> source.fill(0, BATCHES, into));
    }
  }

  @Test
  void anEpochThatIsTooShortSaysSo() {
    try (BatchSource source = iterators(2);
        Batch into = source.newBatch()) {
      IllegalStateException e =
          assertThrows(IllegalStateException.class, () -> source.fill(0, 3, into));
      assertTrue(String.valueOf(e.getMessage()).contains("only 2 batches"), e.toString());
    }
  }

  @Test
  void aThreadThatReadsAheadGivesTheSame() {
    try (BatchSource source = new PrefetchSource(iterators(BATCHES));
        Batch into = source.newBatch()) {
      for (int epoch = 0; epoch < 3; epoch++) {
        for (int i = 0; i < BATCHES; i++) {
          assertSame(source, epoch, i, into);
        }
      }
      assertSame(source, 0, 3, into);
      assertSame(source, 0, 4, into);
    }
  }

  @Test
  void whatItMeetsIsThrownWhereItIsAskedFor() {
    try (BatchSource source = new PrefetchSource(iterators(2));
        Batch into = source.newBatch()) {
      assertSame(source, 0, 0, into);
      assertSame(source, 0, 1, into);
      assertThrows(IllegalStateException.class, () -> source.fill(0, 2, into));
      assertSame(source, 0, 0, into);
    }
  }

  /** The next batch is being read while the caller has this one. */
  @Test
  void itReadsAhead() throws InterruptedException {
    boolean[] read = new boolean[BATCHES];
    BatchSource slow =
        new IteratorSource(
            LAYOUT,
            BATCHES,
            epoch ->
                new Iterator<>() {
                  private int i;

                  @Override
                  public boolean hasNext() {
                    return i < BATCHES;
                  }

                  @Override
                  public Examples next() {
                    synchronized (read) {
                      read[i] = true;
                      read.notifyAll();
                    }
                    return batch(epoch, i++);
                  }
                });
    try (BatchSource source = new PrefetchSource(slow);
        Batch into = source.newBatch()) {
      source.fill(0, 0, into);
      long end = System.nanoTime() + 10_000_000_000L;
      synchronized (read) {
        while (!read[1] && System.nanoTime() < end) {
          read.wait(100);
        }
        assertTrue(read[1], "nothing was read ahead");
      }
    }
  }
}
