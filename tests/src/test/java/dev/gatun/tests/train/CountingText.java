package dev.gatun.tests.train;

import dev.gatun.data.Batch;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.BatchSource;
import dev.gatun.data.TargetKind;

/**
 * A text in which each sequence counts upwards in steps of its own, modulo the vocabulary; batches
 * after an epoch's first continue the one before.
 */
public final class CountingText implements BatchSource {
  private final int vocabulary;
  private final int time;
  private final int sequences;
  private final int batches;

  public CountingText(int vocabulary, int time, int sequences, int batches) {
    this.vocabulary = vocabulary;
    this.time = time;
    this.sequences = sequences;
    this.batches = batches;
  }

  @Override
  public BatchLayout layout() {
    return new BatchLayout(time, sequences, 0, TargetKind.STEP_CLASSES, 1);
  }

  @Override
  public int batches(int epoch) {
    return batches;
  }

  @Override
  public void fill(int epoch, int index, Batch into) {
    into.begin(time, sequences);
    for (int t = 0; t < time; t++) {
      for (int s = 0; s < sequences; s++) {
        long at = (long) t * sequences + s;
        into.inputs().setLong(at, token(index * time + t, s));
        into.targets().setLong(at, token(index * time + t + 1, s));
      }
    }
    into.targetCount((long) time * sequences);
    into.continues(index > 0);
  }

  private int token(int position, int sequence) {
    return position * (1 + sequence % 2) % vocabulary;
  }
}
