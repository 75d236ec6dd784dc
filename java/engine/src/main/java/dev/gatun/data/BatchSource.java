package dev.gatun.data;

/**
 * Batches by epoch and index. The same numbers give the same batch, whatever was asked before, so a
 * resumed run needs only its position. Used by one thread at a time.
 */
public interface BatchSource extends AutoCloseable {
  /** The largest shapes of the batches. */
  BatchLayout layout();

  /**
   * The number of batches in an epoch, at least 1.
   *
   * @param epoch from 0
   */
  int batches(int epoch);

  /**
   * Overwrites a batch. Allocates nothing.
   *
   * @param epoch from 0
   * @param index from 0, below {@link #batches}
   * @param into a batch of this source's layout
   * @throws IndexOutOfBoundsException if there is no such batch
   * @throws IllegalArgumentException if {@code into} has another layout
   */
  void fill(int epoch, int index, Batch into);

  /** T of the largest batch. */
  default int maxTime() {
    return layout().maxTime();
  }

  /** N of the largest batch. */
  default int maxBatch() {
    return layout().maxBatch();
  }

  /** A batch to fill; the caller closes it. */
  default Batch newBatch() {
    return new Batch(layout());
  }

  /** Frees what the source holds; ours hold nothing but arrays. */
  @Override
  default void close() {}
}
