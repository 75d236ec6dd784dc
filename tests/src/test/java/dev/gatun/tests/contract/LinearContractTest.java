package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The affine map and its gradients against plain loops. */
@ParameterizedClass
@MethodSource("namesEnginesAndPrecisions")
class LinearContractTest extends Contract {
  /**
   * A sum of K products of random sign loses about sqrt(K) eps of its norm whatever its order, and
   * at most a few times that; norm-wise over a whole result 4 is ample.
   */
  private static final double C = 4;

  LinearContractTest(String name) {
    super(name);
  }

  private double tolerance(int k) {
    return C * eps * Math.sqrt(k + 1);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1",
    "1,3,2",
    "5,7,3",
    "17,19,33",
    "2,65,1",
    "70,5,17",
    "33,128,96",
    "1,513,65",
    "513,17,65",
    "65,513,3",
    "513,65,130"
  })
  void computesAffineMapsOfAPrefix(int rows, int k, int o) {
    Tensor x = random(rows + 2, k);
    Tensor weight = random(o, k);
    Tensor bias = random(o);
    Tensor y = random(rows + 2, o);
    double[] expected = read(y);
    double[] product = product(rows, k, o, read(x), read(weight));
    double[] shift = read(bias);
    for (int i = 0; i < rows * o; i++) {
      expected[i] = product[i] + shift[i % o];
    }
    backend.linear(rows, x, weight, bias, y);
    double[] actual = read(y);
    Numbers.assertClose("y", expected, actual, tolerance(k));
    for (int i = rows * o; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], "row beyond the prefix");
    }
    System.arraycopy(product, 0, expected, 0, rows * o);
    backend.linear(rows, x, weight, null, y);
    Numbers.assertClose("y without bias", expected, read(y), tolerance(k));
  }

  private static double[] product(int rows, int k, int o, double[] x, double[] weight) {
    double[] product = new double[rows * o];
    for (int i = 0; i < product.length; i++) {
      for (int j = 0; j < k; j++) {
        product[i] += x[i / o * k + j] * weight[i % o * k + j];
      }
    }
    return product;
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1",
    "1,3,2",
    "5,7,3",
    "17,19,33",
    "2,65,1",
    "70,5,17",
    "33,128,96",
    "1,513,65",
    "513,17,65",
    "65,513,3",
    "513,65,130"
  })
  void overwritesDxAndAccumulatesTheOthers(int rows, int k, int o) {
    Tensor x = random(rows + 2, k);
    Tensor weight = random(o, k);
    Tensor dy = random(rows + 2, o);
    Tensor dx = random(rows + 2, k);
    Tensor dWeight = random(o, k);
    Tensor dBias = random(o);
    double[] seed = read(dy);
    double[] given = read(x);
    double[] matrix = read(weight);
    double[] expectedDx = read(dx);
    double[] expectedDWeight = read(dWeight);
    double[] expectedDBias = read(dBias);
    Arrays.fill(expectedDx, 0, rows * k, 0);
    for (int row = 0; row < rows; row++) {
      for (int j = 0; j < o; j++) {
        double d = seed[row * o + j];
        expectedDBias[j] += d;
        for (int i = 0; i < k; i++) {
          expectedDx[row * k + i] += d * matrix[j * k + i];
          expectedDWeight[j * k + i] += d * given[row * k + i];
        }
      }
    }
    backend.linearBackward(rows, x, weight, dy, dx, dWeight, dBias);
    Numbers.assertClose("dx", expectedDx, read(dx), tolerance(o));
    Numbers.assertClose("dWeight", expectedDWeight, read(dWeight), tolerance(rows));
    Numbers.assertClose("dBias", expectedDBias, read(dBias), tolerance(rows));
    double[] actualDx = read(dx);
    for (int i = rows * k; i < expectedDx.length; i++) {
      assertEquals(expectedDx[i], actualDx[i], "row beyond the prefix");
    }
  }

  @Test
  void skipsWhatIsNotWanted() {
    Tensor x = random(5, 7);
    Tensor weight = random(3, 7);
    Tensor dy = random(5, 3);
    Tensor whole = workspace.real(3, 7);
    Tensor alone = workspace.real(3, 7);
    backend.linearBackward(5, x, weight, dy, workspace.real(5, 7), whole, workspace.real(3));
    backend.linearBackward(5, x, weight, dy, null, alone, null);
    assertArrayEquals(read(whole), read(alone));
  }

  @Test
  void zeroRowsChangeNothing() {
    Tensor y = random(2, 3);
    double[] before = read(y);
    backend.linear(0, random(2, 7), random(3, 7), null, y);
    assertArrayEquals(before, read(y));
  }

  @Test
  void refusesWrongShapesAndTypes() {
    Tensor x = workspace.real(5, 7);
    Tensor weight = workspace.real(3, 7);
    Tensor y = workspace.real(5, 3);
    assertRefused("linear: y", () -> backend.linear(5, x, weight, null, workspace.real(5, 4)));
    assertRefused("linear: x", () -> backend.linear(6, x, weight, null, y));
    assertRefused("linear: x", () -> backend.linear(5, workspace.real(5, 6), weight, null, y));
    assertRefused("linear: bias", () -> backend.linear(5, x, weight, workspace.real(4), y));
    assertRefused("linear: rows -1", () -> backend.linear(-1, x, weight, null, y));
    assertRefused("linear: weight", () -> backend.linear(5, x, workspace.real(21), null, y));
    assertRefused(
        "linear: x", () -> backend.linear(5, workspace.tensor(DType.I32, 5, 7), weight, null, y));
    assertRefused(
        "dWeight", () -> backend.linearBackward(5, x, weight, y, null, workspace.real(3, 6), null));
    assertRefused(
        "dBias", () -> backend.linearBackward(5, x, weight, y, null, workspace.real(3, 7), x));
  }
}
