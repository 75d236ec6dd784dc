package dev.gatun.data;

import dev.gatun.kernels.Philox;

/**
 * The order of the items of an epoch: as they come, or shuffled by Fisher and Yates with Philox
 * draws, a function of seed and epoch alone.
 */
final class Order {
  /** Layer numbers of random masks end at 2^23 (MaskKey): as a layer number, this is above. */
  private static final long PURPOSE = -1L << 40;

  private static final long PERMUTATION = -2L << 40;

  /** Luby and Rackoff 1988: four rounds of a Feistel network make a permutation look random. */
  private static final int ROUNDS = 4;

  private final int count;
  private final boolean shuffled;
  private final long seed;
  private final Draws draws;
  private final int[] items;
  private final int offsets;
  private int offset;
  private int epochInItems = -1;

  private Order(int count, boolean shuffled, long seed, int offsets) {
    this.count = count;
    this.shuffled = shuffled;
    this.seed = seed;
    this.draws = new Draws(seed);
    this.offsets = offsets;
    this.items = new int[shuffled ? count : 0];
  }

  static Order sequential(int count) {
    return new Order(count, false, 0, 1);
  }

  static Order shuffled(int count, long seed) {
    return new Order(count, true, seed, 1);
  }

  /** Shuffled in no memory: where {@code count} numbers would be too many. */
  static Order permuted(int count, long seed) {
    return new Order(count, false, seed, 0);
  }

  /** Shuffled, with a random {@link #offset} from 0 to {@code offsets} - 1 for each epoch. */
  static Order shuffled(int count, long seed, int offsets) {
    return new Order(count, true, seed, offsets);
  }

  int count() {
    return count;
  }

  /** The number of batches of at most {@code size} items. */
  int batches(int size) {
    return Math.ceilDiv(count, size);
  }

  /** Item {@code i} of an epoch. */
  int item(int epoch, int i) {
    if (offsets == 0) {
      return permuted(epoch, i);
    }
    if (!shuffled) {
      return i;
    }
    prepare(epoch);
    return items[i];
  }

  /** A Feistel network over the least power of 4 that has room, walked until it comes back in. */
  private int permuted(int epoch, int i) {
    int half = Math.max(1, (33 - Integer.numberOfLeadingZeros(count - 1)) / 2);
    long low = (1L << half) - 1;
    long value = i;
    do {
      long left = value >>> half;
      long right = value & low;
      for (int round = 0; round < ROUNDS; round++) {
        long next = left ^ (Philox.word(seed, right, PERMUTATION | epoch, round) & low);
        left = right;
        right = next;
      }
      value = left << half | right;
    } while (value >= count);
    return (int) value;
  }

  /** The random offset of an epoch. */
  int offset(int epoch) {
    prepare(epoch);
    return offset;
  }

  private void prepare(int epoch) {
    if (epoch != epochInItems) {
      shuffle(epoch);
      epochInItems = epoch;
    }
  }

  private void shuffle(int epoch) {
    for (int i = 0; i < count; i++) {
      items[i] = i;
    }
    draws.begin(PURPOSE | epoch, 0);
    for (int i = count - 1; i > 0; i--) {
      int j = draws.below(i + 1);
      int item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    offset = draws.below(offsets);
  }

  /** Checks a position and gives back the batch's first item. */
  int firstItem(int epoch, int index, int size) {
    checkPosition(epoch, index, batches(size));
    return index * size;
  }

  /**
   * Checks a position in a source.
   *
   * @throws IndexOutOfBoundsException naming it
   */
  static void checkPosition(int epoch, int index, int batches) {
    if (epoch < 0 || index < 0 || index >= batches) {
      throw new IndexOutOfBoundsException(
          "no batch %d in epoch %d: an epoch has batches 0 to %d"
              .formatted(index, epoch, batches - 1));
    }
  }

  /**
   * Checks the batch to fill.
   *
   * @throws IllegalArgumentException naming both layouts
   */
  static void checkLayout(Batch batch, BatchLayout layout) {
    if (!batch.layout().equals(layout)) {
      throw new IllegalArgumentException(
          "the batch has %s, the source %s".formatted(batch.layout(), layout));
    }
  }
}
