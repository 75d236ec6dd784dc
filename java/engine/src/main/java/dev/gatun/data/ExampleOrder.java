package dev.gatun.data;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Which examples the batches of an epoch hold: as they come or mixed, each class as often as the
 * others or not, of like length together or not. A function of seed and epoch alone.
 */
final class ExampleOrder {
  // Layer numbers of random masks end at 2^23 (MaskKey): as layer numbers, these are above.
  private static final long MIX = -1L << 40;
  private static final long WITHIN_CLASS = -3L << 40;
  private static final long BUCKETS = -4L << 40;

  /** Lengths count as up to a tenth more or less, so that neighbours differ from epoch to epoch. */
  private static final double NOISE = 0.1;

  /**
   * How examples are arranged.
   *
   * @param shuffled whether they are mixed anew in each epoch; balance and buckets need it
   * @param bucketed whether batches are of like length
   */
  record Rule(boolean shuffled, long seed, Balance balance, boolean bucketed) {}

  private final Examples examples;
  private final Rule rule;
  private final int batch;
  private final Draws draws;
  private final int count;
  private final int[] items;

  /** Examples of one class after those of another, and where each class begins. */
  private final int[] byClass;

  /** The same, each class mixed for a round. */
  private final int[] mixed;

  private final int[] begin;

  // Scratch of buckets: sorted items, their lengths with noise, how many there are of each.
  private final int[] sorted;
  private final int[] keys;
  private final int[] places;
  private int epochInItems = -1;

  ExampleOrder(Examples examples, int batch, Rule rule) {
    this.examples = examples;
    this.rule = rule;
    draws = new Draws(rule.seed);
    begin = rule.balance == Balance.NONE ? new int[] {0} : begins(examples);
    byClass = byClass(examples, begin);
    mixed = byClass.clone();
    count = rule.balance == Balance.OVERSAMPLE ? oversampled() : examples.count();
    this.batch = Math.min(batch, count);
    items = new int[rule.shuffled ? count : 0];
    sorted = new int[rule.bucketed ? count : 0];
    keys = new int[sorted.length];
    int longest = 0;
    for (int i = 0; i < examples.count(); i++) {
      longest = Math.max(longest, examples.length(i));
    }
    places = new int[rule.bucketed ? (int) (longest * (1 + NOISE)) + 3 : 0];
  }

  private static int[] begins(Examples examples) {
    int most = -1;
    for (int i = 0; i < examples.count(); i++) {
      most = Math.max(most, examples.classOf(i));
    }
    int[] begin = new int[most + 2];
    for (int i = 0; i < examples.count(); i++) {
      if (examples.classOf(i) >= 0) {
        begin[examples.classOf(i) + 1]++;
      }
    }
    // A class that nothing is of is none.
    int present = 0;
    for (int k = 1; k < begin.length; k++) {
      if (begin[k] > 0) {
        begin[++present] = begin[k];
      }
    }
    if (present < 2) {
      throw new IllegalArgumentException(
          "there is nothing to balance: the examples are of %d class".formatted(present));
    }
    int[] ends = Arrays.copyOf(begin, present + 1);
    ends[0] = 0;
    Arrays.parallelPrefix(ends, Integer::sum);
    return ends;
  }

  private static int[] byClass(Examples examples, int[] begin) {
    return begin.length == 1
        ? new int[0]
        : IntStream.range(0, examples.count())
            .filter(i -> examples.classOf(i) >= 0)
            .boxed()
            .sorted(Comparator.comparingInt(examples::classOf))
            .mapToInt(Integer::intValue)
            .toArray();
  }

  private int classes() {
    return begin.length - 1;
  }

  private int size(int k) {
    return begin[k + 1] - begin[k];
  }

  private int largest() {
    int largest = 0;
    for (int k = 0; k < classes(); k++) {
      largest = Math.max(largest, size(k));
    }
    return largest;
  }

  private int oversampled() {
    return Math.multiplyExact(classes(), largest());
  }

