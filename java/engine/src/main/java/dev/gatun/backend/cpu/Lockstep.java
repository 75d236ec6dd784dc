package dev.gatun.backend.cpu;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Takes the threads of a team through a sequence of phases together: nobody begins a phase before
 * all chunks of the one before are done. A chunk is run by whoever claims it first, and each thread
 * begins with its own, whose part of the weights is in its cache. So a thread that comes late or
 * was put aside by the operating system holds up only the one chunk that it has claimed.
 *
 * <p>Every thread must go through the same phases with the same numbers of chunks, and may write
 * shared memory within a chunk only.
 */
final class Lockstep {
  /**
   * How often a waiting thread looks before it offers its core to others: about 20 us at 10 ns a
   * look. A phase rarely takes longer unless a neighbour has the core of the thread that is waited
   * for.
   */
  private static final int SPINS = 2_000;

  /** Longs from one claim to the next: two cache lines, as processors fetch them in pairs. */
  private static final int STRIDE = 16;

  /** For each chunk the number of the last phase in which it was claimed. */
  private final AtomicLongArray claims;

  private final int threads;

  /** Chunks done since {@link #begin}. */
  private final AtomicLong done = new AtomicLong();

  /** Whether a chunk failed: the phases after it will never be complete. */
  private volatile boolean failed;

  /** For chunks up to the number of threads. */
  Lockstep(int threads) {
    this.threads = threads;
    claims = new AtomicLongArray((threads + 1) * STRIDE);
  }

  /** Where one thread is. */
  static final class Place {
    private int thread;
    private long phase;
    private long expected;
  }

  /** One phase's work. */
  interface Chunk {
    void run(int chunk, int chunks);
  }

  /** To be called by one thread before all call {@link #enter}. */
  void begin() {
    for (int chunk = 0; chunk < threads; chunk++) {
      claims.set((chunk + 1) * STRIDE, 0);
    }
    failed = false;
    done.set(0);
  }

  /** To be called by each thread first. */
  void enter(Place place, int thread) {
    place.thread = thread;
    place.phase = 0;
    place.expected = 0;
  }

  /**
   * Runs the unclaimed chunks of the next phase and waits for the others.
   *
   * @return false if the work has failed on another thread and has to be given up
   */
  @SuppressWarnings("ThreadPriorityCheck") // a hint to let the awaited thread have this core
  boolean run(Place place, int chunks, Chunk work) {
    long phase = ++place.phase;
    int first = place.thread * chunks / threads;
    int mine = 0;
    try {
      for (int i = 0; i < chunks; i++) {
        int chunk = first + i < chunks ? first + i : first + i - chunks;
        if (claim(chunk, phase)) {
          work.run(chunk, chunks);
          mine++;
        }
      }
    } catch (RuntimeException | Error e) {
      failed = true;
      throw e;
    }
    if (mine > 0) {
      done.addAndGet(mine);
    }
    place.expected += chunks;
    for (int spin = 0; done.get() < place.expected; spin++) {
      if (failed) {
        return false;
      }
      if (spin < SPINS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
    return true;
  }

  private boolean claim(int chunk, long phase) {
    int at = (chunk + 1) * STRIDE;
    long last = claims.get(at);
    return last < phase && claims.compareAndSet(at, last, phase);
  }
}
