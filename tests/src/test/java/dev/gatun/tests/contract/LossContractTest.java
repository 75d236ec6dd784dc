package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses and their gradients against their definitions. */
@ParameterizedClass
@MethodSource("names")
class LossContractTest extends Contract {
  private static final int ROWS = 6;

  private final Tensor loss = scalar(99);

  LossContractTest(String name) {
    super(name);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 17, 96, 301})
  void crossEntropyIsMinusTheLogOfTheTargetsShare(int classes) {
    Tensor logits = fill(workspace.real(ROWS + 1, classes), 3);
    int[] ids = {0, -1, classes - 1, classes / 2, -100, 0, 0};
    Tensor targets = ints(ids);
    Tensor dLogits = random(ROWS + 1, classes);
    double[] expected = read(dLogits);
    double[] given = read(logits);
    double total = 0;
    for (int row = 0; row < ROWS; row++) {
      double sum = 0;
      for (int k = 0; k < classes; k++) {
        sum += Math.exp(given[row * classes + k]);
      }
      int target = ids[row];
      for (int k = 0; k < classes; k++) {
        double p = Math.exp(given[row * classes + k]) / sum;
        expected[row * classes + k] = target < 0 ? 0 : 0.25 * (p - (k == target ? 1 : 0));
      }
      total -= target < 0 ? 0 : Math.log(Math.exp(given[row * classes + target]) / sum);
    }
    backend.softmaxCrossEntropy(ROWS, logits, targets, scalar(0.25), loss, dLogits);
    // exp of an argument up to 6 in size has its rounding multiplied by it; sums of that many terms
    double tolerance = 16 * eps * Math.sqrt(classes);
    assertEquals(0.25 * total, get(loss, 0), tolerance * (1 + 0.25 * total));
    Numbers.assertClose("dLogits", expected, read(dLogits), tolerance);
    double first = get(loss, 0);
    backend.softmaxCrossEntropy(ROWS, logits, targets, scalar(0.25), loss, null);
    assertEquals(first, get(loss, 0), "with and without gradient");
    backend.softmaxCrossEntropy(ROWS, logits, targets, scalar(0.25), loss, logits);
    assertStarts(read(dLogits), read(logits), "in place", ROWS * classes);
  }

  private static void assertStarts(double[] expected, double[] actual, String what, int n) {
    for (int i = 0; i < n; i++) {
      assertEquals(expected[i], actual[i], what + ", element " + i);
    }
  }

  @Test
  void crossEntropyOfHugeLogitsIsFinite() {
    Tensor logits = write(workspace.real(2, 3), 1e4, -1e4, 0, -1e30, -1e30, -1e30);
    Tensor dLogits = workspace.real(2, 3);
    backend.softmaxCrossEntropy(2, logits, ints(1, 2), scalar(1), loss, dLogits);
    assertEquals(2e4 + Math.log(3), get(loss, 0), 2e4 * 4 * eps);
    double third = 1.0 / 3;
    Numbers.assertClose(
        "dLogits", new double[] {1, -1, 0, third, third, third - 1}, read(dLogits), 8 * eps);
  }

  @Test
  void crossEntropyWithoutTargetsIsZero() {
    Tensor dLogits = random(2, 3);
    backend.softmaxCrossEntropy(2, random(2, 3), ints(-1, -1), scalar(1), loss, dLogits);
    assertEquals(0, get(loss, 0));
    for (double d : read(dLogits)) {
      assertEquals(0, d);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,false", "1,true", "3,false", "3,true", "17,true", "64,false"})
  void meanSquaredErrorIsTheWeightedSum(int columns, boolean weighted) {
    Tensor prediction = random(ROWS + 1, columns);
    Tensor target = random(ROWS + 1, columns);
    double[] w = weighted ? new double[] {1, 0, 1, 0.5, 0, 1, 1} : null;
    Tensor weights = w == null ? null : real(w);
    double[] difference = read(prediction);
    double[] wanted = read(target);
    Tensor gradient = random(ROWS + 1, columns);
    double[] expected = read(gradient);
    double total = 0;
    for (int i = 0; i < ROWS * columns; i++) {
      double weight = w == null ? 1 : w[i / columns];
      difference[i] -= wanted[i];
      total += weight * difference[i] * difference[i];
      expected[i] = 0.125 * weight * 2 * difference[i];
    }
    backend.meanSquaredError(ROWS, prediction, target, weights, scalar(0.125), loss, gradient);
    double tolerance = 4 * eps * Math.sqrt(ROWS * columns);
    assertEquals(0.125 * total, get(loss, 0), tolerance * total);
    Numbers.assertClose("dPrediction", expected, read(gradient), 4 * eps);
    double first = get(loss, 0);
    backend.meanSquaredError(ROWS, prediction, target, weights, scalar(0.125), loss, null);
    assertEquals(first, get(loss, 0), "with and without gradient");
  }

  @Test
  void refusesTargetsAboveTheClasses() {
    assumeHostMemory("targets are not read back");
    Tensor logits = workspace.real(2, 3);
    assertRefused(
        "target 3 at row 1",
        () -> backend.softmaxCrossEntropy(2, logits, ints(2, 3), scalar(1), loss, null));
  }

  @Test
  void refusesWrongArguments() {
    Tensor logits = workspace.real(2, 3);
    Tensor one = scalar(1);
    assertRefused(
        "softmaxCrossEntropy: targets",
        () -> backend.softmaxCrossEntropy(2, logits, ints(2), one, loss, null));
    assertRefused(
        "softmaxCrossEntropy: logits",
        () -> backend.softmaxCrossEntropy(3, logits, ints(0, 0, 0), one, loss, null));
    assertRefused(
        "softmaxCrossEntropy: dLogits",
        () -> backend.softmaxCrossEntropy(2, logits, ints(0, 0), one, loss, workspace.real(2, 2)));
    assertRefused(
        "softmaxCrossEntropy: scale",
        () ->
            backend.softmaxCrossEntropy(
                2, logits, ints(0, 0), workspace.tensor(DType.F32, 1), loss, null));
    assertRefused(
        "meanSquaredError: target",
        () -> backend.meanSquaredError(2, logits, workspace.real(2, 2), null, one, loss, null));
    assertRefused(
        "meanSquaredError: rowWeights",
        () -> backend.meanSquaredError(2, logits, logits, workspace.real(1), one, loss, null));
    assertRefused(
        "meanSquaredError: prediction",
        () -> backend.meanSquaredError(3, logits, logits, null, one, loss, null));
  }
}