  /** The items of an epoch. */
  int count() {
    return count;
  }

  /** N of the largest batch. */
  int batch() {
    return batch;
  }

  int batches() {
    return Math.ceilDiv(count, batch);
  }

  /** Item {@code i} of an epoch. */
  int item(int epoch, int i) {
    if (!rule.shuffled) {
      return i;
    }
    if (epoch != epochInItems) {
      arrange(epoch);
      epochInItems = epoch;
    }
    return items[i];
  }

  private void arrange(int epoch) {
    switch (rule.balance) {
      case NONE -> {
        for (int i = 0; i < count; i++) {
          items[i] = i;
        }
      }
      case OVERSAMPLE -> oversample(epoch);
      case BATCHES -> balance(epoch);
    }
    if (rule.balance != Balance.BATCHES) {
      draws.begin(MIX | epoch, 0);
      mix(items, 0, count);
    }
    if (rule.bucketed) {
      sort(epoch);
      cut(epoch);
    }
  }

  /** Fisher and Yates. */
  private void mix(int[] array, int from, int to) {
    for (int i = to - from - 1; i > 0; i--) {
      int j = from + draws.below(i + 1);
      int item = array[from + i];
      array[from + i] = array[j];
      array[j] = item;
    }
  }

  /** Puts the examples of a class in the order of its round. */
  private void mixClass(int k, long round) {
    draws.begin(WITHIN_CLASS | round, (long) k << 32);
    // From the same order each time: what it was mixed to before is of another round.
    System.arraycopy(byClass, begin[k], mixed, begin[k], size(k));
    mix(mixed, begin[k], begin[k + 1]);
  }

  private void oversample(int epoch) {
    int largest = largest();
    int at = 0;
    for (int k = 0; k < classes(); k++) {
      mixClass(k, epoch);
      for (int i = 0; i < largest; i++) {
        items[at++] = mixed[begin[k] + i % size(k)];
      }
    }
  }

  /** Each class goes through its own examples, round after round, across epochs. */
  private void balance(int epoch) {
    int classes = classes();
    for (int k = 0; k < classes; k++) {
      // Places k, k + classes, ... of the epoch are of class k.
      long inEpoch = ((long) count - k + classes - 1) / classes;
      long at = epoch * inEpoch;
      mixClass(k, at / size(k));
      for (int place = k; place < count; place += classes, at++) {
        if (at % size(k) == 0) {
          mixClass(k, at / size(k));
        }
        items[place] = mixed[begin[k] + (int) (at % size(k))];
      }
    }
  }

  /** Sorts the items by length with noise, into {@link #sorted}: a counting sort, stable. */
  private void sort(int epoch) {
    draws.begin(BUCKETS | epoch, 0);
    Arrays.fill(places, 0);
    for (int i = 0; i < count; i++) {
      double factor = 1 + NOISE * (2 * draws.uniform() - 1);
      keys[i] = (int) Math.round(examples.length(items[i]) * factor);
      places[keys[i] + 1]++;
    }
    for (int key = 1; key < places.length; key++) {
      places[key] += places[key - 1];
    }
    for (int i = 0; i < count; i++) {
      sorted[places[keys[i]]++] = items[i];
    }
  }

  /** Cuts the sorted items into batches and mixes those; the one that is not full stays last. */
  private void cut(int epoch) {
    int full = count / batch;
    int rest = count % batch;
    draws.begin(BUCKETS | epoch, 1L << 32);
    int gap = draws.below(full + 1);
    for (int b = 0; b < full; b++) {
      keys[b] = b * batch + (b >= gap ? rest : 0);
    }
    mix(keys, 0, full);
    for (int b = 0; b < full; b++) {
      System.arraycopy(sorted, keys[b], items, b * batch, batch);
    }
    System.arraycopy(sorted, gap * batch, items, full * batch, rest);
  }

  /** Checks a position and gives back the batch's first item. */
  int firstItem(int epoch, int index) {
    Order.checkPosition(epoch, index, batches());
    return index * batch;
  }
}
