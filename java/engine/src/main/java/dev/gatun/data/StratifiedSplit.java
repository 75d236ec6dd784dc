package dev.gatun.data;

import java.util.Arrays;
import java.util.List;

/**
 * Examples in parts that have the classes in the same shares as the whole, to rounding, drawn by a
 * seed. Every class keeps at least one example to train on.
 *
 * @param order the examples, those of training first, then validation, then test; each part mixed
 * @param split the parts, as ranges of {@code order}
 */
public record StratifiedSplit(List<Integer> order, Split split) {
  /** Copies the order. */
  public StratifiedSplit {
    order = List.copyOf(order);
  }

  /** As for {@link Order}; -1 to -5 are taken. */
  private static final long PURPOSE = -6L << 40;

  /**
   * Draws the parts.
   *
   * @param classes [i], at least 0
   * @param validation how many
   * @param test how many
   * @throws IllegalArgumentException if a class would have none left to train on
   */
  public static StratifiedSplit of(int[] classes, int validation, int test, long seed) {
    int[] sizes = new int[Arrays.stream(classes).max().orElse(0) + 1];
    for (int k : classes) {
      sizes[k]++;
    }
    int present = (int) Arrays.stream(sizes).filter(size -> size > 0).count();
    if ((long) validation + test > classes.length - present) {
      throw new IllegalArgumentException(
          "validation %d and test %d of %d leave some of the %d classes nothing to train on"
              .formatted(validation, test, classes.length, present));
    }
    int[] free = Arrays.stream(sizes).map(size -> Math.max(0, size - 1)).toArray();
    int[] tested = shares(sizes, free, test, classes.length);
    for (int k = 0; k < free.length; k++) {
      free[k] -= tested[k];
    }
    int[] validated = shares(sizes, free, validation, classes.length);
    int[] order = new int[classes.length];
    int[] at = {0, classes.length - validation - test, classes.length - test};
    for (int i : mixed(classes.length, seed)) {
      int k = classes[i];
      int part = tested[k] > 0 ? 2 : validated[k] > 0 ? 1 : 0;
      tested[k] -= part == 2 ? 1 : 0;
      validated[k] -= part == 1 ? 1 : 0;
      order[at[part]++] = i;
    }
    int training = classes.length - validation - test;
    List<Integer> list = Arrays.stream(order).boxed().toList();
    return new StratifiedSplit(list, Split.counts(classes.length, training, validation, test));
  }

  private static int[] mixed(int count, long seed) {
    Draws draws = new Draws(seed);
    draws.begin(PURPOSE, 0);
    int[] items = new int[count];
    for (int i = 0; i < count; i++) {
      int j = draws.below(i + 1);
      items[i] = items[j];
      items[j] = i;
    }
    return items;
  }

  /** So many in all, by the largest remainders, none beyond what is free. */
  private static int[] shares(int[] sizes, int[] free, int wanted, int all) {
    int[] given = new int[sizes.length];
    int left = wanted;
    for (int k = 0; k < sizes.length; k++) {
      given[k] = (int) Math.min(free[k], (long) wanted * sizes[k] / all);
      left -= given[k];
    }
    for (; left > 0; left--) {
      int best = -1;
      double most = Double.NEGATIVE_INFINITY;
      for (int k = 0; k < sizes.length; k++) {
        double lack = (double) wanted * sizes[k] / all - given[k];
        if (given[k] < free[k] && lack > most) {
          best = k;
          most = lack;
        }
      }
      given[best]++;
    }
    return given;
  }
}
