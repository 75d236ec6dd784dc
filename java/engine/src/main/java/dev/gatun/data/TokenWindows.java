package dev.gatun.data;

/**
 * Next-token prediction over windows of one long text, in random order and without carried state.
 * An epoch cuts the text into consecutive windows from an offset of its own, so that over the
 * epochs every place is where a window starts; fewer than 2 T tokens are left out at its ends.
 */
public final class TokenWindows implements BatchSource {
  private final int[] tokens;
  private final Range range;
  private final BatchLayout layout;
  private final Order order;

  /**
   * Cuts a text into windows.
   *
   * @param tokens the text; not copied, so it must not change
   * @param range the tokens to use
   * @param time T, steps of a window
   * @param batch N; the last batch of an epoch may be smaller
   * @param seed of offsets and orders
   * @throws IllegalArgumentException if the range is shorter than a window and its last target
   */
  public TokenWindows(int[] tokens, Range range, int time, int batch, long seed) {
    this.tokens = tokens;
    this.range = range.within(tokens.length, "a text");
    int predictions = range.size() - 1;
    if (time >= 1 && predictions < time) {
      throw new IllegalArgumentException(
          "%d tokens are too few for windows of %d steps: there must be at least %d"
              .formatted(range.size(), time, time + 1L));
    }
    int count = Math.max(1, (predictions - time + 1) / Math.max(time, 1));
    layout = new BatchLayout(time, Math.min(batch, count), 0, TargetKind.STEP_CLASSES, 1);
    order = Order.shuffled(count, seed, Math.min(time, predictions - count * time + 1));
  }

  @Override
  public BatchLayout layout() {
    return layout;
  }

  @Override
  public int batches(int epoch) {
    return order.batches(layout.maxBatch());
  }

  @Override
  public void fill(int epoch, int index, Batch into) {
    int first = order.firstItem(epoch, index, layout.maxBatch());
    Order.checkLayout(into, layout);
    int size = Math.min(layout.maxBatch(), order.count() - first);
    int time = layout.maxTime();
    into.begin(time, size);
    for (int n = 0; n < size; n++) {
      int start = range.from() + order.offset(epoch) + order.item(epoch, first + n) * time;
      for (int t = 0; t < time; t++) {
        into.token(t, n, tokens[start + t]);
        into.classTarget((long) t * size + n, tokens[start + t + 1]);
      }
    }
    into.targetCount((long) time * size);
  }
}
