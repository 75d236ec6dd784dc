package dev.gatun.data;

/**
 * The order of the items of an epoch: as they come, or shuffled by Fisher and Yates with Philox
 * draws, a function of seed and epoch alone.
 */
final class Order {
  /** Layer numbers of random masks end at 2^23 (MaskKey): as a layer number, this is above. */
  private static final long PURPOSE = -1L << 40;

  private final int count;
  private final boolean shuffled;
  private final Draws draws;
  private final int[] items;
  private final int offsets;
  private int offset;
  private int epochInItems = -1;

  private Order(int count, boolean shuffled, long seed, int offsets) {
    this.count = count;
    this.shuffled = shuffled;
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
    if (!shuffled) {
      return i;
    }
    prepare(epoch);
    return items[i];
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
