package dev.gatun.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.backend.SgdRule;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ten updates of two parameters in one flat block, against torch.optim after each. */
@Tag("backend")
class OptimizerGoldenTest {
  private static final int STEPS = 10;
  private static final int A = 15;
  private static final int B = 7;

  /** A few roundings of each element at each step so far. */
  private static final double C = 8;

  static Stream<Arguments> cases() throws IOException {
    return Golden.casesOf("optimizers");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void updatesAsPyTorch(String backendName, String name) throws IOException {
    try (Golden golden = new Golden(name);
        Backend backend = Subjects.open(backendName, 1);
        Workspace workspace = backend.workspace()) {
      Tensor parameters = workspace.real(A + B);
      Tensor gradients = workspace.real(A + B);
      Tensor first = workspace.real(A + B);
      Tensor second = workspace.real(A + B);
      Tensor control = workspace.tensor(DType.F64, Control.SIZE);
      golden.read("initial.a", backend, parameters.view(0, 5, 3));
      golden.read("initial.b", backend, parameters.view(A, B));
      boolean sgd = golden.text("optimizer").equals("SGD");
      double[] norms = golden.doubles("norm");
      for (int step = 0; step < STEPS; step++) {
        Host.write(backend, gradients, flat(golden, "grad", step));
        Host.set(backend, control, Control.RATE, golden.number("lr", Double.NaN));
        double maxNorm = golden.number("max_norm", Double.POSITIVE_INFINITY);
        backend.prepareUpdate(gradients, maxNorm, control);
        double tolerance = C * (step + 1) * Numbers.roundoff(backend);
        assertEquals(
            norms[step], Host.get(backend, control, Control.NORM), tolerance * norms[step]);
        if (sgd) {
          backend.sgd(sgdRule(golden), parameters, gradients, first, control);
          assertClose(golden, "momentum_buffer", step, Host.read(backend, first), tolerance);
        } else {
          backend.adam(adamRule(golden), parameters, gradients, first, second, control);
          assertClose(golden, "exp_avg", step, Host.read(backend, first), tolerance);
          assertClose(golden, "exp_avg_sq", step, Host.read(backend, second), tolerance);
        }
        assertClose(golden, "parameter", step, Host.read(backend, parameters), tolerance);
      }
      assertEquals(STEPS, Host.get(backend, control, Control.UPDATES));
    }
  }

  private static void assertClose(
      Golden golden, String key, int step, double[] actual, double tolerance) {
    Numbers.assertClose(key + " after step " + step, flat(golden, key, step), actual, tolerance);
  }

  /** Both parameters' values of one step, one after the other. */
  private static double[] flat(Golden golden, String key, int step) {
    double[] flat = Arrays.copyOf(part(golden, key + ".a", step, A), A + B);
    System.arraycopy(part(golden, key + ".b", step, B), 0, flat, A, B);
    return flat;
  }

  private static double[] part(Golden golden, String key, int step, int size) {
    return Arrays.copyOfRange(golden.doubles(key), step * size, (step + 1) * size);
  }

  private static SgdRule sgdRule(Golden golden) {
    return new SgdRule(
        golden.number("momentum", 0),
        golden.text("nesterov").equals("true"),
        golden.number("weight_decay", 0));
  }

  private static AdamRule adamRule(Golden golden) {
    assertEquals("[0.9, 0.999]", golden.text("betas"));
    return new AdamRule(
        0.9,
        0.999,
        golden.number("eps", Double.NaN),
        golden.number("weight_decay", 0),
        golden.text("optimizer").equals("AdamW"));
  }
}
