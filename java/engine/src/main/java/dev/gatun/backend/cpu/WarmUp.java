package dev.gatun.backend.cpu;

import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Has kernels compiled on a thread of its own, once for a process, so that a first step finds them
 * compiled or on their way: a Vector API kernel that is interpreted is a thousand times slower. It
 * works on memory of its own and changes nothing that others see.
 */
public final class WarmUp {
  /** Then the process's own work, or the next plan, does the rest. An idle core needs a second. */
  private static final long MOST_NANOS = 3_000_000_000L;

  /** Of {@code java -Xint}: nothing will ever be compiled. */
  private static final String INTERPRETED = "interpreted mode";

  private static final Set<WarmKernels> asked = EnumSet.noneOf(WarmKernels.class);
  private static final ArrayDeque<WarmKernels> waiting = new ArrayDeque<>();
  private static @Nullable Thread thread;

  /** Who wants kernels warm: open backends, and the process itself after {@link #start()}. */
  private static volatile int users;

  private WarmUp() {}

  /** Starts on what every training needs, for as long as it takes; no backend has to be open. */
  public static synchronized void start() {
    users++;
    ask(List.of(WarmKernels.PRODUCTS, WarmKernels.TRAINING));
  }

  /** Counts a backend that has been opened. */
  static synchronized void open() {
    users++;
  }

  /** Starts on what plans of a stack need, if nobody has yet. */
  static synchronized void plan(RecurrentSpec spec, Mode mode) {
    List<WarmKernels> kernels = new ArrayList<>();
    kernels.add(WarmKernels.PRODUCTS);
    kernels.addAll(WarmKernels.forward(spec));
    if (mode == Mode.TRAINING) {
      kernels.addAll(WarmKernels.backward(spec));
      kernels.add(WarmKernels.TRAINING);
    }
    ask(kernels);
  }

  /** Starts on what updates of parameters need, if nobody has yet. */
  static synchronized void updates() {
    ask(List.of(WarmKernels.TRAINING));
  }

  /** The last backend to be closed waits for the thread, which ends at once. */
  static void close() {
    @Nullable Thread ending;
    synchronized (WarmUp.class) {
      users--;
      ending = users == 0 ? thread : null;
    }
    boolean interrupted = false;
    while (ending != null && ending.isAlive()) {
      try {
        ending.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void ask(List<WarmKernels> kernels) {
    if (System.getProperty("java.vm.info", "").contains(INTERPRETED)) {
      return;
    }
    for (WarmKernels each : kernels) {
      if (asked.add(each)) {
        waiting.add(each);
      }
    }
    if (thread == null && !waiting.isEmpty()) {
      thread = Thread.ofPlatform().daemon().name("gatun-warm-up").start(WarmUp::work);
    }
  }

  private static void work() {
    long end = System.nanoTime() + MOST_NANOS;
    BooleanSupplier go = () -> users > 0 && System.nanoTime() - end < 0;
    while (true) {
      WarmKernels next;
      synchronized (WarmUp.class) {
        if (waiting.isEmpty() || !go.getAsBoolean()) {
          thread = null;
          return;
        }
        next = waiting.remove();
      }
      if (!next.warm(go)) {
        synchronized (WarmUp.class) {
          waiting.addFirst(next);
        }
      }
    }
  }
}
