package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.gatun.Backends;
import dev.gatun.backend.Activation;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.ActivationLayer;
import dev.gatun.model.CrossAttention;
import dev.gatun.model.CtcLoss;
import dev.gatun.model.Dropout;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.ScheduledSampling;
import dev.gatun.model.SequenceToSequence;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Place;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.optim.UpdateOptions;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.cudadouble.CudaDouble;
import dev.gatun.train.Trainer;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Once planned and compiled, steps allocate nothing on any thread. */
@Tag("backend")
@Tag("alone")
class AllocationTest {
  /** Beside the CUDA double, cuda alone: what the run without it holds the others to. */
  static final List<String> BACKENDS =
      CudaDouble.folder() == null ? Backends.names() : List.of("cuda");

  private static final int STEPS = 50;

  /**
   * Before C2 has compiled every loop the Vector API boxes; it takes seconds on a busy machine, on
   * the CUDA double more.
   */
  private static final long MAX_NANOS = 60_000_000_000L;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /**
   * The bytes that all threads but the test runner's own allocated in the last round. Ends with the
   * second round in a row without any.
   */
  private static long allocated(Runnable step) {
    step.run();
    long[] threads =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> !thread.getName().startsWith("surefire"))
            .mapToLong(Thread::threadId)
            .toArray();
    long bytes = 0;
    int clean = 0;
    long start = System.nanoTime();
    while (clean < 2 && System.nanoTime() - start < MAX_NANOS) {
      long before = total(threads);
      for (int i = 0; i < STEPS; i++) {
        step.run();
      }
      bytes = total(threads) - before;
      clean = bytes == 0 ? clean + 1 : 0;
    }
    return bytes;
  }

  private static long total(long[] threads) {
    long sum = 0;
    for (long thread : threads) {
      // -1 for a thread that has ended.
      sum += Math.max(0, THREADS.getThreadAllocatedBytes(thread));
    }
    return sum;
  }

  private static long ofTraining(
      String backend,
      ModelSpec spec,
      Loss loss,
      Function<Model, Optimizer> optimizer,
      BatchSource data) {
    return ofTraining(backend, spec, loss, optimizer, data, false);
  }

  private static long ofTraining(
      String backend,
      ModelSpec spec,
      Loss loss,
      Function<Model, Optimizer> optimizer,
      BatchSource data,
      boolean graphs) {
    try (Backend context = Backends.open(backend, 2);
        Model model = spec.build(context, 2);
        Optimizer updates = optimizer.apply(model);
        Trainer trainer =
            Trainer.of(model, loss, updates, Schedules.cosine(0.01, 0, 100_000), data)
                .accumulate(2)
                .graphs(graphs)
                .epochs(1_000_000)
                .build()) {
      return allocated(trainer::step);
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void textSteps(String backend) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(9),
            Embedding.of(5),
            Dropout.of(0.1),
            RecurrentLayer.lstm(17).stacked(2, 0.1),
            Linear.of(9));
    Function<Model, Optimizer> adam = m -> new RuleOptimizer(m.parameters(), AdamRule.DEFAULT, 1);
    long bytes =
        ofTraining(backend, spec, new SoftmaxCrossEntropy(), adam, new CountingText(9, 6, 5, 4));
    assertEquals(0, bytes, "bytes in " + STEPS + " steps");
  }

  /** Two shapes of batches, each with and without the update. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void graphSteps(String backend) {
    assumeTrue(backend.equals("cuda"), "only a GPU has graphs");
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(1), RecurrentLayer.gru(6).stacked(2, 0.1).lastState(), Linear.of(1));
    Function<Model, Optimizer> adam = m -> new RuleOptimizer(m.parameters(), AdamRule.DEFAULT, 1);
    Examples examples = Examples.features(new float[18][7][1]).values(new float[18][1]);
    BatchSource data = ArraySource.sequential(examples, 5);
    long bytes = ofTraining(backend, spec, NumericLoss.meanSquaredError(), adam, data, true);
    assertEquals(0, bytes, "bytes in " + STEPS + " steps");
  }

  /** Both engines for large products, whatever was measured here. */
  @ParameterizedTest
  @ValueSource(strings = {"openblas", "packed"})
  void linearLayers(String engine) {
    try (Backend backend = Backends.open("cpu", 2);
        Workspace memory = backend.workspace()) {
      backend.reproduce(engine);
      Tensor x = memory.real(600, 70);
      Tensor weight = memory.real(130, 70);
      Tensor y = memory.real(600, 130);
      long bytes =
          allocated(
              () -> {
                backend.linear(600, x, weight, null, y);
                backend.linearBackward(600, x, weight, y, x, weight, null);
              });
      assertEquals(0, bytes, "bytes in " + STEPS + " steps");
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void windowSteps(String backend) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(1),
            RecurrentLayer.gru(18).stacked(2, 0.1).bothDirections().lastState(),
            Linear.of(1));
    Function<Model, Optimizer> sgd =
        m -> new RuleOptimizer(m.parameters(), new SgdRule(0.9, true, 0), Double.POSITIVE_INFINITY);
    Examples examples = Examples.features(new float[13][7][1]).values(new float[13][1]);
    BatchSource data = ArraySource.sequential(examples, 5);
    long bytes = ofTraining(backend, spec, NumericLoss.meanSquaredError(), sgd, data);
    assertEquals(0, bytes, "bytes in " + STEPS + " steps");
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void alignedSteps(String backend) {
    ModelSpec spec = ModelSpec.of(Signal.features(1), RecurrentLayer.gru(18), Linear.of(4));
    Function<Model, Optimizer> adam = m -> new RuleOptimizer(m.parameters(), AdamRule.DEFAULT, 1);
    int[][] labels = new int[13][];
    Arrays.setAll(labels, i -> i % 3 == 0 ? new int[] {1, 1, 3} : new int[] {2, 1});
    Examples examples = Examples.features(new float[13][7][1]).labels(labels);
    BatchSource data = ArraySource.sequential(examples, 5);
    long bytes = ofTraining(backend, spec, new CtcLoss(), adam, data);
    assertEquals(0, bytes, "bytes in " + STEPS + " steps");
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void decodedSteps(String backend) {
    SequenceToSequence layer =
        SequenceToSequence.of(5, 6, RecurrentLayer.lstm(18))
            .encoder(RecurrentLayer.lstm(17).bothDirections())
            .attention(CrossAttention.ADDITIVE)
            .dropout(0.1, 0.1)
            .sampling(new ScheduledSampling(ScheduledSampling.Decay.LINEAR, 100, 0.3));
    Function<Model, Optimizer> adam = m -> new RuleOptimizer(m.parameters(), AdamRule.DEFAULT, 1);
    int[][] tokens = new int[13][];
    Arrays.setAll(tokens, i -> i % 3 == 0 ? new int[] {1, 1, 3} : new int[] {2, 1});
    BatchSource data = ArraySource.sequential(Examples.tokens(tokens).decoded(tokens), 5);
    ModelSpec spec = ModelSpec.of(Signal.tokens(4), layer);
    long bytes = ofTraining(backend, spec, new SoftmaxCrossEntropy(), adam, data);
    assertEquals(0, bytes, "bytes in " + STEPS + " steps");
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void stepsLayerByLayer(String backend) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(1),
            RecurrentStack.lstm(18, 7).summed().dropout(0.2).lastState(),
            Linear.of(1));
    Function<Model, Optimizer> sgd =
        m -> new RuleOptimizer(m.parameters(), new SgdRule(0.9, true, 0), Double.POSITIVE_INFINITY);
    Examples examples = Examples.features(new float[13][7][1]).values(new float[13][1]);
    BatchSource data = ArraySource.sequential(examples, 5);
    long bytes = ofTraining(backend, spec, NumericLoss.meanSquaredError(), sgd, data);
    assertEquals(0, bytes, "bytes in " + STEPS + " steps");
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void regularizedSteps(String backend) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(1),
            RecurrentLayer.lstm(18)
                .layerNorm()
                .zoneout(0.1, 0.1)
                .variationalDropout(0.2, 0.2)
                .recurrentDropout(0.2)
                .dropConnect(0.3),
            RecurrentLayer.gru(17).layerNorm().recurrentDropout(0.2).bothDirections().lastState(),
            Linear.of(1));
    Function<Model, Optimizer> sgd =
        m -> new RuleOptimizer(m.parameters(), new SgdRule(0.9, true, 0), Double.POSITIVE_INFINITY);
    // Each kernel of a step takes the double so long that code would stay cold with more of them.
    int steps = backend.equals("cuda") ? 2 : 7;
    Examples examples = Examples.features(new float[13][steps][1]).values(new float[13][1]);
    BatchSource data = ArraySource.sequential(examples, backend.equals("cuda") ? 1 : 5);
    long bytes = ofTraining(backend, spec, NumericLoss.meanSquaredError(), sgd, data);
    assertEquals(0, bytes, "bytes in " + STEPS + " steps");
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void optionalSteps(String backend) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(1),
            RecurrentLayer.lstm(18).peephole().cellClip(0.1).zoneout(0.1, 0.1),
            RecurrentLayer.lstm(17).named("top").peephole().bothDirections().lastState(),
            Linear.of(1));
    Function<Model, Optimizer> sgd =
        m -> new RuleOptimizer(m.parameters(), new SgdRule(0.9, true, 0), Double.POSITIVE_INFINITY);
    Examples examples = Examples.features(new float[13][7][1]).values(new float[13][1]);
    BatchSource data = ArraySource.sequential(examples, 5);
    long bytes = ofTraining(backend, spec, NumericLoss.meanSquaredError(), sgd, data);
    assertEquals(0, bytes, "bytes in " + STEPS + " steps");
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void stepsUpdatedByTheHost(String backend) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(1),
            RecurrentLayer.gru(18).lastState(),
            Linear.of(17).named("wide"),
            ActivationLayer.of(Activation.TANH),
            Linear.of(1));
    UpdateOptions options = UpdateOptions.DEFAULT.withMaxNorm(1).withPlace(Place.HOST);
    Function<Model, Optimizer> adam =
        m -> new RuleOptimizer(m.parameters(), AdamRule.DEFAULT, options);
    Examples examples = Examples.features(new float[13][7][1]).values(new float[13][1]);
    BatchSource data = ArraySource.sequential(examples, 5);
    long bytes = ofTraining(backend, spec, NumericLoss.meanSquaredError(), adam, data);
    assertEquals(0, bytes, "bytes in " + STEPS + " steps");
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void sessionSteps(String backend) {
    ModelSpec spec =
        ModelSpec.of(Signal.features(3), RecurrentLayer.lstm(17).stacked(2, 0), Linear.of(4));
    float[] input = {0.1f, -0.2f, 0.3f};
    float[] output = new float[4];
    try (Backend context = Backends.open(backend, 1);
        Model model = spec.build(context, 2);
        Session session = model.session()) {
      Runnable step =
          () -> {
            session.step(input);
            session.readOutput(output);
          };
      assertEquals(0, allocated(step), "bytes in " + STEPS + " steps");
      if (context.hasGraphs()) {
        session.graphs(true);
        assertEquals(0, allocated(step), "bytes in " + STEPS + " steps as graphs");
      }
    }
  }
}
