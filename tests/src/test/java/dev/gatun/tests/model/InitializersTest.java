package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.model.Initializer;
import dev.gatun.model.Initializers;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RandomStream;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentLayer.InitialWeights;
import dev.gatun.model.Signal;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.function.DoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Moments and structure of initial values. */
class InitializersTest {
  private static double[] fill(Initializer initializer, long... shape) {
    Tensor values = Tensor.host(DType.F32, shape);
    try {
      initializer.fill(values, new RandomStream(5, 3));
      return values.toDoubles();
    } finally {
      values.memory().close();
    }
  }

  /** Mean and variance against what they should be, within five standard errors. */
  private static void assertMoments(double[] values, double variance, double kurtosis) {
    double mean = 0;
    double squares = 0;
    for (double v : values) {
      mean += v / values.length;
      squares += v * v / values.length;
    }
    double errors = 5 / Math.sqrt(values.length);
    assertEquals(0, mean, errors * Math.sqrt(variance));
    assertEquals(variance, squares, errors * variance * Math.sqrt(kurtosis - 1));
  }

  @Test
  void moments() {
    assertMoments(fill(Initializers.uniform(0.25), 300, 200), 0.25 * 0.25 / 3, 1.8);
    assertMoments(fill(Initializers.normal(0, 0.5), 300, 200), 0.25, 3);
    assertMoments(fill(Initializers.xavierUniform(), 300, 200), 2.0 / 500, 1.8);
    assertMoments(fill(Initializers.xavierNormal(), 300, 200), 2.0 / 500, 3);
  }

  @Test
  void boundsHold() {
    for (double v : fill(Initializers.uniform(0.25), 300, 200)) {
      assertTrue(Math.abs(v) <= 0.25);
    }
  }

  @Test
  void orthogonalHasOrthonormalColumnsOrRows() {
    assertOrthonormal(fill(Initializers.orthogonal(1), 12, 5), 12, 5);
    double[] wide = fill(Initializers.orthogonal(1), 5, 12);
    double[] turned = new double[60];
    for (int r = 0; r < 5; r++) {
      for (int c = 0; c < 12; c++) {
        turned[c * 5 + r] = wide[r * 12 + c];
      }
    }
    assertOrthonormal(turned, 12, 5);
  }

  private static void assertOrthonormal(double[] values, int rows, int columns) {
    for (int a = 0; a < columns; a++) {
      for (int b = 0; b <= a; b++) {
        double dot = 0;
        for (int r = 0; r < rows; r++) {
          dot += values[r * columns + a] * values[r * columns + b];
        }
        assertEquals(a == b ? 1 : 0, dot, 1e-6);
      }
    }
  }

  @Test
  void orthogonalPerGate() {
    double[] values = fill(Initializers.perGate(3, Initializers.orthogonal(1)), 18, 6);
    for (int gate = 0; gate < 3; gate++) {
      double[] block = new double[36];
      System.arraycopy(values, gate * 36, block, 0, 36);
      assertOrthonormal(block, 6, 6);
    }
  }

  @Test
  void forgetBias() {
    InitialWeights initial =
        new InitialWeights(null, null, Initializers.constant(0), null).withForgetBias(1);
    ModelSpec spec =
        ModelSpec.of(Signal.features(2), RecurrentLayer.lstm(3).stacked(2, 0).initialized(initial));
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 1)) {
      for (int layer = 0; layer < 2; layer++) {
        Tensor input = model.parameters().get("lstm.bias_ih_l" + layer).value();
        Tensor recurrent = model.parameters().get("lstm.bias_hh_l" + layer).value();
        for (int i = 0; i < 12; i++) {
          boolean forget = i / 3 == 1;
          assertEquals(forget ? 1 : 0, input.get(i) + recurrent.get(i));
        }
      }
    }
  }

  @Test
  void defaultsOfARecurrentLayer() {
    ModelSpec spec = ModelSpec.of(Signal.features(20), RecurrentLayer.gru(64));
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 1)) {
      assertMoments(model.parameters().values().toDoubles(), 1.0 / 64 / 3, 1.8);
    }
  }

  @Test
  void matricesOnly() {
    assertThrows(IllegalArgumentException.class, () -> fill(Initializers.xavierUniform(), 2, 3, 4));
    assertThrows(
        IllegalArgumentException.class,
        () -> fill(Initializers.perGate(4, Initializers.orthogonal(1)), 6, 2));
  }

  /** At once, and not as weights that are not finite. */
  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, 1e39, -1})
  void whatIsNoScaleIsRefused(double scale) {
    List<DoubleFunction<Initializer>> all =
        List.of(
            Initializers::uniform,
            deviation -> Initializers.normal(0, deviation),
            Initializers::xavierUniform,
            Initializers::xavierNormal,
            Initializers::heUniform,
            Initializers::heNormal,
            Initializers::orthogonal,
            Initializers::svd);
    for (DoubleFunction<Initializer> one : all) {
      String message =
          String.valueOf(
              assertThrows(IllegalArgumentException.class, () -> one.apply(scale)).getMessage());
      assertTrue(message.contains(scale < 0 ? "at least 0" : "up to 3.4e38"), message);
    }
    List<DoubleFunction<Initializer>> signed =
        List.of(
            Initializers::constant, Initializers::identity, mean -> Initializers.normal(mean, 1));
    for (DoubleFunction<Initializer> one : signed) {
      if (scale == -1) {
        assertTrue(fill(one.apply(scale), 2, 2)[0] < 2);
      } else {
        assertThrows(IllegalArgumentException.class, () -> one.apply(scale));
      }
    }
    assertThrows(
        IllegalArgumentException.class, () -> Initializers.perGate(0, Initializers.constant(1)));
  }
}
