package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Precision;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Dropout;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.model.StepRecording;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Place;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.optim.UpdateOptions;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training by graphs gives the bits that training without them gives. */
@Tag("cuda")
class GraphTrainingTest {
  /** Cut after it in a run that is resumed; within an epoch. */
  private static final int HALF = 7;

  @TempDir Path folder;

  @BeforeEach
  @AfterEach
  void reset() {
    DoubleState.reset();
  }

  /** A run, and what it left: losses, norms and skipped steps as they came, then the parameters. */
  private record Run(
      ModelSpec spec,
      Loss loss,
      Function<Model, Optimizer> optimizer,
      BatchSource data,
      @Nullable BatchSource validation,
      int accumulate,
      int epochs,
      Precision precision) {
    Run(
        ModelSpec spec,
        Loss loss,
        Function<Model, Optimizer> optimizer,
        BatchSource data,
        @Nullable BatchSource validation,
        int accumulate,
        int epochs) {
      this(spec, loss, optimizer, data, validation, accumulate, epochs, Precision.FP32);
    }

    Run in(Precision other) {
      return new Run(spec, loss, optimizer, data, validation, accumulate, epochs, other);
    }

    double[] trace(boolean graphs, @Nullable Path from, @Nullable Path to) throws IOException {
      List<Double> trace = new ArrayList<>();
      try (Backend backend = Backends.open("cuda", 1, precision);
          Model model = spec.build(backend, 3);
          Optimizer updates = optimizer.apply(model)) {
        var builder =
            Trainer.of(model, loss, updates, Schedules.cosine(0.05, 0.001, 40), data)
                .accumulate(accumulate)
                .epochs(epochs)
                .graphs(graphs)
                .listener(
                    new TrainingListener() {
                      @Override
                      public void onStep(Trainer trainer) {
                        trace.add(trainer.loss());
                        trace.add(trainer.gradientNorm());
                        trace.add((double) trainer.skippedSteps());
                        if (to != null && trainer.steps() == HALF) {
                          trainer.requestStop();
                        }
                      }
                    });
        if (validation != null) {
          builder.validation(validation);
        }
        try (Trainer trainer = builder.build()) {
          if (from != null) {
            trainer.resume(from);
          }
          trainer.run();
          if (to != null) {
            trainer.save(to);
          }
          trace.add(trainer.validationLoss());
        }
        Tensor values = model.parameters().values();
        try (Workspace host = Workspace.host(values.dtype())) {
          Tensor copy = host.real(values.size());
          backend.copy(values, copy);
          for (double value : copy.toDoubles()) {
            trace.add(value);
          }
        }
      }
      return trace.stream().mapToDouble(x -> x).toArray();
    }

    void assertSameBits() throws IOException {
      double[] without = trace(false, null, null);
      long launches = DoubleState.calls("cudaGraphLaunch");
      double[] with = trace(true, null, null);
      assertArrayEquals(without, with);
      assertTrue(DoubleState.calls("cudaGraphLaunch") > launches + 4, "graphs were launched");
      assertEquals(0, DoubleState.complaints(), DoubleState::complaint);
    }
  }

