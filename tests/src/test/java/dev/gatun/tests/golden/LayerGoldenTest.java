package dev.gatun.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.backend.Backend;
import dev.gatun.backend.ElementLoss;
import dev.gatun.model.NumericLoss;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Embedding, linear and the losses but CTC, against PyTorch's. */
@ParameterizedClass
@MethodSource("names")
@Tag("backend")
class LayerGoldenTest {
  private static final int ROWS = 35; // T = 7 times N = 5 in every file

  /** A few roundings of sums of at most 35 terms. */
  private static final double C = 16;

  private final Backend backend;
  private final Workspace workspace;
  private final double tolerance;

  LayerGoldenTest(String name) {
    backend = Subjects.open(name, 1);
    workspace = backend.workspace();
    tolerance = C * Numbers.roundoff(backend);
  }

  static List<String> names() {
    return Subjects.names();
  }

  @AfterEach
  void free() {
    workspace.close();
    backend.close();
  }

  private Tensor read(Golden golden, String key) {
    Tensor tensor = workspace.real(golden.shape(key));
    golden.read(key, backend, tensor);
    return tensor;
  }

  private double[] values(Tensor tensor) {
    return Host.read(backend, tensor);
  }

  private Tensor scalar(double value) {
    return Host.write(backend, workspace.tensor(DType.F64, 1), value);
  }

  private Tensor readInts(Golden golden, String key) {
    Tensor tensor = workspace.tensor(DType.I32, golden.shape(key));
    golden.read(key, backend, tensor);
    return tensor;
  }

  @Test
  void embedding() throws IOException {
    try (Golden golden = new Golden("layers/embedding")) {
      Tensor table = read(golden, "weight");
      Tensor ids = readInts(golden, "tokens");
      Tensor y = workspace.real(golden.shape("y"));
      Tensor dTable = workspace.real(golden.shape("weight"));
      backend.embedding(ROWS, ids, table, y);
      backend.embeddingBackward(ROWS, ids, read(golden, "dy"), dTable);
      golden.assertClose("y", values(y), 0);
      golden.assertClose("grad.weight", values(dTable), tolerance);
    }
  }

  @Test
  void linear() throws IOException {
    try (Golden golden = new Golden("layers/linear")) {
      Tensor x = read(golden, "x");
      Tensor weight = read(golden, "weight");
      Tensor y = workspace.real(golden.shape("y"));
      Tensor dx = workspace.real(golden.shape("x"));
      Tensor dWeight = workspace.real(golden.shape("weight"));
      Tensor dBias = workspace.real(golden.shape("bias"));
      backend.linear(ROWS, x, weight, read(golden, "bias"), y);
      backend.linearBackward(ROWS, x, weight, read(golden, "dy"), dx, dWeight, dBias);
      golden.assertClose("y", values(y), tolerance);
      golden.assertClose("dx", values(dx), tolerance);
      golden.assertClose("grad.weight", values(dWeight), tolerance);
      golden.assertClose("grad.bias", values(dBias), tolerance);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cross-entropy", "cross-entropy-ignored", "cross-entropy-large-logits"})
  void crossEntropy(String name) throws IOException {
    try (Golden golden = new Golden("losses/" + name)) {
      Tensor logits = read(golden, "logits");
      Tensor targets = readInts(golden, "targets");
      long valid = Arrays.stream(values(targets)).filter(target -> target >= 0).count();
      Tensor loss = workspace.tensor(DType.F64, 1);
      Tensor dLogits = workspace.real(golden.shape("logits"));
      Tensor scale = scalar(1.0 / valid);
      backend.softmaxCrossEntropy(ROWS, logits, targets, scale, loss, dLogits);
      double expected = golden.doubles("loss")[0];
      assertEquals(expected, values(loss)[0], tolerance * expected);
      golden.assertClose("dlogits", values(dLogits), tolerance);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "cross-entropy-weighted,0",
    "cross-entropy-smoothed,0.1",
    "cross-entropy-weighted-smoothed,0.3"
  })
  void sharedCrossEntropy(String name, double smoothing) throws IOException {
    try (Golden golden = new Golden("losses/" + name)) {
      Tensor targets = readInts(golden, "targets");
      double[] ids = values(targets);
      boolean weighted = name.contains("weighted");
      double[] weights = weighted ? golden.doubles("class_weights") : null;
      double sum = 0;
      for (double id : ids) {
        sum += id < 0 ? 0 : weights == null ? 1 : weights[(int) id];
      }
      Tensor loss = workspace.tensor(DType.F64, 1);
      Tensor dLogits = workspace.real(golden.shape("logits"));
      backend.softmaxCrossEntropy(
          ROWS,
          read(golden, "logits"),
          targets,
          weighted ? read(golden, "class_weights") : null,
          smoothing,
          scalar(1 / sum),
          loss,
          dLogits);
      double expected = golden.doubles("loss")[0];
      assertEquals(expected, values(loss)[0], tolerance * expected);
      golden.assertClose("dlogits", values(dLogits), tolerance);
    }
  }

  static Stream<Arguments> elementLosses() {
    return Stream.of(
        Arguments.of("absolute", NumericLoss.meanAbsoluteError()),
        Arguments.of("sum-of-squares", NumericLoss.sumOfSquares()),
        Arguments.of("huber", NumericLoss.huber(0.4)),
        Arguments.of("quantile", NumericLoss.quantile(0.1, 0.5, 0.9)),
        Arguments.of("logistic", NumericLoss.binaryCrossEntropy(1)),
        Arguments.of("logistic-weighted", NumericLoss.binaryCrossEntropy(3)),
        Arguments.of("gaussian", NumericLoss.gaussian()));
  }

  @ParameterizedTest
  @MethodSource("elementLosses")
  void elementLoss(String name, NumericLoss numeric) throws IOException {
    try (Golden golden = new Golden("losses/" + name)) {
      Tensor prediction = read(golden, "prediction");
      Signal output = Signal.features(Math.toIntExact(prediction.dim(-1)));
      Tensor loss = workspace.tensor(DType.F64, 1);
      Tensor gradient = workspace.real(golden.shape("prediction"));
      backend.elementLoss(
          numeric.rule(),
          ROWS,
          prediction,
          read(golden, "target"),
          null,
          scalar(numeric.scale(output, ROWS)),
          loss,
          gradient);
      Numbers.assertClose("loss", golden.doubles("loss"), values(loss), tolerance);
      golden.assertClose("dprediction", values(gradient), tolerance);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mean-squared-error", "mean-squared-error-masked"})
  void meanSquaredError(String name) throws IOException {
    try (Golden golden = new Golden("losses/" + name)) {
      Tensor prediction = read(golden, "prediction");
      double[] mask = values(readInts(golden, "mask"));
      Tensor rowWeights = Host.write(backend, workspace.real(ROWS), mask);
      double elements = Arrays.stream(mask).sum() * prediction.dim(-1);
      Tensor scale = scalar(1 / elements);
      Tensor loss = workspace.tensor(DType.F64, 1);
      Tensor gradient = workspace.real(golden.shape("prediction"));
      backend.elementLoss(
          new ElementLoss.Squared(),
          ROWS,
          prediction,
          read(golden, "target"),
          rowWeights,
          scale,
          loss,
          gradient);
      Numbers.assertClose("loss", golden.doubles("loss"), values(loss), tolerance);
      golden.assertClose("dprediction", values(gradient), tolerance);
    }
  }
}
