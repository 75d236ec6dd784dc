package dev.gatun.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.backend.Activation;
import dev.gatun.backend.Backend;
import dev.gatun.model.ActivationLayer;
import dev.gatun.model.Embedding;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Options of embeddings against PyTorch's. */
@ParameterizedClass
@MethodSource("names")
@Tag("backend")
class EmbeddingGoldenTest {
  private static final int T = 7;
  private static final int N = 5;
  private static final int V = 11;

  private final Backend backend;
  private final Workspace workspace;
  private final double tolerance;

  EmbeddingGoldenTest(String name) {
    backend = Subjects.open(name, 2);
    workspace = backend.workspace();
    tolerance = 16 * Numbers.roundoff(backend);
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
  void paddingAndLargestNorm() throws IOException {
    Embedding layer = Embedding.of(6).padding(2).maxNorm(2);
    try (Golden golden = new Golden("layers/embedding-options");
        Model model = ModelSpec.of(Signal.tokens(V), layer).build(backend, 1);
        Plan plan = model.plan(PlanSpec.training(T, N).equalLengths())) {
      Tensor table = model.parameters().get("embedding.weight").value();
      golden.read("weight", backend, table);
      golden.read("tokens", backend, plan.input());
      golden.read("dy", backend, Objects.requireNonNull(plan.outputGradient()));
      plan.forward(T, N);
      plan.backward();
      golden.assertClose("y", values(plan.output()), tolerance);
      golden.assertClose("after", values(table), tolerance);
      golden.assertClose("grad.weight", values(model.parameters().gradients()), tolerance);
    }
  }

  /** Sessions share the table with other threads and leave it alone. */
  @Test
  void aSessionLimitsWhatItLooksUp() throws IOException {
    Embedding layer = Embedding.of(6).maxNorm(2);
    try (Golden golden = new Golden("layers/embedding-options");
        Model model = ModelSpec.of(Signal.tokens(V), layer).build(backend, 1)) {
      Tensor table = model.parameters().get("embedding.weight").value();
      golden.read("weight", backend, table);
      Tensor ids = workspace.tensor(DType.I32, T, N);
      golden.read("tokens", backend, ids);
      int[] tokens = Arrays.stream(values(ids)).mapToInt(id -> (int) id).toArray();
      double[] before = values(table);
      model.parameters().changed();
      try (Session session = model.session(T, N)) {
        golden.assertClose("y", session.run(T, tokens).toDoubles(), 1e-6);
      }
      assertEquals(Arrays.toString(before), Arrays.toString(values(table)));
    }
  }

  @Test
  void aTableForBothEnds() throws IOException {
    Embedding layer = Embedding.of(6);
    ModelSpec spec =
        ModelSpec.of(Signal.tokens(V), layer, ActivationLayer.of(Activation.TANH), layer.tied(V));
    assertEquals(V * 6 + V, spec.parameterCount());
    try (Golden golden = new Golden("layers/embedding-tied");
        Model model = spec.build(backend, 1);
        Plan plan = model.plan(PlanSpec.training(T, N).equalLengths())) {
      golden.read("weight", backend, model.parameters().get("embedding.weight").value());
      golden.read("bias", backend, model.parameters().get("linear.bias").value());
      golden.read("tokens", backend, plan.input());
      Tensor targets = workspace.tensor(DType.I32, T, N);
      golden.read("targets", backend, targets);
      plan.forward(T, N);
      Tensor loss = Host.write(backend, workspace.tensor(DType.F64, 1), 0);
      Tensor scale = Host.write(backend, workspace.tensor(DType.F64, 1), 1.0 / (T * N));
      backend.softmaxCrossEntropy(
          T * N, plan.output(), targets, null, 0, scale, loss, plan.outputGradient());
      plan.backward();
      golden.assertClose("loss", values(loss), tolerance);
      golden.assertClose(
          "grad.weight", values(model.parameters().get("embedding.weight").gradient()), tolerance);
      golden.assertClose(
          "grad.bias", values(model.parameters().get("linear.bias").gradient()), tolerance);
    }
  }
}
