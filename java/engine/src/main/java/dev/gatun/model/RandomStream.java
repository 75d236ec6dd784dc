package dev.gatun.model;

import dev.gatun.kernels.Philox;

/**
 * The random numbers of one parameter's initial values: Philox4x32-10 with the seed as key and the
 * parameter's index in the counter, so they depend on nothing drawn before.
 */
public final class RandomStream {
  private static final double UNIT = 0x1p-32;

  private final long seed;
  private final long counterHigh;
  private long index;
  private double spare = Double.NaN;

  /**
   * Starts a stream.
   *
   * @param seed the run's seed
   * @param stream its number, at least 0
   */
  public RandomStream(long seed, int stream) {
    this.seed = seed;
    // The sign bit separates these streams from dropout masks, whose layer numbers end at 2^23.
    counterHigh = Long.MIN_VALUE | stream;
  }

  /** The next number, uniform in (0, 1): 2^32 values, symmetric around a half. */
  public double uniform() {
    int word = Philox.word(seed, index >>> 2, counterHigh, (int) (index & 3));
    index++;
    return (Integer.toUnsignedLong(word) + 0.5) * UNIT;
  }

  /** The next number with mean 0 and standard deviation 1 (Box and Muller 1958). */
  public double normal() {
    if (!Double.isNaN(spare)) {
      double next = spare;
      spare = Double.NaN;
      return next;
    }
    // StrictMath: the same bits on every machine.
    double radius = StrictMath.sqrt(-2 * StrictMath.log(uniform()));
    double angle = 2 * Math.PI * uniform();
    spare = radius * StrictMath.sin(angle);
    return radius * StrictMath.cos(angle);
  }
}
