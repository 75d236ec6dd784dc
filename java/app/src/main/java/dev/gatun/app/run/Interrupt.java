package dev.gatun.app.run;

import java.util.concurrent.CountDownLatch;

/**
 * Lets a run end well when the process is asked to end. On SIGINT or SIGTERM the JVM runs its
 * shutdown hooks and then exits with 128 plus the signal's number (130 and 143); this hook asks the
 * run to stop and waits until it has saved.
 */
public final class Interrupt implements AutoCloseable {
  private final CountDownLatch saved = new CountDownLatch(1);
  private final Thread hook;
  private volatile boolean requested;

  /**
   * Starts to listen.
   *
   * @param stop asks the run to finish its step and save; from another thread
   */
  public Interrupt(Runnable stop) {
    hook = new Thread(() -> hold(stop), "gatun-interrupt");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void hold(Runnable stop) {
    requested = true;
    stop.run();
    try {
      saved.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the process was asked to end. */
  public boolean requested() {
    return requested;
  }

  /** Everything is saved and said: a process that was asked to end may do so now. */
  @Override
  public void close() {
    saved.countDown();
    if (!requested) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The JVM has just begun to end; the hook will find nothing to wait for.
        requested = true;
      }
    }
  }
}
