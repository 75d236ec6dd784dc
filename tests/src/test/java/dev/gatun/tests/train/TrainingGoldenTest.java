package dev.gatun.tests.train;

import static dev.gatun.tests.support.Numbers.assertClose;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.TargetKind;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ten updates from PyTorch's weights give PyTorch's losses, norms and final weights. */
@Tag("backend")
class TrainingGoldenTest {
  private static final int STEPS = 10;
  private static final Path FOLDER =
      Path.of(System.getProperty("gatun.root", ".."), "tests/src/test/resources/golden/training");

  /** Relative error of a norm: rounding in one pass is about 1e-6, and ten updates amplify it. */
  private static double tolerance(String backend) {
    return backend.equals("reference") ? 1e-10 : 2e-5;
  }

  static Stream<Arguments> cases(List<String> names) {
    return Subjects.names().stream()
        .flatMap(backend -> names.stream().map(name -> Arguments.of(backend, name)));
  }

  static Stream<Arguments> languageModels() {
    return cases(List.of("language-model", "language-model-stateful"));
  }

  static Stream<Arguments> forecasters() {
    return cases(List.of("lstm", "gru", "tanh"));
  }

  /** Copies one step's slice of a golden array into a batch's prefix. */
  private interface Filler {
    void fill(int step, Batch batch);
  }

  @ParameterizedTest
  @MethodSource("languageModels")
  void languageModel(String backend, String name) throws IOException {
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(11),
            Embedding.of(6),
            RecurrentLayer.lstm(8).stacked(2, 0),
            Linear.of(11));
    int t = 9;
    int n = 4;
    try (SafetensorsReader golden = new SafetensorsReader(FOLDER.resolve(name + ".safetensors"))) {
      long[] tokens = golden.longs("tokens");
      long[] targets = golden.longs("targets");
      boolean stateful = name.endsWith("stateful");
      double maxNorm = Double.parseDouble(golden.metadata().get("max_norm"));
      compare(
          backend,
          golden,
          spec,
          new SoftmaxCrossEntropy(),
          model ->
              new RuleOptimizer(
                  model.parameters(), new AdamRule(0.9, 0.999, 1e-8, 0, false), maxNorm),
          0.01,
          new BatchLayout(t, n, 0, TargetKind.STEP_CLASSES, 1),
          (step, batch) -> {
            batch.begin(t, n);
            for (int i = 0; i < t * n; i++) {
              batch.inputs().setLong(i, tokens[step * t * n + i]);
              batch.targets().setLong(i, targets[step * t * n + i]);
            }
            batch.targetCount((long) t * n);
            batch.continues(stateful && step > 0);
          });
    }
  }

  @ParameterizedTest
  @MethodSource("forecasters")
  void forecaster(String backend, String cell) throws IOException {
    Cell kind =
        switch (cell) {
          case "lstm" -> Cell.LSTM;
          case "gru" -> Cell.GRU;
          default -> Cell.TANH;
        };
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(2), RecurrentLayer.of(cell, kind, 5).lastState(), Linear.of(1));
    int t = 8;
    int n = 6;
    Path file = FOLDER.resolve("forecaster-" + cell + ".safetensors");
    try (SafetensorsReader golden = new SafetensorsReader(file)) {
      float[] x = golden.floats("x");
      float[] target = golden.floats("target");
      compare(
          backend,
          golden,
          spec,
          NumericLoss.meanSquaredError(),
          model ->
              new RuleOptimizer(
                  model.parameters(), new SgdRule(0.9, false, 0), Double.POSITIVE_INFINITY),
          0.05,
          new BatchLayout(t, n, 2, TargetKind.VALUES, 1),
          (step, batch) -> {
            batch.begin(t, n);
            int size = t * n * 2;
            batch.inputs().copyFrom(Arrays.copyOfRange(x, step * size, (step + 1) * size));
            batch.targets().copyFrom(Arrays.copyOfRange(target, step * n, (step + 1) * n));
            float[] ones = new float[n];
            Arrays.fill(ones, 1);
            Objects.requireNonNull(batch.weights()).copyFrom(ones);
            batch.targetCount(n);
          });
    }
  }

  private interface OptimizerOf {
    Optimizer make(Model model);
  }

  @SuppressWarnings("TooManyParameters")
  private static void compare(
      String backendName,
      SafetensorsReader golden,
      ModelSpec spec,
      Loss loss,
      OptimizerOf optimizerOf,
      double rate,
      BatchLayout layout,
      Filler filler)
      throws IOException {
    double[] losses = new double[STEPS];
    double[] norms = new double[STEPS];
    try (Backend backend = Subjects.open(backendName);
        Model model = spec.build(backend, 1);
        Optimizer optimizer = optimizerOf.make(model);
        Plan plan = model.plan(PlanSpec.training(layout.maxTime(), layout.maxBatch()), loss);
        Batch batch = new Batch(layout)) {
      load(golden, model);
      for (int step = 0; step < STEPS; step++) {
        filler.fill(step, batch);
        plan.forward(batch);
        plan.backward();
        losses[step] = plan.loss();
        optimizer.step(rate);
        norms[step] = optimizer.norm();
      }
      double tolerance = tolerance(backendName);
      assertClose("losses", golden.doubles("losses"), losses, tolerance);
      assertClose("norms", golden.doubles("norms"), norms, tolerance);
      for (Parameter parameter : model.parameters().list()) {
        assertClose(
            parameter.name(),
            golden.doubles("final." + parameter.name()),
            onHost(backend, parameter.value()),
            tolerance);
      }
    }
  }

  private static void load(SafetensorsReader golden, Model model) throws IOException {
    for (Parameter parameter : model.parameters().list()) {
      Tensor given = golden.read(parameter.name());
      try {
        model.backend().copy(given, parameter.value());
      } finally {
        given.memory().close();
      }
    }
    model.parameters().changed();
  }

  private static double[] onHost(Backend backend, Tensor tensor) {
    try (Workspace host = Workspace.host(tensor.dtype())) {
      Tensor copy = host.real(tensor.shape());
      backend.copy(tensor, copy);
      return copy.toDoubles();
    }
  }
}
