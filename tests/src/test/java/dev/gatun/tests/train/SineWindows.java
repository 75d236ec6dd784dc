package dev.gatun.tests.train;

import dev.gatun.data.Batch;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.BatchSource;
import dev.gatun.data.TargetKind;
import dev.gatun.tensor.Tensor;
import java.util.Objects;
import java.util.SplittableRandom;

/** Windows of noisy sines with the next value as target, in an order of each epoch's own. */
final class SineWindows implements BatchSource {
  private final int time;
  private final int size;
  private final int batches;

  SineWindows(int time, int size, int batches) {
    this.time = time;
    this.size = size;
    this.batches = batches;
  }

  @Override
  public BatchLayout layout() {
    return new BatchLayout(time, size, 1, TargetKind.VALUES, 1);
  }

  @Override
  public int batches(int epoch) {
    return batches;
  }

  @Override
  public void fill(int epoch, int index, Batch into) {
    into.begin(time, size);
    Tensor weights = Objects.requireNonNull(into.weights());
    SplittableRandom random = new SplittableRandom(1000L * epoch + index);
    for (int s = 0; s < size; s++) {
      double phase = 2 * Math.PI * random.nextDouble();
      for (int t = 0; t < time; t++) {
        double noise = 0.05 * (random.nextDouble() - 0.5);
        into.inputs().set((long) t * size + s, Math.sin(phase + 0.6 * t) + noise);
      }
      weights.set(s, 1);
      into.targets().set(s, Math.sin(phase + 0.6 * time));
    }
    into.targetCount(size);
  }
}
