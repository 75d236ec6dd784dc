package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.WeightOperations;
import dev.gatun.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits, penalties and averages of weights against their equations. */
@ParameterizedClass
@MethodSource("names")
class WeightContractTest extends Contract {
  private final WeightOperations weights = backend.weights();

  WeightContractTest(String name) {
    super(name);
  }

  @AfterEach
  void close() {
    weights.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 17, 1000, 40_001})
  void clampsScalesAndAverages(int size) {
    assumeNear(backend, size);
    Tensor x = random(size);
    double[] before = read(x);
    weights.clamp(x, 0.4);
    double[] clamped = read(x);
    for (int i = 0; i < size; i++) {
      assertEquals(Math.clamp(before[i], -0.4, 0.4), clamped[i], eps);
    }
    weights.scale(x, scalar(0.5));
    double[] halved = read(x);
    for (int i = 0; i < size; i++) {
      assertEquals(clamped[i] / 2, halved[i], eps);
    }
    Tensor average = random(size);
    double[] old = read(average);
    weights.average(x, average, 0.1);
    double[] moved = read(average);
    for (int i = 0; i < size; i++) {
      assertEquals(old[i] + 0.1 * (halved[i] - old[i]), moved[i], 4 * eps);
    }
  }

  @Test
  void whatIsNotANumberStays() {
    Tensor x = real(Double.NaN, Double.POSITIVE_INFINITY, -3, 0.1);
    weights.clamp(x, 2);
    double[] clamped = read(x);
    assertTrue(Double.isNaN(clamped[0]), clamped[0] + "");
    assertEquals(2, clamped[1]);
    assertEquals(-2, clamped[2]);
    assertEquals(0.1, clamped[3], eps);
  }

  @Test
  void aWeightOfOneIsACopy() {
    Tensor x = random(37);
    Tensor average = workspace.real(37);
    weights.average(x, average, 1);
    double[] expected = read(x);
    double[] got = read(average);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], got[i]);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 33, 300})
  void rowsKeepTheirDirectionAndLoseTheirExcess(int columns) {
    int rows = 7;
    Tensor x = random(rows, columns);
    double[] before = read(x);
    double limit = 0.5 * Math.sqrt(columns);
    weights.limitRows(x, limit);
    double[] after = read(x);
    int limited = 0;
    for (int row = 0; row < rows; row++) {
      double norm = 0;
      for (int i = 0; i < columns; i++) {
        norm += before[row * columns + i] * before[row * columns + i];
      }
      norm = Math.sqrt(norm);
      double factor = norm > limit ? limit / norm : 1;
      limited += norm > limit ? 1 : 0;
      for (int i = 0; i < columns; i++) {
        assertEquals(before[row * columns + i] * factor, after[row * columns + i], 4 * eps);
      }
    }
    assertTrue(limited > 0, "no row was too long");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 65, 40_001})
  void penaltiesAddTheirGradientAndTheirSum(int size) {
    assumeNear(backend, size);
    Tensor p = random(size);
    set(p, 0, 0);
    Tensor g = random(size);
    double[] values = read(p);
    double[] before = read(g);
    Tensor sum = scalar(2);
    weights.penalize(p, g, 0.3, 0.2, sum);
    double[] after = read(g);
    double expected = 2;
    for (int i = 0; i < size; i++) {
      double slope = 0.3 * Math.signum(values[i]) + 0.2 * values[i];
      assertEquals(before[i] + slope, after[i], 4 * eps, "element " + i);
      expected += 0.3 * Math.abs(values[i]) + 0.1 * values[i] * values[i];
    }
    assertEquals(expected, get(sum, 0), 8 * eps * expected);
  }

  @Test
  void wrongArgumentsAreRefused() {
    Tensor x = random(6);
    assertRefused("limit 0.0", () -> weights.clamp(x, 0));
    assertRefused("[rows, columns]", () -> weights.limitRows(x, 1));
    assertRefused("in [0, 1]", () -> weights.average(x, x, 1.5));
    assertRefused("l1 -1.0", () -> weights.penalize(x, x, -1, 0, scalar(0)));
    assertRefused("6 elements", () -> weights.average(x, random(5), 0.5));
  }
}
