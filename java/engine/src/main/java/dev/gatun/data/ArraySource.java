package dev.gatun.data;

import java.util.Objects;

/**
 * Batches of labelled sequences. Each batch is as long as its longest sequence; shorter ones are
 * padded with zeros, and targets on padding do not count.
 */
public final class ArraySource implements BatchSource {
  private final Examples examples;
  private final int batch;
  private final ExampleOrder.Rule rule;
  private final BatchLayout layout;
  private final ExampleOrder order;

  private ArraySource(Examples examples, int batch, ExampleOrder.Rule rule) {
    this.examples = Objects.requireNonNull(examples, "examples");
    this.batch = batch;
    this.rule = rule;
    order = new ExampleOrder(examples, batch, rule);
    layout = examples.layout(order.batch());
  }

  /**
   * In another order in every epoch.
   *
   * @param batch N; the last batch of an epoch may be smaller
   * @param seed of the orders
   */
  public static ArraySource shuffled(Examples examples, int batch, long seed) {
    return new ArraySource(examples, batch, new ExampleOrder.Rule(true, seed, Balance.NONE, false));
  }

  /**
   * In their own order.
   *
   * @param batch N; the last batch may be smaller
   */
  public static ArraySource sequential(Examples examples, int batch) {
    return new ArraySource(examples, batch, new ExampleOrder.Rule(false, 0, Balance.NONE, false));
  }

  /**
   * The same with classes balanced.
   *
   * @throws IllegalArgumentException if the examples are in their own order, or have not one class
   *     each, of two or more
   */
  public ArraySource balanced(Balance how) {
    return with(new ExampleOrder.Rule(rule.shuffled(), rule.seed(), how, rule.bucketed()));
  }

  /**
   * The same in batches of sequences of like length, which come in mixed order: less padding.
   * Lengths count with a tenth of noise, so that batches differ from epoch to epoch.
   *
   * @throws IllegalArgumentException if the examples are in their own order, or batches balanced
   */
  public ArraySource bucketed() {
    return with(new ExampleOrder.Rule(rule.shuffled(), rule.seed(), rule.balance(), true));
  }

  private ArraySource with(ExampleOrder.Rule other) {
    if (!other.shuffled()) {
      throw new IllegalArgumentException(
          "examples in their own order are neither balanced nor bucketed: shuffle them");
    }
    if (other.bucketed() && other.balance() == Balance.BATCHES) {
      throw new IllegalArgumentException(
          "batches are of like length or have as many of each class; choose one of the two");
    }
    return new ArraySource(examples, batch, other);
  }

  @Override
  public BatchLayout layout() {
    return layout;
  }

  @Override
  public int batches(int epoch) {
    return order.batches();
  }

  /** The example that is sequence {@code n} of a batch. */
  public int example(int epoch, int index, int n) {
    return order.item(epoch, order.firstItem(epoch, index) + n);
  }

  private int size(int first) {
    return Math.min(layout.maxBatch(), order.count() - first);
  }

  private int longest(int epoch, int first) {
    int longest = 0;
    for (int n = 0; n < size(first); n++) {
      longest = Math.max(longest, examples.span(order.item(epoch, first + n)));
    }
    return longest;
  }

  /** The share of an epoch's steps that is padding. */
  public double padding(int epoch) {
    double all = 0;
    double valid = 0;
    for (int index = 0; index < order.batches(); index++) {
      int first = order.firstItem(epoch, index);
      all += (double) longest(epoch, first) * size(first);
      for (int n = 0; n < size(first); n++) {
        valid += examples.length(order.item(epoch, first + n));
      }
    }
    return 1 - valid / all;
  }

  @Override
  public void fill(int epoch, int index, Batch into) {
    int first = order.firstItem(epoch, index);
    Order.checkLayout(into, layout);
    int size = size(first);
    int longest = longest(epoch, first);
    into.begin(longest, size);
    long count = 0;
    boolean ragged = false;
    for (int n = 0; n < size; n++) {
      int example = order.item(epoch, first + n);
      ragged |= examples.pads(example, longest);
      count += examples.copy(example, into, n);
    }
    into.ragged(ragged);
    into.targetCount(count);
  }
}
