package dev.gatun.tests.golden;

import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.AttentionSpec.Score;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.model.BatchNorm;
import dev.gatun.model.Convolution;
import dev.gatun.model.Layer;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Layers over time against PyTorch's, on sequences of their own lengths. */
@ParameterizedClass
@MethodSource("names")
@Tag("backend")
class SequenceLayerGoldenTest {
  private static final int T = 7;
  private static final int N = 5;

  private final Backend backend;
  private final Workspace workspace;
  private final double tolerance;

  SequenceLayerGoldenTest(String name) {
    backend = Subjects.open(name, 2);
    workspace = backend.workspace();
    // Sums of up to 22 positions, and a variance of differences.
    tolerance = 32 * Numbers.roundoff(backend);
  }

  static List<String> names() {
    return Subjects.names();
  }

  @AfterEach
  void free() {
    workspace.close();
    backend.close();
  }

  private double[] values(Tensor tensor) {
    return Host.read(backend, tensor);
  }

  @Test
  void batchNormalization() throws IOException {
    try (Golden golden = new Golden("layers/batch-norm");
        Model model = ModelSpec.of(Signal.features(6), BatchNorm.of()).build(backend, 1)) {
      run(golden, model);
      for (Parameter statistic : model.parameters().statistics()) {
        String key = statistic.name().replace("norm.", "");
        golden.assertClose(key, values(statistic.value()), tolerance);
      }
      try (Plan plan = model.plan(PlanSpec.inference(T, N))) {
        golden.read("x", backend, plan.input());
        golden.read("lengths", backend, Objects.requireNonNull(plan.lengths()));
        plan.forward(T, N);
        golden.assertClose("inference", values(plan.output()), tolerance);
      }
    }
  }

  @Test
  void convolutions() throws IOException {
    Convolution layer = Convolution.of(3, 3);
    convolution("same", layer);
    convolution("same-stride", layer.stride(2));
    convolution("causal", layer.causal());
    convolution("valid-stride", layer.valid().stride(2));
  }

  private void convolution(String name, Layer layer) throws IOException {
    try (Golden golden = new Golden("layers/convolution-" + name);
        Model model = ModelSpec.of(Signal.features(4), layer).build(backend, 1)) {
      run(golden, model);
    }
  }

  /** Formulas written by hand; seven steps of products with up to ten terms, and back. */
  @Test
  void statesThatDecay() throws IOException {
    for (Cell cell : List.of(Cell.GRU, Cell.GRU_RESET_BEFORE)) {
      String name = cell.name().toLowerCase(Locale.ROOT).replace('_', '-');
      try (Golden golden = new Golden("layers/decayed-" + name)) {
        RecurrentLayer layer = RecurrentLayer.of("gru", cell, 5).decayed(2);
        int layers = (int) golden.number("layers", 1);
        Layer stack = layer.stacked(layers, 0);
        try (Model model = ModelSpec.of(Signal.features(5), stack).build(backend, 1)) {
          run(golden, model, 4 * tolerance);
        }
      }
    }
  }

  private void run(Golden golden, Model model) {
    run(golden, model, tolerance);
  }

  /** A training step of a model of one layer. */
  private void run(Golden golden, Model model, double within) {
    try (Plan plan = model.plan(PlanSpec.training(T, N).withInputGradient())) {
      for (Parameter parameter : model.parameters().list()) {
        golden.read(end(parameter), backend, parameter.value());
      }
      model.parameters().changed();
      golden.read("x", backend, plan.input());
      golden.read("lengths", backend, Objects.requireNonNull(plan.lengths()));
      golden.read("dy", backend, Objects.requireNonNull(plan.outputGradient()));
      plan.forward(T, N);
      plan.backward();
      double[] y = values(plan.output());
      double[] valid = golden.has("valid") ? golden.doubles("valid") : new double[0];
      for (int i = 0; i < valid.length; i++) {
        y[i] *= valid[i];
      }
      golden.assertClose("y", y, within);
      golden.assertClose("dx", values(Objects.requireNonNull(plan.inputGradient())), within);
      for (Parameter parameter : model.parameters().list()) {
        golden.assertClose("grad." + end(parameter), values(parameter.gradient()), within);
      }
    }
  }

  private static String end(Parameter parameter) {
    return parameter.name().substring(parameter.name().lastIndexOf('.') + 1);
  }

  @Test
  void attention() throws IOException {
    try (Golden golden = new Golden("layers/attention-dot")) {
      Tensor lengths = workspace.tensor(DType.I32, N);
      golden.read("lengths", backend, lengths);
      Tensor context = workspace.real(3, N, 4);
      AttentionIo.Gradients gradients =
          new AttentionIo.Gradients(
              given(golden, "dContext", 3, N, 4),
              workspace.real(3, N, 6),
              workspace.real(T, N, 6),
              workspace.real(T, N, 4),
              null);
      AttentionIo io =
          new AttentionIo(
              given(golden, "queries", 3, N, 6),
              given(golden, "keys", T, N, 6),
              given(golden, "values", T, N, 4),
              lengths,
              null,
              workspace.real(3, N, T),
              context,
              gradients);
      double scale = golden.number("scale", 1);
      try (var bound = backend.attention(new AttentionSpec(Score.DOT, scale, 3, T, N), io)) {
        bound.forward(3, T, N);
        bound.backward(3, T, N);
      }
      golden.assertClose("context", values(context), tolerance);
      golden.assertClose(
          "dQueries", values(Objects.requireNonNull(gradients.dQueries())), tolerance);
      golden.assertClose("dKeys", values(Objects.requireNonNull(gradients.dKeys())), tolerance);
      golden.assertClose("dValues", values(Objects.requireNonNull(gradients.dValues())), tolerance);
    }
  }

  private Tensor given(Golden golden, String key, long... shape) {
    Tensor tensor = workspace.real(shape);
    golden.read(key, backend, tensor);
    return tensor;
  }
}