  private static Function<Model, Optimizer> adam(double clip) {
    return model -> new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, clip);
  }

  /** Thirteen sequences in batches of five: two shapes. */
  private static BatchSource sequences(UnaryOperator<float[][][]> change) {
    float[][][] x = new float[13][7][2];
    float[][] y = new float[13][1];
    for (int i = 0; i < x.length; i++) {
      for (int t = 0; t < 7; t++) {
        x[i][t][0] = (float) Math.sin(i + 0.7 * t);
        x[i][t][1] = (float) Math.cos(2 * i - t);
      }
      y[i][0] = (float) Math.sin(i + 4.9);
    }
    return ArraySource.sequential(Examples.features(change.apply(x)).values(y), 5);
  }

  /** Stacks that cuDNN runs, with carried states. */
  private static Run text(int accumulate) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(9),
            Embedding.of(5),
            Dropout.of(0.1),
            RecurrentLayer.lstm(6).stacked(2, 0.2),
            RecurrentLayer.of("second", Cell.GRU, 5),
            Linear.of(9));
    int[][] tokens = new int[15][6];
    int[][] next = new int[15][6];
    for (int i = 0; i < tokens.length; i++) {
      for (int t = 0; t < 6; t++) {
        tokens[i][t] = (i + t * (1 + i % 2)) % 9;
        next[i][t] = (i + (t + 1) * (1 + i % 2)) % 9;
      }
    }
    Examples examples = Examples.tokens(tokens).stepClasses(next);
    return new Run(
        spec,
        new SoftmaxCrossEntropy(),
        adam(0.5),
        ArraySource.sequential(examples, 4),
        ArraySource.sequential(examples, 15),
        accumulate,
        5);
  }

  /** Our own cells, and a stack of which only the last state is used. */
  private static Run windows(BatchSource data) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(2),
            RecurrentLayer.lstm(5).layerNorm().zoneout(0.2, 0.1).dropConnect(0.3),
            RecurrentLayer.gru(4).stacked(2, 0.3).bothDirections().lastState(),
            Linear.of(1));
    Function<Model, Optimizer> sgd =
        model -> new RuleOptimizer(model.parameters(), new SgdRule(0.9, true, 0.01), 1);
    return new Run(spec, NumericLoss.meanSquaredError(), sgd, data, null, 1, 6);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void ofTextWithAccumulatedGradients(int accumulate) throws IOException {
    text(accumulate).assertSameBits();
  }

  @ParameterizedTest
  @EnumSource
  void ofEveryPrecision(Precision precision) throws IOException {
    text(2).in(precision).assertSameBits();
    windows(sequences(x -> x)).in(precision).assertSameBits();
  }

  @Test
  void skipsAGradientThatIsNotFinite() throws IOException {
    BatchSource data =
        sequences(
            x -> {
              for (float[] step : x[6]) {
                Arrays.fill(step, 3e38f);
              }
              return x;
            });
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(2), RecurrentLayer.of("relu", Cell.RELU, 5).lastState(), Linear.of(1));
    Run run = new Run(spec, NumericLoss.meanSquaredError(), adam(1), data, null, 1, 6);
    run.assertSameBits();
    double[] trace = run.trace(true, null, null);
    assertEquals(1, trace[5], "the second step was skipped");
    assertEquals(6, trace[3 * 17 + 2], "and so in each epoch");
  }

  @Test
  void goesOnFromACheckpointWithAndWithout() throws IOException {
    Run run = text(1);
    double[] whole = run.trace(false, null, null);
    for (boolean first : new boolean[] {true, false}) {
      Path half = folder.resolve(first + ".safetensors");
      final double[] head = run.trace(first, null, half);
      double[] rest = run.trace(!first, half, null);
      for (int i = 0; i < 3 * HALF; i++) {
        assertEquals(whole[i], head[i]);
      }
      for (int i = 1; i <= rest.length; i++) {
        assertEquals(whole[whole.length - i], rest[rest.length - i]);
      }
    }
  }

  @Test
  void raggedBatchesRunBetweenThem() throws IOException {
    int[][] tokens = new int[12][];
    int[][] next = new int[12][];
    for (int i = 0; i < 12; i++) {
      tokens[i] = new int[i % 8 < 4 ? 5 : 2 + i % 4];
      next[i] = new int[tokens[i].length];
      for (int t = 0; t < tokens[i].length; t++) {
        tokens[i][t] = (i * t) % 9;
        next[i][t] = (i + t) % 9;
      }
    }
    Examples examples = Examples.tokens(tokens).stepClasses(next);
    Run like = text(1);
    new Run(
            like.spec(),
            like.loss(),
            like.optimizer(),
            ArraySource.sequential(examples, 4),
            null,
            1,
            6)
        .assertSameBits();
  }

  @Test
  void anUpdateOnTheHostComesAfterTheGraph() throws IOException {
    Run like = text(2);
    new Run(
            like.spec(),
            like.loss(),
            model ->
                new RuleOptimizer(
                    model.parameters(),
                    AdamRule.DEFAULT,
                    UpdateOptions.DEFAULT.withMaxNorm(0.5).withPlace(Place.HOST)),
            like.data(),
            null,
            2,
            4)
        .assertSameBits();
  }

  @Test
  void aStepIsOneLaunchAfterTheBatch() {
    Run run = text(1);
    try (Backend backend = Backends.open("cuda", 1);
        Model model = run.spec().build(backend, 3);
        Optimizer updates = run.optimizer().apply(model);
        Trainer trainer =
            Trainer.of(model, run.loss(), updates, Schedules.constant(0.01), run.data())
                .epochs(100)
                .graphs(true)
                .build()) {
      for (int i = 0; i < 12; i++) {
        trainer.step();
      }
      DoubleState.reset();
      trainer.step();
      assertEquals(1, DoubleState.calls("cudaGraphLaunch"));
      assertEquals(0, DoubleState.calls("cudnnRNNForward"));
      assertEquals(0, DoubleState.calls("cublasGemmEx"));
      assertEquals(0, DoubleState.calls("cudaStreamBeginCapture"));
      assertTrue(DoubleState.calls("cudaLaunchKernelExC") <= 8, "only states and lengths are set");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cudaStreamBeginCapture:1=900",
        "cudaStreamEndCapture:1=901",
        "cudaGraphInstantiate:1=2",
        "cudaGraphInstantiate:3=2"
      })
  void aRefusalMeansToGoOnWithout(String failure) throws IOException {
    Run run = text(2);
    double[] without = run.trace(false, null, null);
    long graphs = DoubleState.handles("cudaGraph_t");
    long executables = DoubleState.handles("cudaGraphExec_t");
    DoubleState.fail(failure);
    assertArrayEquals(without, run.trace(true, null, null));
    assertEquals(graphs, DoubleState.handles("cudaGraph_t"));
    assertEquals(executables, DoubleState.handles("cudaGraphExec_t"));
  }

  @Test
  void aFailedLaunchIsSaid() {
    DoubleState.fail("cudaGraphLaunch:2=719");
    String message =
        assertThrows(RuntimeException.class, () -> text(1).trace(true, null, null)).getMessage();
    assertTrue(String.valueOf(message).contains("cudaGraphLaunch"), message);
  }

  @Test
  void aRecordedStepRefusesOtherBatches() {
    Run run = text(1);
    try (Backend backend = Backends.open("cuda", 1);
        Model model = run.spec().build(backend, 3);
        BatchSource data = run.data();
        Batch batch = data.newBatch();
        Plan plan = model.plan(PlanSpec.training(data.maxTime(), data.maxBatch()), run.loss())) {
      data.fill(0, 0, batch);
      plan.forward(batch);
      plan.backward();
      model.parameters().changed();
      try (StepRecording recording = plan.record(batch, 24, () -> {})) {
        assertTrue(recording.fits(batch));
        recording.run(batch, 24);
        double loss = plan.loss();
        assertThrows(IllegalStateException.class, plan::backward, "it has been done");
        plan.forward(batch, 24);
        assertEquals(loss, plan.loss());
        model.parameters().changed();
        data.fill(0, 3, batch);
        assumeTrue(batch.size() == 3);
        assertThrows(IllegalArgumentException.class, () -> recording.run(batch, 24));
      }
    }
  }
}
