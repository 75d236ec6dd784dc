package dev.gatun.app.search;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Points of a randomized Halton sequence: they leave smaller gaps than random ones. A parameter's
 * base is the next prime; every digit of a coordinate, the zeros that follow its last one too, goes
 * through a random permutation of its own, drawn from the study's seed, which makes each point
 * uniform (Owen, "A randomized Halton algorithm in R", 2017). Points are taken by the trial's
 * number.
 */
public record QuasiRandomSearch() implements Strategy {
  /** Digits end where they are below a double's last bit. */
  private static final double LAST = 0x1p-53;

  @Override
  public double[] suggest(History history, RandomGenerator random) {
    return history
        .space()
        .at(point(history.seed(), history.trials().size(), history.space().size()));
  }

  /** The coordinates in [0, 1) of a point of the sequence. */
  static double[] point(long seed, int index, int dimensions) {
    double[] point = new double[dimensions];
    int base = 1;
    for (int i = 0; i < dimensions; i++) {
      do {
        base++;
      } while (!prime(base));
      point[i] = coordinate(Streams.of(seed, i), index, base);
    }
    return point;
  }

  private static boolean prime(int number) {
    for (int i = 2; i * i <= number; i++) {
      if (number % i == 0) {
        return false;
      }
    }
    return true;
  }

  private static double coordinate(SplittableRandom random, int index, int base) {
    double value = 0;
    int rest = index;
    for (double unit = 1.0 / base; unit > LAST; unit /= base) {
      value += unit * permutation(random, base)[rest % base];
      rest /= base;
    }
    return Math.min(value, Math.nextDown(1.0));
  }

  private static int[] permutation(SplittableRandom random, int size) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int at = random.nextInt(i + 1);
      order[i] = order[at];
      order[at] = i;
    }
    return order;
  }
}
