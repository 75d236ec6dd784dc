package dev.gatun.app.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/**
 * Times of one piece of work, repeated.
 *
 * @param nanos of each run, ascending
 * @param allocatedPerRun Java heap bytes over all threads of the process
 */
@SuppressWarnings("ArrayRecordComponent") // made once, only read
public record Timing(long[] nanos, long allocatedPerRun) {
  /** Enough for a streaming step of some microseconds over the default time. */
  private static final int MOST_RUNS = 1_000_000;

  private static final int LEAST_RUNS = 5;
  private static final int MOST_ROUNDS = 20;

  /** Of warming up, in times of measuring: work of half a second needs no hundred runs for it. */
  private static final double MOST_WARMING = 10;

  private static final long SETTLED_BYTES = 10_000;

  /**
   * Warms up until the compilers are done, then measures.
   *
   * @param seconds to measure
   */
  public static Timing of(Runnable work, double seconds) {
    long[] nanos = new long[MOST_RUNS];
    warmUp(work, seconds, nanos);
    long before = allocated();
    int runs = repeat(work, seconds, nanos);
    long allocated = allocated() - before;
    long[] sorted = Arrays.copyOf(nanos, runs);
    Arrays.sort(sorted);
    return new Timing(sorted, allocated / runs);
  }

  /**
   * Rounds of a part of a second each, until three in a row are not a twentieth better than the
   * best and allocate nothing: vector code makes objects until it is compiled.
   */
  private static void warmUp(Runnable work, double seconds, long[] nanos) {
    double best = Double.POSITIVE_INFINITY;
    int without = 0;
    long end = System.nanoTime() + (long) (MOST_WARMING * seconds * 1e9);
    for (int round = 0;
        round < MOST_ROUNDS && without < 3 && (round == 0 || System.nanoTime() < end);
        round++) {
      long before = allocated();
      int runs = repeat(work, seconds / 3, nanos);
      boolean settled = (allocated() - before) / runs < SETTLED_BYTES;
      double mean = Arrays.stream(nanos, 0, runs).average().orElseThrow();
      without = mean < best * 0.95 || !settled ? 0 : without + 1;
      best = Math.min(best, mean);
    }
  }

  /** Heap bytes that all threads of the process have allocated so far. */
  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes();
  }

  private static int repeat(Runnable work, double seconds, long[] nanos) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    int runs = 0;
    long last = System.nanoTime();
    while (runs < nanos.length && (runs < LEAST_RUNS || last < end)) {
      work.run();
      long now = System.nanoTime();
      nanos[runs] = now - last;
      last = now;
      runs++;
    }
    return runs;
  }

  /** The time that a share of the runs stay below, in nanoseconds. */
  public double quantile(double share) {
    return nanos[(int) Math.min(nanos.length - 1L, (long) (share * nanos.length))];
  }

  /** The shortest, in nanoseconds. */
  public double least() {
    return nanos[0];
  }
}
