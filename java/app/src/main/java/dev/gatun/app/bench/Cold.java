package dev.gatun.app.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;

/**
 * How long a fresh process takes to its first step, and to full speed.
 *
 * @param firstStep seconds from the start of the process to the end of the first step
 * @param fullSpeed seconds from the start of the process until steps take at most a tenth longer
 *     than in the end
 * @param medianNanos a step in the end
 * @param steps that were timed
 */
public record Cold(double firstStep, double fullSpeed, double medianNanos, int steps) {
  /** Steps whose median is compared, so that one quick step is not full speed. */
  private static final int WINDOW = 7;

  private static final double WITHIN = 1.1;
  private static final int MOST_STEPS = 100_000;

  /** Of what /proc/self/stat has after the process's name, proc_pid_stat(5): its start. */
  private static final int START_FIELD = 19;

  /** USER_HZ, which Linux fixes for all programs whatever its own clock. */
  private static final double TICKS_PER_SECOND = 100;

  /**
   * Repeats a step and looks at the clock after each.
   *
   * @param work one step
   * @param seconds how long; the last quarter of the steps is taken for full speed
   */
  public static Cold of(Runnable work, double seconds) {
    double sinceStart = sinceStart();
    long begin = System.nanoTime();
    long end = begin + (long) (seconds * 1e9);
    long[] at = new long[MOST_STEPS + 1];
    at[0] = begin;
    int steps = 0;
    while (steps < 4 * WINDOW || (at[steps] < end && steps < MOST_STEPS)) {
      work.run();
      at[++steps] = System.nanoTime();
    }
    double full = median(at, steps - steps / 4, steps);
    int first = 1;
    while (median(at, first, first + WINDOW) > WITHIN * full && first + WINDOW < steps) {
      first++;
    }
    return new Cold(
        sinceStart + 1e-9 * (at[1] - begin), sinceStart + 1e-9 * (at[first] - begin), full, steps);
  }

  /**
   * Seconds since this process started. Java's own start instant is up to a second early on Linux,
   * where it adds to the time of boot in whole seconds; the kernel counts from boot in hundredths.
   */
  private static double sinceStart() {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"));
      String uptime = Files.readString(Path.of("/proc/uptime"));
      // The name, in brackets, may hold blanks; the start is the 20th field after it.
      String start = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[START_FIELD];
      return Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')))
          - Long.parseLong(start) / TICKS_PER_SECOND;
    } catch (IOException e) {
      // Not Linux: the systems that have no such file keep the start itself.
      Instant start = ProcessHandle.current().info().startInstant().orElseThrow();
      return 1e-9 * Duration.between(start, Instant.now()).toNanos();
    }
  }

  /** Of the steps from to to - 1, in nanoseconds. */
  private static double median(long[] at, int from, int to) {
    long[] nanos = new long[to - from];
    for (int i = from; i < to; i++) {
      nanos[i - from] = at[i + 1] - at[i];
    }
    Arrays.sort(nanos);
    return nanos[nanos.length / 2];
  }
}
