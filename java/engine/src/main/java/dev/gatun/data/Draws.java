package dev.gatun.data;

import dev.gatun.kernels.Philox;

/**
 * Random numbers that depend on a seed and a place alone, never on what was drawn elsewhere: words
 * of Philox4x32-10 with the seed as key. Allocates nothing.
 */
public final class Draws {
  private static final double UNIT = 0x1p-32;

  private final long seed;
  private long counterHigh;
  private long counterLow;
  private int count;

  Draws(long seed) {
    this.seed = seed;
  }

  /**
   * Goes to a place.
   *
   * @param high its purpose and number
   * @param low a number within it, whose upper 32 bits alone may be set: the others count draws
   */
  void begin(long high, long low) {
    counterHigh = high;
    counterLow = low;
    count = 0;
  }

  private long word() {
    int word = Philox.word(seed, counterLow | (count >>> 2), counterHigh, count & 3);
    count++;
    return word & 0xFFFFFFFFL;
  }

  /** A number from 0 to {@code bound} - 1, unbiased (Lemire 2019, "Fast random integers"). */
  public int below(int bound) {
    while (true) {
      long product = word() * bound;
      // 2^32 mod bound of the 2^32 words would make small results likelier: draw again.
      if ((product & 0xFFFFFFFFL) >= (1L << 32) % bound) {
        return (int) (product >>> 32);
      }
    }
  }

  /** Uniform in (0, 1). */
  public double uniform() {
    return (word() + 0.5) * UNIT;
  }

  /**
   * With mean 0 and standard deviation 1 (Marsaglia and Bray 1964, "A convenient method for
   * generating normal variables"): without a cosine, whose code in StrictMath makes arrays.
   */
  public double normal() {
    while (true) {
      double x = 2 * uniform() - 1;
      double y = 2 * uniform() - 1;
      double square = x * x + y * y;
      if (square < 1 && square > 0) {
        // StrictMath: the same bits on every machine.
        return x * StrictMath.sqrt(-2 * StrictMath.log(square) / square);
      }
    }
  }
}
