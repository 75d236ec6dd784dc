package dev.gatun.tests.train;

import dev.gatun.data.Batch;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.BatchSource;

/** The batches of a source with something put into them. */
record ChangedBatches(BatchSource from, Change change) implements BatchSource {
  /** What is put in. */
  interface Change {
    void apply(int index, Batch batch);
  }

  @Override
  public BatchLayout layout() {
    return from.layout();
  }

  @Override
  public int batches(int epoch) {
    return from.batches(epoch);
  }

  @Override
  public void fill(int epoch, int index, Batch into) {
    from.fill(epoch, index, into);
    change.apply(index, into);
  }
}
