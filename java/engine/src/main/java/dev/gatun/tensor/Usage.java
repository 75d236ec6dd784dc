package dev.gatun.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what owns native memory from being closed while another thread works with it: kernels have
 * bare addresses, so freeing under them would end the JVM. Work lies between {@link #enter} and
 * {@link #exit}; {@link #close} refuses as long as there is any. Costs an atomic count, no lock and
 * no allocation; it does not make an owner safe for two threads that work at once.
 */
public final class Usage {
  private static final int CLOSED = -1;

  private final String what;
  private final Usage[] on;
  private final boolean alone;

  /** The calls inside, or {@link #CLOSED}. */
  private final AtomicInteger count = new AtomicInteger();

  /**
   * The thread that is inside alone. Needs no fence: a thread asks only whether it is itself, and
   * that only it writes.
   */
  private @Nullable Thread holder;

  /**
   * Open and unused.
   *
   * @param what the owner, for messages: "the plan"
   * @param on what it works on, which is to stay open as long as it is at work
   */
  public Usage(String what, Usage... on) {
    this(what, false, on);
  }

  private Usage(String what, boolean alone, Usage... on) {
    this.what = what;
    this.alone = alone;
    this.on = on.clone();
  }

  /**
   * As {@link #Usage}, of what only ever one thread works with at a time: {@link #enter} is {@link
   * #enterAlone}.
   */
  public static Usage exclusive(String what, Usage... on) {
    return new Usage(what, true, on);
  }

  /**
   * Begins work, on what this works on too. Calls may nest.
   *
   * @throws IllegalStateException if any of them has been closed, or is {@link #exclusive} and at
   *     work on another thread
   */
  public void enter() {
    if (alone) {
      enterAlone();
      return;
    }
    while (true) {
      int inside = count.get();
      if (inside == CLOSED) {
        throw closed();
      }
      if (count.compareAndSet(inside, inside + 1)) {
        break;
      }
    }
    enterOn();
  }

  private void enterOn() {
    int entered = 0;
    try {
      while (entered < on.length) {
        on[entered].enter();
        entered++;
      }
    } catch (IllegalStateException e) {
      leave(entered);
      throw e;
    }
  }

  /**
   * Begins work that no other thread may do at the same time; calls of one thread may nest. Kernels
   * that two threads ran in one memory could end the JVM.
   *
   * @throws IllegalStateException if another thread is at work, or as {@link #enter}
   */
  public void enterAlone() {
    Thread current = Thread.currentThread();
    if (!current.equals(holder)) {
      if (!count.compareAndSet(0, 1)) {
        check();
        throw new IllegalStateException(
            what + " is at work on another thread: it is for one at a time, make one for each");
      }
      holder = current;
    } else {
      count.incrementAndGet();
    }
    enterOn();
  }

  /** Ends what the matching {@link #enter} began. */
  public void exit() {
    leave(on.length);
  }

  private void leave(int entered) {
    for (int i = entered - 1; i >= 0; i--) {
      on[i].exit();
    }
    if (count.get() == 1) {
      holder = null;
    }
    count.decrementAndGet();
  }

  /**
   * Checks that work can begin.
   *
   * @throws IllegalStateException if this has been closed
   */
  public void check() {
    if (count.get() == CLOSED) {
      throw closed();
    }
  }

  /**
   * Refuses all further work.
   *
   * @return whether the owner has to free what it holds; false if this was closed before
   * @throws IllegalStateException if it is being worked with; nothing has changed then
   */
  public boolean close() {
    if (count.compareAndSet(0, CLOSED)) {
      return true;
    }
    if (count.get() == CLOSED) {
      return false;
    }
    throw new IllegalStateException(
        what + " is at work: close it after the call that runs has returned");
  }

  private IllegalStateException closed() {
    return new IllegalStateException(what + " has been closed");
  }
}
