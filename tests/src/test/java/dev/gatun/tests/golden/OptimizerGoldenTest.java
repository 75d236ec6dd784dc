package dev.gatun.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.backend.AdadeltaRule;
import dev.gatun.backend.AdagradRule;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.backend.NadamRule;
import dev.gatun.backend.RmsPropRule;
import dev.gatun.backend.SgdRule;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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

  /** PyTorch's names of our moments. */
  private static final Map<String, String> NAMES =
      Map.of(
          "m", "exp_avg",
          "v_max", "max_exp_avg_sq",
          "momentum", "momentum_buffer",
          "sum", "sum",
          "u", "acc_delta",
          "mean", "grad_avg");

  private static String pyTorchName(UpdateRule rule, String moment) {
    boolean squares = rule instanceof RmsPropRule || rule instanceof AdadeltaRule;
    return moment.equals("v")
        ? squares ? "square_avg" : "exp_avg_sq"
        : NAMES.getOrDefault(moment, moment);
  }

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
      UpdateRule rule = rule(golden);
      List<Tensor> moments = rule.moments().stream().map(_ -> workspace.real(A + B)).toList();
      Tensor control = workspace.tensor(DType.F64, Control.SIZE);
      golden.read("initial.a", backend, parameters.view(0, 5, 3));
      golden.read("initial.b", backend, parameters.view(A, B));
      Updater updater =
          backend.updater(
              rule,
              new UpdateTensors(parameters, gradients, moments, control),
              List.of(new UpdatePart(0, A, 1, 1), new UpdatePart(A, B, 1, 1)));
      double[] norms = golden.doubles("norm");
      for (int step = 0; step < STEPS; step++) {
        Host.write(backend, gradients, flat(golden, "grad", step));
        Host.set(backend, control, Control.RATE, golden.number("lr", Double.NaN));
        double maxNorm = golden.number("max_norm", Double.POSITIVE_INFINITY);
        backend.prepareUpdate(gradients, maxNorm, control);
        double tolerance = C * (step + 1) * Numbers.roundoff(backend);
        assertEquals(
            norms[step], Host.get(backend, control, Control.NORM), tolerance * norms[step]);
        updater.step();
        for (int k = 0; k < moments.size(); k++) {
          String moment = pyTorchName(rule, rule.moments().get(k));
          assertClose(golden, moment, step, Host.read(backend, moments.get(k)), tolerance);
        }
        assertClose(golden, "parameter", step, Host.read(backend, parameters), tolerance);
      }
      updater.close();
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

  private static UpdateRule rule(Golden golden) {
    double decay = golden.number("weight_decay", 0);
    double epsilon = golden.number("eps", Double.NaN);
    double momentum = golden.number("momentum", 0);
    String name = golden.text("optimizer");
    return switch (name) {
      case "SGD" -> new SgdRule(momentum, golden.text("nesterov").equals("true"), decay);
      case "Adam", "AdamW" -> {
        assertEquals("[0.9, 0.999]", golden.text("betas"));
        boolean amsgrad = golden.text("amsgrad").equals("true");
        yield new AdamRule(0.9, 0.999, epsilon, decay, name.equals("AdamW"), amsgrad);
      }
      case "NAdam" ->
          new NadamRule(0.9, 0.999, epsilon, golden.number("momentum_decay", Double.NaN), decay);
      case "Adagrad" -> new AdagradRule(epsilon, golden.number("lr_decay", 0), decay);
      case "Adadelta" -> new AdadeltaRule(golden.number("rho", Double.NaN), epsilon, decay);
      case "RMSprop" ->
          new RmsPropRule(
              golden.number("alpha", Double.NaN),
              epsilon,
              golden.text("centered").equals("true"),
              momentum,
              decay);
      default -> throw new IllegalArgumentException(name);
    };
  }
}
