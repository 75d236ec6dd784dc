package dev.gatun.tests.device;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Dropout;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tests.support.DeviceRun;
import dev.gatun.tests.support.Host;
import dev.gatun.train.Trainer;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.zip.CRC32;

/** A training on a GPU of ragged text through cuDNN's cells and ours. */
final class TextTraining implements AutoCloseable {
  private static final int VOCABULARY = 96;
  private static final int LONGEST = DeviceRun.size(64, 7);
  private static final int BATCH = DeviceRun.size(32, 5);
  private static final int HIDDEN = DeviceRun.size(128, 13);

  private final Backend backend = Backends.open("cuda");
  private final Model model;
  private final Optimizer optimizer;
  private final BatchSource data;
  final Trainer trainer;

  TextTraining(long seed) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(VOCABULARY),
            Embedding.of(HIDDEN / 2),
            Dropout.of(0.1),
            RecurrentLayer.lstm(HIDDEN).stacked(2, 0.1),
            RecurrentLayer.of("last", dev.gatun.backend.Cell.GRU_RESET_BEFORE, HIDDEN / 2),
            Linear.of(VOCABULARY));
    model = spec.build(backend, seed);
    optimizer = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
    data = ArraySource.shuffled(counting(new SplittableRandom(5)), BATCH, seed);
    trainer =
        Trainer.of(model, new SoftmaxCrossEntropy(), optimizer, Schedules.constant(1e-3), data)
            .epochs(Integer.MAX_VALUE)
            .build();
  }

  /** Sequences of all lengths that count upwards, some by one and some by two. */
  private static Examples counting(SplittableRandom random) {
    int[][] x = new int[7 * BATCH + 3][];
    int[][] y = new int[x.length][];
    for (int i = 0; i < x.length; i++) {
      x[i] = new int[1 + random.nextInt(LONGEST)];
      y[i] = new int[x[i].length];
      int start = random.nextInt(VOCABULARY);
      for (int t = 0; t < x[i].length; t++) {
        x[i][t] = (start + t * (1 + i % 2)) % VOCABULARY;
        y[i][t] = (start + (t + 1) * (1 + i % 2)) % VOCABULARY;
      }
    }
    return Examples.tokens(x).stepClasses(y);
  }

  void steps(int count) {
    for (int i = 0; i < count; i++) {
      trainer.step();
    }
  }

  /** A checksum of all parameters' bits. */
  long checksum() {
    double[] values = Host.read(backend, model.parameters().values());
    ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, Double.BYTES));
    bytes.asDoubleBuffer().put(values);
    CRC32 sum = new CRC32();
    sum.update(bytes);
    return sum.getValue();
  }

  boolean finite() {
    return model.parameters().finite();
  }

  @Override
  public void close() {
    trainer.close();
    optimizer.close();
    model.close();
    backend.close();
  }
}
