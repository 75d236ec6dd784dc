package dev.gatun.data;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A source whose next batch is filled by a thread of its own while the one before is learnt from.
 * Batches are the same, in the same order.
 */
public final class PrefetchSource implements BatchSource {
  /** What the thread is at. */
  private enum State {
    IDLE,
    FILLING,
    READY,
    FAILED,
    CLOSED
  }

  private final BatchSource from;
  private final Batch ahead;
  private final Thread thread;
  private final Object lock = new Object();
  private State state = State.IDLE;
  private int epoch;
  private int index;
  private @Nullable Throwable failure;

  /**
   * Starts the thread.
   *
   * @param from what it reads, for nobody else from now on; closed with this
   */
  public PrefetchSource(BatchSource from) {
    this.from = Objects.requireNonNull(from, "from");
    ahead = from.newBatch();
    thread = Thread.ofPlatform().daemon().name("gatun-prefetch").start(this::work);
  }

  private void work() {
    while (true) {
      synchronized (lock) {
        while (state != State.FILLING && state != State.CLOSED) {
          await();
        }
        if (state == State.CLOSED) {
          return;
        }
      }
      Throwable failed = null;
      try {
        from.fill(epoch, index, ahead);
      } catch (RuntimeException | Error e) {
        failed = e; // thrown when that batch is asked for
      }
      synchronized (lock) {
        failure = failed;
        if (state == State.FILLING) {
          state = failed == null ? State.READY : State.FAILED;
        }
        lock.notifyAll();
      }
    }
  }

  /** Holding the lock. An interrupt is for whoever asks for it next. */
  @SuppressWarnings("WaitNotInLoop") // its callers are loops
  private void await() {
    boolean interrupted = false;
    try {
      lock.wait();
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a batch was filled");
    }
  }

  @Override
  public BatchLayout layout() {
    return from.layout();
  }

  @Override
  public int batches(int anyEpoch) {
    return from.batches(anyEpoch);
  }

  @Override
  public void fill(int wantedEpoch, int wantedIndex, Batch into) {
    Objects.checkIndex(wantedIndex, from.batches(wantedEpoch));
    Order.checkLayout(into, from.layout());
    synchronized (lock) {
      finish();
      boolean here = state != State.IDLE && epoch == wantedEpoch && index == wantedIndex;
      if (!here) {
        ask(wantedEpoch, wantedIndex);
        finish();
      }
      if (state == State.FAILED) {
        state = State.IDLE;
        throw thrown();
      }
      into.copyFrom(ahead);
      boolean last = wantedIndex + 1 >= from.batches(wantedEpoch);
      ask(last ? wantedEpoch + 1 : wantedEpoch, last ? 0 : wantedIndex + 1);
    }
  }

  /** What the thread met: it caught nothing else. */
  private RuntimeException thrown() {
    if (failure instanceof Error error) {
      throw error;
    }
    return (RuntimeException) Objects.requireNonNull(failure);
  }

  private void finish() {
    while (state == State.FILLING) {
      await();
    }
    if (state == State.CLOSED) {
      throw new IllegalStateException("the source has been closed");
    }
  }

  private void ask(int nextEpoch, int nextIndex) {
    epoch = nextEpoch;
    index = nextIndex;
    state = State.FILLING;
    lock.notifyAll();
  }

  @Override
  public void close() {
    synchronized (lock) {
      if (state == State.CLOSED) {
        return;
      }
      state = State.CLOSED;
      lock.notifyAll();
    }
    join();
    ahead.close();
    from.close();
  }

  /** However often it is interrupted: the thread writes to what is closed next. */
  private void join() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
