package dev.gatun.app.search;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Divisions of n samples, numbered from 0, for cross-validation. */
public final class Splits {
  private Splits() {}

  /**
   * One division.
   *
   * @param train indices to train on, ascending
   * @param test indices to measure on, ascending; none is in train
   */
  public record Split(List<Integer> train, List<Integer> test) {
    public Split {
      train = List.copyOf(train);
      test = List.copyOf(test);
    }
  }

  /**
   * Each sample is tested once; folds differ by one sample at most.
   *
   * @param n samples, at least k
   * @param k folds, at least 2
   * @param seed of the order in which samples go to folds
   */
  public static List<Split> kFold(int n, int k, long seed) {
    return stratified(new int[n], k, seed);
  }

  /**
   * As {@link #kFold}, with every label spread over the folds so that its counts differ by one at
   * most.
   *
   * @param labels of each sample
   */
  public static List<Split> stratified(int[] labels, int k, long seed) {
    check(labels.length, k, 2);
    TreeMap<Integer, List<Integer>> groups = new TreeMap<>();
    for (int i = 0; i < labels.length; i++) {
      groups.computeIfAbsent(labels[i], label -> new ArrayList<>()).add(i);
    }
    SplittableRandom random = new SplittableRandom(seed);
    int[] fold = new int[labels.length];
    int next = 0; // goes on from label to label, so that the folds stay of one size
    for (List<Integer> group : groups.values()) {
      for (int i = group.size() - 1; i > 0; i--) {
        group.set(i, group.set(random.nextInt(i + 1), group.get(i)));
      }
      for (int sample : group) {
        fold[sample] = next++ % k;
      }
    }
    return IntStream.range(0, k)
        .mapToObj(
            f ->
                new Split(
                    IntStream.range(0, fold.length).filter(i -> fold[i] != f).boxed().toList(),
                    IntStream.range(0, fold.length).filter(i -> fold[i] == f).boxed().toList()))
        .toList();
  }

  /**
   * Blocks of a series: it is cut into k + 1 equal blocks, the first longer by what is left over;
   * each but the first is tested with everything before it, less the gap, to train on.
   *
   * @param n steps
   * @param k tests, at least 1
   * @param gap steps left out before each test, at least 0: as long as a window, nothing tested has
   *     been seen
   */
  public static List<Split> expanding(int n, int k, int gap) {
    return splits(blocks(n, k, gap, n));
  }

  /**
   * As {@link #expanding}, with at most a number of steps to train on, the last ones.
   *
   * @param window how many, at least 1
   */
  public static List<Split> rolling(int n, int k, int gap, int window) {
    return splits(blocks(n, k, gap, window));
  }

  /**
   * A block of a series that is measured on, and the steps before it to train on.
   *
   * @param trainFrom the first step to train on
   * @param trainTo the one after the last
   * @param testFrom the first step to measure on
   * @param testTo the one after the last
   */
  public record Block(int trainFrom, int trainTo, int testFrom, int testTo) {
    private Split split() {
      return new Split(
          IntStream.range(trainFrom, trainTo).boxed().toList(),
          IntStream.range(testFrom, testTo).boxed().toList());
    }
  }

  private static List<Split> splits(List<Block> blocks) {
    return blocks.stream().map(Block::split).toList();
  }

  /** As {@link #rolling}, by their ends: for series that are long. */
  public static List<Block> blocks(int n, int k, int gap, int window) {
    if (window < 1) {
      throw new IllegalArgumentException("at least 1 step to train on, not " + window);
    }
    check(n, k + 1, 2);
    int block = n / (k + 1);
    int first = n - k * block;
    if (gap < 0 || gap >= first) {
      throw new IllegalArgumentException(
          "a gap of %d leaves none of the first %d steps to train on".formatted(gap, first));
    }
    List<Block> blocks = new ArrayList<>();
    for (int from = first; from < n; from += block) {
      int end = from - gap;
      blocks.add(new Block(Math.max(0, end - window), end, from, from + block));
    }
    return blocks;
  }

  private static void check(int n, int parts, int least) {
    if (parts < least || n < parts) {
      throw new IllegalArgumentException(
          "%d samples make no %d parts: at least %d parts, of a sample each"
              .formatted(n, parts, least));
    }
  }
}
