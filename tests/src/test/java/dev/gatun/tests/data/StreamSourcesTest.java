package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.data.IteratorSource;
import dev.gatun.data.PrefetchSource;
import dev.gatun.data.TargetKind;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Semaphore;
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

  /** Decoders that say less than the input has steps, and more. */
  private static final Examples PAIRS =
      Examples.tokens(new int[][] {{1, 4, 2, 3}, {3}, {2, 2}, {4}})
          .decoded(new int[][] {{2}, {3, 1, 1, 2, 2}, {}, {1}});

  @Test
  void sequencesToDecodeAreTheSameToo() {
    try (ArraySource whole = ArraySource.sequential(PAIRS, 4);
        Batch expected = whole.newBatch();
        BatchSource ahead = new PrefetchSource(ArraySource.sequential(PAIRS, 4));
        BatchSource iterator =
            new IteratorSource(whole.layout(), 1, epoch -> List.of(PAIRS).iterator());
        Batch into = whole.newBatch()) {
      whole.fill(0, 0, expected);
      for (BatchSource source : List.of(ahead, iterator)) {
        source.fill(0, 0, into);
        assertEquals(6, into.time(), "the longest decoder's steps");
        assertEquals(expected.ragged(), into.ragged());
        assertEquals(expected.targetCount(), into.targetCount());
        assertArrayEquals(expected.inputs().toDoubles(), into.inputs().toDoubles());
        assertArrayEquals(expected.lengths().toDoubles(), into.lengths().toDoubles());
        assertArrayEquals(expected.targets().toDoubles(), into.targets().toDoubles());
        assertArrayEquals(
            Objects.requireNonNull(expected.decoderInputs()).toDoubles(),
            Objects.requireNonNull(into.decoderInputs()).toDoubles());
        assertArrayEquals(
            Objects.requireNonNull(expected.decoderLengths()).toDoubles(),
            Objects.requireNonNull(into.decoderLengths()).toDoubles());
        into.begin(6, 4);
        for (int n = 0; n < 4; n++) {
          Objects.requireNonNull(into.decoderLengths()).setLong(n, 0);
        }
      }
    }
  }

  /** A source that does something first. */
  private record Before(Runnable first) implements BatchSource {
    @Override
    public BatchLayout layout() {
      return LAYOUT;
    }

    @Override
    public int batches(int epoch) {
      return BATCHES;
    }

    @Override
    public void fill(int epoch, int index, Batch into) {
      first.run();
      into.begin(4, 3);
    }
  }

  @Test
  void anErrorIsThrownWhereTheBatchIsAskedFor() {
    BatchSource failing =
        new Before(
            () -> {
              throw new StackOverflowError("too deep");
            });
    try (BatchSource source = new PrefetchSource(failing);
        Batch into = source.newBatch()) {
      assertTimeoutPreemptively(
          Duration.ofSeconds(10),
          () -> assertThrows(StackOverflowError.class, () -> source.fill(0, 0, into)));
    }
  }

  @Test
  void closingWaitsForTheThreadEvenIfInterrupted() throws InterruptedException {
    Semaphore fills = new Semaphore(0);
    Semaphore goOn = new Semaphore(1);
    BatchSource source =
        new PrefetchSource(
            new Before(
                () -> {
                  fills.release();
                  goOn.acquireUninterruptibly();
                }));
    try (Batch into = source.newBatch()) {
      source.fill(0, 0, into);
      fills.acquire(2); // it is at the next one
      boolean[] interrupted = {false};
      Thread closing =
          new Thread(
              () -> {
                Thread.currentThread().interrupt();
                source.close();
                interrupted[0] = Thread.currentThread().isInterrupted();
              });
      closing.start();
      closing.join(200);
      assertTrue(closing.isAlive(), "closed what is being written");
      goOn.release();
      closing.join();
      assertTrue(interrupted[0], "the interrupt is kept");
    }
  }
}
