package dev.gatun.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.backend.Backend;
import dev.gatun.backend.CtcIo;
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

/** CTC of logits, against PyTorch's log_softmax and ctc_loss with zero_infinity. */
@Tag("backend")
class CtcGoldenTest {
  /** Roundings of a share: of the logarithms that it is the exponential of, sums of all steps. */
  private static final double C = 16;

  static Stream<Arguments> cases() throws IOException {
    return Golden.casesOf("losses")
        .filter(arguments -> arguments.get()[1].toString().startsWith("losses/ctc-"));
  }

  private static Tensor ints(Backend backend, Workspace workspace, Golden golden, String key) {
    Tensor tensor = workspace.tensor(DType.I32, golden.shape(key));
    golden.read(key, backend, tensor);
    return tensor;
  }

  private static CtcIo io(Backend backend, Workspace workspace, Golden golden) {
    Tensor logits = workspace.real(golden.shape("logits"));
    golden.read("logits", backend, logits);
    boolean mean = golden.text("reduction").equals("mean");
    long n = logits.dim(1);
    Tensor scale = workspace.tensor(DType.F64, 1);
    return new CtcIo(
        logits,
        ints(backend, workspace, golden, "lengths"),
        ints(backend, workspace, golden, "labels"),
        ints(backend, workspace, golden, "label_lengths"),
        (int) golden.number("blank", -1),
        mean,
        Host.write(backend, scale, mean ? 1.0 / n : 1),
        workspace.tensor(DType.F64, n),
        workspace.tensor(DType.F64, 1),
        workspace.tensor(DType.I64, 1),
        workspace.real(golden.shape("logits")));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndGradient(String name, String file) throws IOException {
    try (Golden golden = new Golden(file);
        Backend backend = Subjects.open(name, 2);
        Workspace workspace = backend.workspace()) {
      CtcIo io = io(backend, workspace, golden);
      double largest = Arrays.stream(golden.doubles("losses")).max().orElse(1);
      double tolerance = C * Numbers.roundoff(backend) * Math.max(10, largest);
      backend.ctc((int) io.logits().dim(0), (int) io.logits().dim(1), io);
      double[] losses = Host.read(backend, io.losses());
      long impossible = Arrays.stream(losses).filter(Double::isInfinite).count();
      assertEquals((double) impossible, Host.get(backend, io.impossible(), 0));
      double[] finite = Arrays.stream(losses).map(x -> Double.isInfinite(x) ? 0 : x).toArray();
      golden.assertClose("losses", finite, tolerance);
      golden.assertClose("loss", Host.read(backend, io.loss()), tolerance);
      Tensor gradient = io.dLogits();
      golden.assertClose(
          "dlogits", gradient == null ? new double[0] : Host.read(backend, gradient), tolerance);
    }
  }
}
