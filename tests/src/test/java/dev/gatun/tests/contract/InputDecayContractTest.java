package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.InputDecay;
import dev.gatun.backend.InputDecayIo;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The decay of missing inputs against its definition, and its gradients against slopes. */
@ParameterizedClass
@MethodSource("names")
class InputDecayContractTest extends Contract {
  private static final int ROWS = 150;

  /** One row fewer is asked for, to see that the last one stays. */
  private static final int ASKED = ROWS - 1;

  InputDecayContractTest(String name) {
    super(name);
  }

  /** Values around 0, masks of 0 and 1, and ages up to 5. */
  private Tensor inputs(int c) {
    Tensor x = random(ROWS, 3L * c);
    double[] values = read(x);
    for (int i = 0; i < values.length; i++) {
      int part = i % (3 * c) / c;
      values[i] =
          part == 0 ? values[i] : part == 1 ? (values[i] > 0 ? 1 : 0) : Math.abs(values[i]) * 5;
    }
    write(x, values);
    return x;
  }

  private static double output(double[] x, double[] mean, double[] decay, int row, int k) {
    int c = mean.length;
    int i = k % c;
    double there = x[3 * c * row + c + i];
    if (k >= c) {
      return there;
    }
    double z = decay[i] * x[3 * c * row + 2 * c + i] + decay[c + i];
    double g = Math.exp(-Math.max(0, z));
    double value = x[3 * c * row + i];
    return there * value + (1 - there) * (g * value + (1 - g) * mean[i]);
  }

  private static double sum(double[] x, double[] mean, double[] decay, double[] dy) {
    int width = 2 * mean.length;
    double sum = 0;
    for (int i = 0; i < ASKED * width; i++) {
      sum += dy[i] * output(x, mean, decay, i / width, i % width);
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 37})
  void isWhatItsDefinitionSays(int c) {
    Tensor x = inputs(c);
    Tensor mean = random(c);
    Tensor decay = random(2, c);
    Tensor y = random(ROWS, 2L * c);
    double[] expected = read(y);
    for (int i = 0; i < ASKED * 2 * c; i++) {
      expected[i] = output(read(x), read(mean), read(decay), i / (2 * c), i % (2 * c));
    }
    InputDecay bound = backend.inputDecay(new InputDecayIo(x, mean, decay, y, null));
    bound.forward(ASKED);
    Numbers.assertClose("y", expected, read(y), 8 * eps);
    bound.forward(0);
    Numbers.assertClose("y", expected, read(y), 8 * eps);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void itsGradientsAreSlopes(int c) {
    Tensor x = inputs(c);
    Tensor mean = random(c);
    Tensor decay = random(2, c);
    Tensor dy = random(ROWS, 2L * c);
    Tensor dDecay = random(2, c);
    Tensor dx = random(ROWS, 3L * c);
    double[] expected = read(dDecay);
    double[] expectedIn = read(dx);
    double[] in = read(x);
    double[] rates = read(decay);
    double[] above = read(dy);
    double[] center = read(mean);
    for (int i = 0; i < rates.length; i++) {
      double was = rates[i];
      rates[i] = was + 1e-5;
      double up = sum(in, center, rates, above);
      rates[i] = was - 1e-5;
      expected[i] += (up - sum(in, center, rates, above)) / 2e-5;
      rates[i] = was;
    }
    for (int i = 0; i < ASKED * 3 * c; i++) {
      double was = in[i];
      in[i] = was + 1e-5;
      double up = sum(in, center, rates, above);
      in[i] = was - 1e-5;
      expectedIn[i] = (up - sum(in, center, rates, above)) / 2e-5;
      in[i] = was;
    }
    Tensor y = workspace.real(ROWS, 2L * c);
    Tensor scratch = workspace.real(ROWS, 2L * c);
    InputDecay bound =
        backend.inputDecay(
            new InputDecayIo(
                x, mean, decay, y, new InputDecayIo.Gradients(dy, dDecay, dx, scratch)));
    bound.forward(ASKED);
    bound.backward(ASKED);
    Numbers.assertClose("dDecay", expected, read(dDecay), 32 * eps + 1e-6);
    Numbers.assertClose("dx", expectedIn, read(dx), 32 * eps + 1e-6);
  }

  @Test
  void anAgeThatIsNoNumberShows() {
    Tensor y = workspace.real(1, 2);
    Tensor x = write(workspace.real(1, 3), 1, 0, Double.NaN);
    Tensor decay = write(workspace.real(2, 1), 1, 0);
    backend.inputDecay(new InputDecayIo(x, real(0), decay, y, null)).forward(1);
    assertTrue(Double.isNaN(get(y, 0)));
  }

  @Test
  void refusesWhatDoesNotFit() {
    Tensor x = workspace.real(4, 6);
    Tensor two = workspace.real(2, 2);
    Tensor y = workspace.real(4, 4);
    assertRefused(
        "input decay: x", () -> backend.inputDecay(new InputDecayIo(y, real(0, 0), two, y, null)));
    assertRefused(
        "input decay: y",
        () -> backend.inputDecay(new InputDecayIo(x, real(0, 0), two, two, null)));
    InputDecay bound = backend.inputDecay(new InputDecayIo(x, real(0, 0), two, y, null));
    assertRefused("input decay: 5 rows", () -> bound.forward(5));
    assertThrows(IllegalStateException.class, () -> bound.backward(1));
  }
}
