package dev.gatun.train;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/**
 * Looks for the batch size from which on a larger one is no faster: doubles it while the throughput
 * rises and memory suffices.
 */
public final class BatchProbe {
  /** A larger batch has to be this much faster to be worth its memory and its fewer updates. */
  private static final double GAIN = 1.05;

  /** One size may be slow for its shape alone; two in a row are not. */
  private static final int PATIENCE = 2;

  /** Steps before the clock: compilation, first touches of memory. */
  private static final int WARM_UP = 3;

  private BatchProbe() {}

  /** Why a probe ended. */
  public enum End {
    /** Two doublings in a row brought less than 5 %. */
    NO_FASTER,
    /** The next size did not fit into memory. */
    MEMORY,
    /** There are no larger sizes. */
    LARGEST
  }

  /**
   * A batch size that was tried.
   *
   * @param batch sequences of a step
   * @param perSecond what was measured, as tokens a second
   */
  public record Point(int batch, double perSecond) {}

  /**
   * What came of it.
   *
   * @param points each size that fitted, ascending
   */
  public record Result(List<Point> points, End end) {
    /** Keeps a copy. */
    public Result {
      points = List.copyOf(points);
    }

    /** The smallest size within 5 % of the fastest. */
    public int suggested() {
      double best = points.stream().mapToDouble(Point::perSecond).max().orElseThrow();
      return points.stream()
          .filter(point -> point.perSecond() * GAIN >= best)
          .findFirst()
          .orElseThrow()
          .batch();
    }
  }

  /**
   * Tries {@code first}, twice that, and so on.
   *
   * @param perSecond measures a size, as {@link #perSecond}; an {@link OutOfMemoryError} of it
   *     means that the size is too large, NaN that the data has no such size
   * @param first at least 1
   * @param most the largest size to try
   * @throws OutOfMemoryError if even the first size does not fit
   */
  public static Result run(IntToDoubleFunction perSecond, int first, int most) {
    if (first < 1 || most < first) {
      throw new IllegalArgumentException(
          "batch sizes go from at least 1 upwards, not from %d to %d".formatted(first, most));
    }
    List<Point> points = new ArrayList<>();
    double best = 0;
    int slow = 0;
    for (long batch = first; batch <= most; batch *= 2) {
      double measured;
      try {
        measured = perSecond.applyAsDouble((int) batch);
      } catch (OutOfMemoryError e) {
        if (points.isEmpty()) {
          throw e;
        }
        return new Result(points, End.MEMORY);
      }
      if (Double.isNaN(measured) && !points.isEmpty()) {
        return new Result(points, End.LARGEST);
      }
      points.add(new Point((int) batch, measured));
      slow = measured < GAIN * best ? slow + 1 : 0;
      best = Math.max(best, measured);
      if (slow == PATIENCE) {
        return new Result(points, End.NO_FASTER);
      }
    }
    return new Result(points, End.LARGEST);
  }

  /**
   * Measures a trainer by training: a few steps to warm up, then at least two, until the time is
   * over.
   *
   * @param trainer has that many steps to go
   * @param seconds to measure
   * @return valid positions a second
   */
  public static double perSecond(Trainer trainer, double seconds) {
    for (int i = 0; i < WARM_UP; i++) {
      trainer.step();
    }
    long start = System.nanoTime();
    long positions = 0;
    double passed = 0;
    for (int i = 0; i < 2 || passed < seconds; i++) {
      trainer.step();
      positions += trainer.positions();
      passed = (System.nanoTime() - start) * 1e-9;
    }
    return positions / passed;
  }
}
