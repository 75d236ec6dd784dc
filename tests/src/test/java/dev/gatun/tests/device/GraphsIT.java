package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Range;
import dev.gatun.data.TokenSource;
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
import dev.gatun.persist.Json;
import dev.gatun.tests.cudadouble.DoubleState;
import dev.gatun.tests.support.DeviceRun;
import dev.gatun.tests.support.Host;
import dev.gatun.train.Trainer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Steps as CUDA graphs compute the same bits as without, and take no memory either. */
@OnDevice
class GraphsIT {
  private static final int VOCABULARY = 96;
  private static final int STEPS = DeviceRun.size(400, 10);
  private static final int T = DeviceRun.size(64, 5);
  private static final int N = DeviceRun.size(32, 3);
  private static final int H = DeviceRun.size(128, 9);

  /** Milliseconds a step, bytes of the device that the second half took, and the parameters. */
  @SuppressWarnings("ArrayRecordComponent") // compared by hand
  private record Trained(double milliseconds, long bytes, double[] parameters) {}

  private static Trained train(boolean graphs) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(VOCABULARY),
            Embedding.of(H / 2),
            Dropout.of(0.1),
            RecurrentLayer.lstm(H).stacked(2, 0.1),
            Linear.of(VOCABULARY));
    int[] tokens = new Random(1).ints(7L * T * N + 1, 0, VOCABULARY).toArray();
    try (Backend backend = Backends.open("cuda");
        Model model = spec.build(backend, 1);
        Optimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        BatchSource data = new TokenSource(tokens, new Range(0, tokens.length), T, N);
        Trainer trainer =
            Trainer.of(model, new SoftmaxCrossEntropy(), adam, Schedules.constant(1e-3), data)
                .epochs(Integer.MAX_VALUE)
                .graphs(graphs)
                .build()) {
      steps(trainer);
      final long free = FlatMemoryIT.free();
      final long start = System.nanoTime();
      steps(trainer);
      double milliseconds = (System.nanoTime() - start) * 1e-6 / STEPS;
      long bytes = free - FlatMemoryIT.free();
      return new Trained(milliseconds, bytes, Host.read(backend, model.parameters().values()));
    }
  }

  private static void steps(Trainer trainer) {
    for (int i = 0; i < STEPS; i++) {
      trainer.step();
    }
  }

  @Test
  void computeTheSame() {
    Trained without = train(false);
    long before = DeviceRun.onDouble() ? DoubleState.calls("cudaGraphLaunch") : 0;
    Trained with = train(true);
    Map<String, Json> figures = new LinkedHashMap<>();
    figures.put("ms_per_step", Json.of(without.milliseconds()));
    figures.put("ms_per_step_as_graphs", Json.of(with.milliseconds()));
    figures.put("device_bytes_more", Json.of(with.bytes()));
    DeviceRun.report("graphs", Json.of(figures));
    assertTrue(Arrays.stream(with.parameters()).allMatch(Double::isFinite));
    assertFalse(Arrays.stream(with.parameters()).allMatch(each -> each == 0));
    assertTrue(Arrays.equals(without.parameters(), with.parameters()), "other bits");
    if (DeviceRun.onDouble()) {
      assertTrue(DoubleState.calls("cudaGraphLaunch") >= before + STEPS, "no graph was launched");
      assertEquals(0, with.bytes());
    }
  }
}
