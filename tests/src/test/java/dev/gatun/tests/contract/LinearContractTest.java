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
@MethodSource("namesAndEngines")
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
    double[] expected = y.toDoubles();
    for (int i = 0; i < rows * o; i++) {
      expected[i] = product(x, i / o, weight, i % o, k) + bias.get(i % o);
    }
    backend.linear(rows, x, weight, bias, y);
    Numbers.assertClose("y", expected, y.toDoubles(), tolerance(k));
    for (int i = rows * o; i < expected.length; i++) {
      assertEquals(expected[i], y.get(i), "row beyond the prefix");
    }
    for (int i = 0; i < rows * o; i++) {
      expected[i] -= bias.get(i % o);
    }
    backend.linear(rows, x, weight, null, y);
    Numbers.assertClose("y without bias", expected, y.toDoubles(), tolerance(k));
  }

  private static double product(Tensor x, int row, Tensor weight, int o, int k) {
    double sum = 0;
    for (int i = 0; i < k; i++) {
      sum += x.get((long) row * k + i) * weight.get((long) o * k + i);
    }
    return sum;
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
    double[] expectedDx = dx.toDoubles();
    double[] expectedDWeight = dWeight.toDoubles();
    double[] expectedDBias = dBias.toDoubles();
    Arrays.fill(expectedDx, 0, rows * k, 0);
    for (int row = 0; row < rows; row++) {
      for (int j = 0; j < o; j++) {
        double d = dy.get((long) row * o + j);
        expectedDBias[j] += d;
        for (int i = 0; i < k; i++) {
          expectedDx[row * k + i] += d * weight.get((long) j * k + i);
          expectedDWeight[j * k + i] += d * x.get((long) row * k + i);
        }
      }
    }
    backend.linearBackward(rows, x, weight, dy, dx, dWeight, dBias);
    Numbers.assertClose("dx", expectedDx, dx.toDoubles(), tolerance(o));
    Numbers.assertClose("dWeight", expectedDWeight, dWeight.toDoubles(), tolerance(rows));
    Numbers.assertClose("dBias", expectedDBias, dBias.toDoubles(), tolerance(rows));
    for (int i = rows * k; i < expectedDx.length; i++) {
      assertEquals(expectedDx[i], dx.get(i), "row beyond the prefix");
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
    assertArrayEquals(whole.toDoubles(), alone.toDoubles());
  }

  @Test
  void zeroRowsChangeNothing() {
    Tensor y = random(2, 3);
    double[] before = y.toDoubles();
    backend.linear(0, random(2, 7), random(3, 7), null, y);
    assertArrayEquals(before, y.toDoubles());
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
