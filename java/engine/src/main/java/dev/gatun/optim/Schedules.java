package dev.gatun.optim;

import java.util.Objects;

/** The usual schedules; values are PyTorch's where it has the same. */
public final class Schedules {
  private Schedules() {}

  /** Always {@code rate}. */
  public static Schedule constant(double rate) {
    checkRate(rate, "rate");
    return step -> rate;
  }

  /** Times {@code factor} after every {@code every} steps: PyTorch's StepLR. */
  public static Schedule stepDecay(double rate, long every, double factor) {
    checkRate(rate, "rate");
    checkSteps(every, "every");
    checkFactor(factor);
    return step -> {
      long decays = step / every;
      return rate * Math.pow(factor, (double) decays);
    };
  }

  /** Times {@code factor} at each step: PyTorch's ExponentialLR. */
  public static Schedule exponential(double rate, double factor) {
    checkRate(rate, "rate");
    checkFactor(factor);
    return step -> rate * Math.pow(factor, (double) step);
  }

  /**
   * Half a cosine from {@code rate} at step 0 to {@code floor} at step {@code steps} (Loshchilov
   * and Hutter 2017): PyTorch's CosineAnnealingLR; after that the floor, where PyTorch would rise
   * again.
   */
  public static Schedule cosine(double rate, double floor, long steps) {
    checkRate(rate, "rate");
    checkSteps(steps, "steps");
    if (!(floor >= 0 && floor <= rate)) {
      throw new IllegalArgumentException(
          "the floor %s must be between 0 and the rate %s".formatted(floor, rate));
    }
    return step ->
        step >= steps ? floor : floor + (rate - floor) * (1 + Math.cos(Math.PI * step / steps)) / 2;
  }

  /**
   * {@link #cosine} over and over, each time from the rate (Loshchilov and Hutter 2017): PyTorch's
   * CosineAnnealingWarmRestarts.
   *
   * @param first steps of the first cosine
   * @param multiply how many times as long as the one before each cosine is, at least 1
   */
  public static Schedule cosineRestarts(double rate, double floor, long first, int multiply) {
    Schedule cosine = cosine(rate, floor, first); // checks them
    checkSteps(multiply, "multiply");
    return step -> {
      long at = step;
      long length = first;
      if (multiply == 1) {
        at %= length;
      }
      while (at >= length) {
        at -= length;
        length *= multiply;
      }
      return length == first
          ? cosine.at(at)
          : floor + (rate - floor) * (1 + Math.cos(Math.PI * at / length)) / 2;
    };
  }

  /**
   * One rise and fall over a run of {@code steps} (Smith and Topin 2019): half a cosine from rate /
   * start up to the rate, which it reaches after the fraction {@code rise} of the steps, and half a
   * cosine down to rate / (start * end): PyTorch's OneCycleLR, without its momentum. After the run
   * it stays there.
   *
   * @param rise above 0 and below 1; PyTorch's 0.3
   * @param start how many times lower the first rate is; PyTorch's 25
   * @param end how many times lower than the first the last rate is; PyTorch's 1e4
   */
  public static Schedule oneCycle(double rate, long steps, double rise, double start, double end) {
    checkRate(rate, "rate");
    checkSteps(steps, "steps");
    if (!(rise > 0 && rise < 1)) {
      throw new IllegalArgumentException("rise " + rise + " must be above 0 and below 1");
    }
    if (!(start >= 1 && end >= 1)) {
      throw new IllegalArgumentException(
          "start %s and end %s must be at least 1".formatted(start, end));
    }
    double first = rate / start;
    double last = first / end;
    double top = rise * steps - 1;
    return step -> {
      if (step >= steps) {
        return last;
      }
      return step <= top
          ? between(first, rate, step / top)
          : between(rate, last, (step - top) / (steps - 1 - top));
    };
  }

  /** From one number to another along half a cosine. */
  private static double between(double from, double to, double share) {
    return to + (from - to) / 2 * (1 + Math.cos(Math.PI * share));
  }

  /**
   * rate / sqrt(1 + step / scale): after a {@link #warmup} of {@code scale} steps, the schedule of
   * Vaswani et al. 2017.
   *
   * @param scale the steps after which the rate has fallen to 0.71 of itself
   */
  public static Schedule inverseSquareRoot(double rate, long scale) {
    checkRate(rate, "rate");
    checkSteps(scale, "scale");
    return step -> rate / Math.sqrt(1 + (double) step / scale);
  }

  /**
   * Rises linearly over {@code steps} updates, from peak / (steps + 1) at the first, and reaches
   * the peak with the first step of {@code after}: PyTorch's LinearLR with start_factor 1 / (steps
   * + 1), then that schedule.
   *
   * @param after follows from its step 0, whose rate is the peak
   */
  public static Schedule warmup(long steps, Schedule after) {
    checkSteps(steps, "warm-up steps");
    Objects.requireNonNull(after, "after");
    double peak = after.at(0);
    return step -> step < steps ? peak * (step + 1) / (steps + 1) : after.at(step - steps);
  }

  private static void checkRate(double rate, String name) {
    if (!(rate > 0 && rate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + " " + rate + " must be above 0 and finite");
    }
  }

  private static void checkSteps(long steps, String name) {
    if (steps < 1) {
      throw new IllegalArgumentException(name + " " + steps + " must be at least 1");
    }
  }

  private static void checkFactor(double factor) {
    if (!(factor > 0 && factor <= 1)) {
      throw new IllegalArgumentException("factor " + factor + " must be above 0 and at most 1");
    }
  }
}
