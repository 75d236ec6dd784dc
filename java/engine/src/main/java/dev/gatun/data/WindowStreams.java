package dev.gatun.data;

/**
 * Windows one after another in streams that run in parallel, the state carried on.
 *
 * @param count N, streams
 * @param each windows of a stream
 * @param offsets epochs begin so many rows later in turn, that every row becomes a target
 * @param training whether each batch is of whole windows; else of the rows that are new alone
 */
record WindowStreams(int count, int each, int offsets, boolean training) {
  /** The rows that an epoch begins later. */
  int offset(int epoch) {
    return epoch % offsets;
  }

  /**
   * Begins a batch.
   *
   * @param index of the batch, and of its windows in their streams
   * @param step rows from the windows before to these; of the first, from these to the next
   * @param length rows of a window
   * @return the rows of the batch, the last of the windows'
   */
  int begin(Batch into, int index, int step, int length) {
    int rows = training || index == 0 ? length : Math.min(length, step);
    into.begin(rows, count);
    into.continues(index > 0 && step <= length);
    if (training && index + 1 < each) {
      into.carried(step);
    }
    return rows;
  }
}
