package dev.gatun.backend.cpu;

import dev.gatun.tensor.Usage;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed team of platform threads that runs the parts of one task at a time; the calling thread
 * works too. Which thread runs a part is left to chance, so a task's result may depend on its parts
 * but never on who ran them. Calls allocate nothing.
 */
final class Team implements AutoCloseable {
  /** A task split into numbered, independent parts. */
  interface Task {
    void run(int part);
  }

  /**
   * How often a waiting thread looks before it sleeps: about 20 us at 10 ns a look, longer than the
   * gap between two tasks of a step and short enough to leave a shared core to its neighbour.
   */
  private static final int SPINS = 2_000;

  private static final VarHandle NEXT_PART;
  private static final VarHandle ACTIVE;
  private static final VarHandle RUNNING;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      NEXT_PART = lookup.findVarHandle(Team.class, "nextPart", int.class);
      ACTIVE = lookup.findVarHandle(Team.class, "active", int.class);
      RUNNING = lookup.findVarHandle(Team.class, "running", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Usage backend;
  private final Thread[] workers;
  private @Nullable Task task;
  private int parts;
  private volatile @Nullable Thread caller;
  private volatile @Nullable Throwable failure;
  private volatile boolean closed;

  /** Counts tasks: workers wait for it to move. */
  private volatile int generation;

  /** The generation that workers may still join, or -1: a late worker finds the task closed. */
  private volatile int open = -1;

  @SuppressWarnings("unused") // through NEXT_PART
  private volatile int nextPart;

  /** Workers inside the current task. The caller waits for these only, never for one asleep. */
  @SuppressWarnings("unused") // through ACTIVE
  private volatile int active;

  @SuppressWarnings("unused") // through RUNNING
  private volatile boolean running;

  /**
   * Starts the workers.
   *
   * @param threads threads that work on a task, the caller included
   * @param backend the usage of the backend whose team it is
   */
  Team(int threads, Usage backend) {
    this.backend = backend;
    workers = new Thread[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = Thread.ofPlatform().daemon().name("gatun-cpu-" + (i + 1)).start(this::work);
    }
  }

  /** The threads that work on a task, the caller included. */
  int threads() {
    return workers.length + 1;
  }

  /**
   * Runs parts 0 to count - 1 and returns when all are done.
   *
   * @throws IllegalStateException with the cause if a part threw on another thread, or if the
   *     backend has been closed or runs a task of another thread
   */
  void run(int count, Task newTask) {
    backend.check();
    if (count == 1 || workers.length == 0) {
      for (int part = 0; part < count; part++) {
        newTask.run(part);
      }
      return;
    }
    if (!RUNNING.compareAndSet(this, false, true)) {
      // A second task would take the first one's workers from it, and both would wait for ever.
      throw new IllegalStateException(
          "the backend is at work on another thread: it is for one at a time, fork() one for each");
    }
    task = newTask;
    parts = count;
    failure = null;
    caller = Thread.currentThread();
    nextPart = 0;
    int current = (generation + 1) & Integer.MAX_VALUE;
    open = current;
    generation = current;
    for (Thread worker : workers) {
      LockSupport.unpark(worker);
    }
    try {
      takeParts(newTask, count);
    } finally {
      open = -1;
      awaitWorkers();
      caller = null;
      task = null;
      running = false;
    }
    Throwable thrown = failure;
    if (thrown != null) {
      throw new IllegalStateException("a worker thread failed: " + thrown.getMessage(), thrown);
    }
  }

  private void takeParts(Task current, int count) {
    for (int part = (int) NEXT_PART.getAndAdd(this, 1);
        part < count;
        part = (int) NEXT_PART.getAndAdd(this, 1)) {
      current.run(part);
    }
  }

  private void awaitWorkers() {
    for (int spin = 0; active > 0; spin++) {
      if (spin < SPINS) {
        Thread.onSpinWait();
      } else {
        LockSupport.park(this);
      }
    }
  }

  private void work() {
    int seen = 0;
    while (true) {
      for (int spin = 0; generation == seen && !closed; spin++) {
        if (spin < SPINS) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
        }
      }
      if (closed) {
        return;
      }
      seen = generation;
      ACTIVE.getAndAdd(this, 1);
      // Joined first, looked second: either this sees the task closed or the caller waits for it.
      Task current = open == seen ? task : null;
      if (current != null) {
        try {
          takeParts(current, parts);
        } catch (Throwable t) {
          failure = t;
        }
      }
      ACTIVE.getAndAdd(this, -1);
      LockSupport.unpark(caller);
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Thread worker : workers) {
      LockSupport.unpark(worker);
    }
    boolean interrupted = false;
    for (Thread worker : workers) {
      while (worker.isAlive()) {
        try {
          worker.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
