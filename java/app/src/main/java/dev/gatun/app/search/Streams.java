package dev.gatun.app.search;

import java.util.SplittableRandom;

/** Independent random streams of one seed. */
final class Streams {
  private Streams() {}

  /**
   * The stream of an index. Both numbers go through the generator's mixing function: its state only
   * counts up by a constant, so that seeds which differ by that share a stream, shifted.
   */
  static SplittableRandom of(long seed, int index) {
    long key = new SplittableRandom(seed).nextLong() + index;
    return new SplittableRandom(new SplittableRandom(key).nextLong());
  }
}
