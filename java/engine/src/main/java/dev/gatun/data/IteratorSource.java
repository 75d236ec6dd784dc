package dev.gatun.data;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Batches from an iterator for each epoch, read once from its start to its end: data that is not in
 * memory, or is made as it goes. Asked for another batch than the next one, as after a resume, it
 * begins the epoch again and passes over what comes before. Allocates what its iterators do; {@link
 * PrefetchSource} lets another thread do that.
 */
public final class IteratorSource implements BatchSource {
  private final BatchLayout layout;
  private final int batches;
  private final IntFunction<? extends Iterator<Examples>> epochs;
  private @Nullable Iterator<Examples> current;
  private int epoch = -1;

  /** The batch that {@link #current} gives next. */
  private int next;

  /**
   * A source.
   *
   * @param layout the largest shapes of its batches
   * @param batches of each epoch
   * @param epochs gives the batches of an epoch, from 0, in order: the same whenever it is asked
   */
  public IteratorSource(
      BatchLayout layout, int batches, IntFunction<? extends Iterator<Examples>> epochs) {
    this.layout = Objects.requireNonNull(layout, "layout");
    this.epochs = Objects.requireNonNull(epochs, "epochs");
    if (batches < 1) {
      throw new IllegalArgumentException("batches " + batches + " must be at least 1");
    }
    this.batches = batches;
  }

  @Override
  public BatchLayout layout() {
    return layout;
  }

  @Override
  public int batches(int anyEpoch) {
    return batches;
  }

  @Override
  public void fill(int wantedEpoch, int index, Batch into) {
    Objects.checkIndex(index, batches);
    Order.checkLayout(into, layout);
    if (wantedEpoch != epoch || index < next || current == null) {
      current = Objects.requireNonNull(epochs.apply(wantedEpoch), "an epoch's iterator");
      epoch = wantedEpoch;
      next = 0;
    }
    for (; next < index; next++) {
      read(current);
    }
    write(read(current), into);
    next++;
  }

  private Examples read(Iterator<Examples> from) {
    try {
      return Objects.requireNonNull(from.next(), "a batch");
    } catch (NoSuchElementException e) {
      current = null;
      throw new IllegalStateException(
          "epoch %d has only %d batches and should have %d".formatted(epoch, next, batches), e);
    }
  }

  private void write(Examples examples, Batch into) {
    int size = examples.count();
    int longest = 0;
    for (int n = 0; n < size; n++) {
      longest = Math.max(longest, examples.span(n));
    }
    BatchLayout own = examples.layout(Math.max(1, size));
    if (own.features() != layout.features()
        || own.targets() != layout.targets()
        || own.targetColumns() > layout.targetColumns()) {
      throw new IllegalArgumentException(
          "batch %d of epoch %d is %s and should be %s".formatted(next, epoch, own, layout));
    }
    into.begin(longest, size);
    boolean ragged = false;
    long count = 0;
    for (int n = 0; n < size; n++) {
      ragged |= examples.pads(n, longest);
      count += examples.copy(n, into, n);
    }
    into.ragged(ragged);
    into.targetCount(count);
  }
}
