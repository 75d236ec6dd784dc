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
