package dev.gatun.app.tune;

import com.sun.management.OperatingSystemMXBean;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.run.Training;
import dev.gatun.app.task.Task;
import dev.gatun.app.task.Updates;
import dev.gatun.backend.Backend;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Model;
import dev.gatun.model.PlanSpec;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.DType;
import dev.gatun.train.BatchProbe;
import dev.gatun.train.RateRange;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;

/** The quick tests of a configuration before a search: of its rate, and of its batch. */
public final class Probes {
  /** Of the machine's memory: a system that has to swap measures nothing. */
  private static final double MEMORY = 0.8;

  private Probes() {}

  /** The learning rate range test of a configuration; its model is not kept. */
  public static RateRange.Result rates(Config config, Backend backend, RateRange range)
      throws IOException {
    Task task = Task.of(config);
    try (BatchSource training = task.training();
        Model model = Training.fresh(config, task, backend);
        Optimizer optimizer = Updates.optimizer(config, model.parameters())) {
      return range.run(model, task.loss(), optimizer, training, config.get(TrainKeys.ACCUMULATE));
    }
  }

  /**
   * Doubles the batch of a configuration while that is faster and fits into memory.
   *
   * @param seconds to measure each size
   * @return in tokens a second, as {@code gatun train} counts them
   */
  public static BatchProbe.Result batches(Config config, Backend backend, double seconds)
      throws IOException {
    int first = config.get(TrainKeys.BATCH);
    // A batch never holds more than all examples; batches(0) of size 1 is their number.
    Task all = Task.of(config.with(TrainKeys.BATCH, 1));
    int most;
    try (BatchSource single = all.training()) {
      most = Math.max(first, single.batches(0));
    }
    try {
      return BatchProbe.run(
          batch -> {
            try {
              return perSecond(config, backend, batch, seconds);
            } catch (InputException e) {
              if (batch == first) {
                throw e;
              }
              return Double.NaN; // the data has not enough for so large a batch
            }
          },
          first,
          most);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static double perSecond(Config base, Backend backend, int batch, double seconds) {
    Config config = base.with(TrainKeys.BATCH, batch);
    Task task = Task.of(config);
    try (BatchSource training = task.training()) {
      checkMemory(config, task, training, backend);
      try (Model model = Training.fresh(config, task, backend);
          Optimizer optimizer = Updates.optimizer(config, model.parameters());
          Trainer trainer =
              Trainer.of(model, task.loss(), optimizer, Schedules.constant(1e-9), training)
                  .accumulate(config.get(TrainKeys.ACCUMULATE))
                  .epochs(Integer.MAX_VALUE)
                  .build()) {
        return BatchProbe.perSecond(trainer, seconds) * task.stepsPerTarget();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Linux gives out more memory than there is and then kills who uses it, so what a CPU needs is
   * reckoned before; a GPU refuses by itself.
   */
  private static void checkMemory(Config config, Task task, BatchSource training, Backend backend) {
    if (backend.name().startsWith("cuda")
        || !(ManagementFactory.getOperatingSystemMXBean()
            instanceof OperatingSystemMXBean system)) {
      return;
    }
    PlanSpec plan = PlanSpec.training(training.maxTime(), training.maxBatch());
    long bytes = task.model().summary(plan, DType.F32, Updates.moments(config)).totalBytes();
    long limit = (long) (MEMORY * system.getTotalMemorySize());
    if (bytes > limit) {
      throw new OutOfMemoryError(
          "a batch of %d needs about %,d MiB, and %d %% of the machine's memory are %,d MiB"
              .formatted(
                  config.get(TrainKeys.BATCH), bytes >> 20, (int) (100 * MEMORY), limit >> 20));
    }
  }
}
