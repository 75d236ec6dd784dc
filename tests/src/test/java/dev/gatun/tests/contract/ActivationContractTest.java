package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.RowActivation;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Activations of rows against their definitions, and their gradients against slopes of those. */
@ParameterizedClass
@MethodSource("names")
class ActivationContractTest extends Contract {
  private static final int[] WIDTHS = {1, 3, 16, 37, 300};
  private static final int ROWS = 150;

  /** One row fewer is asked for, to see that the last one stays. */
  private static final int ASKED = ROWS - 1;

  ActivationContractTest(String name) {
    super(name);
  }

  private static double[] defined(Activation activation, double[] x) {
    double sum = Arrays.stream(x).map(Math::exp).sum();
    return Arrays.stream(x)
        .map(
            v ->
                switch (activation) {
                  case TANH -> Math.tanh(v);
                  case RELU -> v > 0 ? v : 0;
                  case SIGMOID -> 1 / (1 + Math.exp(-v));
                  case SOFTMAX -> Math.exp(v) / sum;
                  case LEAKY_RELU -> v > 0 ? v : v / 100;
                  case ELU -> v > 0 ? v : Math.exp(v) - 1;
                  case IDENTITY -> v;
                })
        .toArray();
  }

  @ParameterizedTest
  @EnumSource
  void isWhatItsDefinitionSays(Activation activation) {
    for (int width : WIDTHS) {
      Tensor x = random(ROWS, width);
      Tensor y = random(ROWS, width);
      double[] expected = read(y);
      double[] values = read(x);
      for (int row = 0; row < ASKED; row++) {
        double[] in = Arrays.copyOfRange(values, row * width, (row + 1) * width);
        System.arraycopy(defined(activation, in), 0, expected, row * width, width);
      }
      backend.activation(activation, new ActivationIo(x, y, null, null)).forward(ASKED);
      Numbers.assertClose(activation + " " + width, expected, read(y), 8 * eps);
      backend.activation(activation, new ActivationIo(x, x, null, null)).forward(ASKED);
      double[] inPlace = Arrays.copyOf(read(x), ASKED * width);
      assertArrayEquals(Arrays.copyOf(read(y), ASKED * width), inPlace);
    }
  }

  @ParameterizedTest
  @EnumSource
  void itsGradientIsTheSlope(Activation activation) {
    for (int width : WIDTHS) {
      Tensor x = random(ROWS, width);
      Tensor y = workspace.real(ROWS, width);
      Tensor dy = random(ROWS, width);
      Tensor dx = random(ROWS, width);
      double[] values = read(x);
      double[] above = read(dy);
      double[] expected = read(dx);
      for (int i = 0; i < ASKED * width; i++) {
        expected[i] = slope(activation, values, above, i / width * width, width, i % width);
      }
      RowActivation bound = backend.activation(activation, new ActivationIo(x, y, dy, dx));
      bound.forward(ASKED);
      bound.backward(ASKED);
      // Differences of step 1e-5 are good to 1e-9.
      Numbers.assertClose(activation + " " + width, expected, read(dx), 16 * eps + 1e-7);
      RowActivation inPlace = backend.activation(activation, new ActivationIo(x, y, dy, dy));
      inPlace.backward(ASKED);
      double[] same = Arrays.copyOf(read(dy), ASKED * width);
      assertArrayEquals(Arrays.copyOf(read(dx), ASKED * width), same);
    }
  }

  private static double slope(
      Activation activation, double[] x, double[] dy, int from, int width, int k) {
    if (activation != Activation.SOFTMAX) { // of each element alone, and many of them
      return slope(activation, new double[] {x[from + k]}, new double[] {dy[from + k]}, 0);
    }
    return slope(
        activation,
        Arrays.copyOfRange(x, from, from + width),
        Arrays.copyOfRange(dy, from, from + width),
        k);
  }

  private static double slope(Activation activation, double[] in, double[] dy, int k) {
    in[k] += 1e-5;
    double[] up = defined(activation, in);
    in[k] -= 2e-5;
    double[] down = defined(activation, in);
    double sum = 0;
    for (int j = 0; j < dy.length; j++) {
      sum += dy[j] * (up[j] - down[j]) / 2e-5;
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource
  void leavesWhatIsNotANumberToBeSeen(Activation activation) {
    Tensor x = random(2, 37);
    double[] values = read(x);
    values[40] = Double.NaN;
    write(x, values);
    backend.activation(activation, new ActivationIo(x, x, null, null)).forward(2);
    double[] y = read(x);
    for (int i = 0; i < y.length; i++) {
      boolean lost = i == 40 || (activation == Activation.SOFTMAX && i >= 37);
      assertEquals(lost, Double.isNaN(y[i]), "element " + i);
    }
  }

  @ParameterizedTest
  @EnumSource
  void refusesWhatDoesNotFit(Activation activation) {
    Tensor x = real(1, 2, 3);
    Tensor rows = workspace.real(4, 3);
    assertRefused(
        "activation: y",
        () -> backend.activation(activation, new ActivationIo(rows, x, null, null)));
    assertRefused(
        "activation: dx",
        () -> backend.activation(activation, new ActivationIo(rows, rows, rows, null)));
    RowActivation bound = backend.activation(activation, new ActivationIo(rows, rows, null, null));
    assertRefused("activation: 5 rows", () -> bound.forward(5));
    assertRefused("activation: -1 rows", () -> bound.forward(-1));
    assertThrows(IllegalStateException.class, () -> bound.backward(1));
  }
}
