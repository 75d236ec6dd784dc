package dev.gatun.optim;

/**
 * How weights are averaged over the steps of a run.
 *
 * @param kind of mean
 * @param decay of an exponential mean, 0 to below 1: what stays of the average at each step; the
 *     first steps k use the smaller (1 + k) / (10 + k), so that initial values are soon forgotten
 * @param start the first step of an equal mean, from 1
 * @param every steps between two that an equal mean takes
 */
public record Averaging(Kind kind, double decay, long start, long every) {
  /** Which mean. */
  public enum Kind {
    /** Exponential (Polyak and Juditsky 1992, as used since Szegedy et al. 2016). */
    EMA,
    /** Equal, stochastic weight averaging (Izmailov et al. 2018). */
    SWA
  }

  /** Checks the ranges. */
  public Averaging {
    if (!(decay >= 0 && decay < 1)) {
      throw new IllegalArgumentException("decay " + decay + " must be in [0, 1)");
    }
    if (start < 1 || every < 1) {
      throw new IllegalArgumentException(
          "start %d and every %d must be at least 1".formatted(start, every));
    }
  }

  /** An exponential mean; 0.999 is usual. */
  public static Averaging ema(double decay) {
    return new Averaging(Kind.EMA, decay, 1, 1);
  }

  /** An equal mean of the weights after step {@code start} and every so many steps from there. */
  public static Averaging swa(long start, long every) {
    return new Averaging(Kind.SWA, 0, start, every);
  }

  /** Whether the weights after a step, from 1, are taken. */
  boolean takes(long step) {
    return step >= start && (step - start) % every == 0;
  }

  /** The part that new weights have in the average, after {@code taken} others. */
  double weight(long taken) {
    return kind == Kind.SWA
        ? 1.0 / (taken + 1)
        : 1 - Math.min(decay, (1.0 + taken) / (10.0 + taken));
  }
}
