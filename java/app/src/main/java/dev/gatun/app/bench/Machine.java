package dev.gatun.app.bench;

import dev.gatun.kernels.Peak;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.DoubleSupplier;
import java.util.function.IntToDoubleFunction;

/**
 * What this machine does at best, measured on a number of threads at once, or on all processors if
 * these are fewer: the best moments of threads that take turns would count as one.
 */
public final class Machine {
  private static final double SECONDS = 0.3;

  /** Until the loop is compiled, which a busy machine delays, it is a hundred times slower. */
  private static final int MOST_ROUNDS = 10;

  /**
   * A compiled loop does more on one thread: two operations a nanosecond are one scalar
   * multiply-add at 1 GHz. The interpreter stays below a tenth of it, round after round.
   */
  private static final double LEAST_GFLOPS = 2;

  /** An interpreter that nothing replaces is what this machine has. */
  private static final int MOST_WARMING_ROUNDS = 40;

  /** A thread's share is well beyond any cache, so that memory is what is measured. */
  private static final long FLOATS = 32L << 20;

  private Machine() {}

  /** Fused multiply-adds from registers, GFLOP/s of all threads together. */
  public static double gflops(int threads) {
    for (int round = 0; round < MOST_WARMING_ROUNDS; round++) {
      if (Peak.fmaGflops(SECONDS) >= LEAST_GFLOPS) {
        break;
      }
    }
    return settled(() -> together(atOnce(threads), i -> Peak.fmaGflops(SECONDS)));
  }

  /** Reading from memory, GB/s (10^9 bytes) of all threads together. */
  public static double gigabytesPerSecond(int threads) {
    Tensor memory = Tensor.host(DType.F32, FLOATS);
    try {
      int readers = atOnce(threads);
      long share = FLOATS / readers * Float.BYTES;
      long base = memory.address();
      memory.segment().fill((byte) 1); // untouched pages would all be one page of zeros
      return settled(() -> together(readers, i -> Peak.readGBps(base + i * share, share, SECONDS)));
    } finally {
      memory.memory().close();
    }
  }

  private static int atOnce(int threads) {
    return Math.min(threads, Runtime.getRuntime().availableProcessors());
  }

  /** Repeats until two rounds in a row bring nothing better by a tenth. */
  private static double settled(DoubleSupplier measure) {
    double best = 0;
    int without = 0;
    for (int round = 0; round < MOST_ROUNDS && without < 2; round++) {
      double result = measure.getAsDouble();
      without = result > best * 1.1 ? 0 : without + 1;
      best = Math.max(best, result);
    }
    return best;
  }

  private static double together(int threads, IntToDoubleFunction measure) {
    try (ExecutorService team = Executors.newFixedThreadPool(threads)) {
      List<Callable<Double>> tasks = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int index = i;
        tasks.add(() -> measure.applyAsDouble(index));
      }
      double sum = 0;
      for (Future<Double> result : team.invokeAll(tasks)) {
        sum += result.get();
      }
      return sum;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while measuring", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("measuring failed: " + e.getCause(), e);
    }
  }
}
