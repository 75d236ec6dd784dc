package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.data.Range;
import dev.gatun.data.TokenSource;
import dev.gatun.model.Dropout;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.persist.Json;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.cudadouble.DoubleState;
import dev.gatun.tests.support.DeviceRun;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Between the batch and the loss the host only asks: it neither waits nor copies. */
@OnDevice
class NoHostBetweenIT {
  private static final int VOCABULARY = DeviceRun.size(96, 11);
  private static final int T = DeviceRun.size(64, 5);
  private static final int N = DeviceRun.size(32, 3);
  private static final int H = DeviceRun.size(128, 7);

  /** Every call by which a host waits for a device. */
  private static final List<String> WAITS =
      List.of("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaMemcpy", "cudaStreamQuery");

  private final Backend backend = Backends.open("cuda");
  private final Model model =
      ModelSpec.of(
              Signal.tokens(VOCABULARY),
              Embedding.of(H),
              Dropout.of(0.1),
              RecurrentLayer.lstm(H).stacked(2, 0.1),
              Linear.of(VOCABULARY))
          .build(backend, 1);
  private final Optimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
  private final TokenSource source;
  private final Batch batch;
  private final Plan plan =
      model.plan(PlanSpec.training(T, N).equalLengths(), new SoftmaxCrossEntropy());

  NoHostBetweenIT() {
    int[] tokens = new Random(1).ints((long) T * N + 1, 0, VOCABULARY).toArray();
    source = new TokenSource(tokens, new Range(0, tokens.length), T, N);
    batch = source.newBatch();
    source.fill(0, 0, batch);
  }

  @BeforeEach
  void warm() {
    for (int i = 0; i < 3; i++) {
      plan.forward(batch);
      plan.backward();
      adam.step(1e-3);
      assertTrue(Double.isFinite(plan.loss()));
    }
  }

  @AfterEach
  void close() {
    plan.close();
    batch.close();
    source.close();
    adam.close();
    model.close();
    backend.close();
  }

  /** Counted by the double, which sees every call. */
  @Test
  void noCallWaits() {
    assumeTrue(DeviceRun.onDouble(), "a device does not count calls; it shows by time");
    DoubleState.reset();
    plan.forward(batch);
    final long uploads = DoubleState.calls("cudaMemcpyAsync");
    plan.backward();
    adam.step(1e-3);
    for (String wait : WAITS) {
      assertEquals(0, DoubleState.calls(wait), wait + " between the batch and the loss");
    }
    assertTrue(DoubleState.calls("cudaMemcpyAsync") <= uploads + 1, "more than the rate goes up");
    plan.loss();
    assertEquals(1, DoubleState.calls("cudaStreamSynchronize"), "the loss is waited for");
  }

  /**
   * With a second's work before it on the stream, a step is asked for long before it can begin. Of
   * host memory a step only takes what it is given next: its rate.
   */
  @Test
  void theHostRunsAhead() {
    int size = DeviceRun.size(8192, 64);
    int products = DeviceRun.size(60, 2); // 1.1 TFLOP each
    try (Workspace memory = backend.workspace()) {
      Tensor x = memory.real(size, size);
      Tensor weight = memory.real(size, size);
      Tensor y = memory.real(size, size);
      backend.linear(size, x, weight, null, y);
      plan.loss();
      final long start = System.nanoTime();
      for (int i = 0; i < products; i++) {
        backend.linear(size, x, weight, null, y);
      }
      final long busy = System.nanoTime();
      plan.forward(T, N);
      plan.backward();
      adam.step(1e-3);
      final long asked = System.nanoTime();
      plan.loss();
      final long done = System.nanoTime();
      Map<String, Json> figures = new LinkedHashMap<>();
      figures.put("asked_ms", Json.of((asked - busy) * 1e-6));
      figures.put("work_before_ms", Json.of((done - start) * 1e-6));
      DeviceRun.report("host_runs_ahead", Json.of(figures));
      assertTrue(
          DeviceRun.small() || asked - start < (done - start) / 2,
          () -> "the host has waited: " + figures);
    }
  }
}
