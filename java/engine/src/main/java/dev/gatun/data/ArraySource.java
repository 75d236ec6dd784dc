package dev.gatun.data;

import java.util.Objects;

/**
 * Batches of labelled sequences. Each batch is as long as its longest sequence; shorter ones are
 * padded with zeros, and targets on padding do not count.
 */
public final class ArraySource implements BatchSource {
  private final Examples examples;
  private final BatchLayout layout;
  private final Order order;

  private ArraySource(Examples examples, int batch, Order order) {
    this.examples = examples;
    this.layout = examples.layout(Math.min(batch, examples.count()));
    this.order = order;
  }

  /**
   * In another order in every epoch.
   *
   * @param batch N; the last batch of an epoch may be smaller
   * @param seed of the orders
   */
  public static ArraySource shuffled(Examples examples, int batch, long seed) {
    Objects.requireNonNull(examples, "examples");
    return new ArraySource(examples, batch, Order.shuffled(examples.count(), seed));
  }

  /**
   * In their own order.
   *
   * @param batch N; the last batch may be smaller
   */
  public static ArraySource sequential(Examples examples, int batch) {
    Objects.requireNonNull(examples, "examples");
    return new ArraySource(examples, batch, Order.sequential(examples.count()));
  }

  @Override
  public BatchLayout layout() {
    return layout;
  }

  @Override
  public int batches(int epoch) {
    return order.batches(layout.maxBatch());
  }

  /** The example that is sequence {@code n} of a batch. */
  public int example(int epoch, int index, int n) {
    return order.item(epoch, order.firstItem(epoch, index, layout.maxBatch()) + n);
  }

  @Override
  public void fill(int epoch, int index, Batch into) {
    int first = order.firstItem(epoch, index, layout.maxBatch());
    Order.checkLayout(into, layout);
    int size = Math.min(layout.maxBatch(), order.count() - first);
    int longest = 0;
    int shortest = Integer.MAX_VALUE;
    for (int n = 0; n < size; n++) {
      int length = examples.length(order.item(epoch, first + n));
      longest = Math.max(longest, length);
      shortest = Math.min(shortest, length);
    }
    into.begin(longest, size);
    long count = 0;
    for (int n = 0; n < size; n++) {
      count += examples.copy(order.item(epoch, first + n), into, n);
    }
    into.ragged(shortest < longest);
    into.targetCount(count);
  }
}
