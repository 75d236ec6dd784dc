package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.backend.ElementLoss;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import java.util.Arrays;
import java.util.List;
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
    backend.elementLoss(
        new ElementLoss.Squared(),
        ROWS,
        prediction,
        target,
        weights,
        scalar(0.125),
        loss,
        gradient);
    double tolerance = 4 * eps * Math.sqrt(ROWS * columns);
    assertEquals(0.125 * total, get(loss, 0), tolerance * total);
    Numbers.assertClose("dPrediction", expected, read(gradient), 4 * eps);
    double first = get(loss, 0);
    backend.elementLoss(
        new ElementLoss.Squared(), ROWS, prediction, target, weights, scalar(0.125), loss, null);
    assertEquals(first, get(loss, 0), "with and without gradient");
  }

  static List<ElementLoss> rules() {
    return List.of(
        new ElementLoss.Absolute(),
        new ElementLoss.Huber(0.3),
        new ElementLoss.Quantile(List.of(0.1, 0.5, 0.8)),
        new ElementLoss.Logistic(1),
        new ElementLoss.Logistic(2.5),
        new ElementLoss.Gaussian(1e-6),
        new ElementLoss.Gaussian(0.7));
  }

  /** Written apart from the backends: the loss of one element, by its number among the rules. */
  private static double element(ElementLoss rule, double[] p, double t) {
    double d = Math.abs(p[0] - t);
    return switch (rule) {
      case ElementLoss.Squared _ -> d * d;
      case ElementLoss.Absolute _ -> d;
      case ElementLoss.Huber(double delta) ->
          d < delta ? 0.5 * d * d : delta * d - 0.5 * delta * delta;
      case ElementLoss.Quantile quantile -> {
        double sum = 0;
        for (int j = 0; j < p.length; j++) {
          double level = quantile.levels().get(j);
          sum += (p[j] < t ? level : 1 - level) * Math.abs(p[j] - t);
        }
        yield sum;
      }
      case ElementLoss.Logistic(double weight) -> {
        double sigmoid = 1 / (1 + Math.exp(-p[0]));
        yield -weight * t * Math.log(sigmoid) - (1 - t) * Math.log(1 - sigmoid);
      }
      case ElementLoss.Gaussian(double epsilon) -> {
        double variance = Math.max(Math.exp(p[1]), epsilon);
        yield 0.5 * (Math.log(variance) + d * d / variance);
      }
    };
  }

  /** By central differences of {@link #element}; a Gaussian's floor is looked past. */
  private static double slope(ElementLoss rule, double[] p, int j, double t) {
    if (rule instanceof ElementLoss.Gaussian(double epsilon) && Math.exp(p[1]) < epsilon) {
      double d = p[0] - t;
      return j == 0 ? d / epsilon : 0.5 * (1 - d * d / epsilon);
    }
    double step = 1e-6;
    double[] moved = p.clone();
    moved[j] = p[j] + step;
    double above = element(rule, moved, t);
    moved[j] = p[j] - step;
    return (above - element(rule, moved, t)) / (2 * step);
  }

  @ParameterizedTest
  @MethodSource("rules")
  void elementLossIsTheWeightedSum(ElementLoss rule) {
    int k = rule.outputs();
    boolean logistic = rule instanceof ElementLoss.Logistic;
    double[] w = {1, 0, 1, 0.5, 0, 1, 1};
    for (int columns : new int[] {1, 3, 17}) {
      Tensor prediction = random(ROWS + 1, (long) k * columns);
      Tensor target = random(ROWS + 1, columns);
      if (logistic) {
        write(target, Arrays.stream(read(target)).map(t -> Math.abs(t) % 1).toArray());
      }
      double[] given = read(prediction);
      double[] wanted = read(target);
      Tensor gradient = random(ROWS + 1, (long) k * columns);
      double[] expected = read(gradient);
      double total = 0;
      for (int i = 0; i < ROWS * columns; i++) {
        int row = i / columns;
        double[] p = new double[k];
        for (int j = 0; j < k; j++) {
          p[j] = given[(row * k + j) * columns + i % columns];
        }
        total += w[row] * element(rule, p, wanted[i]);
        for (int j = 0; j < k; j++) {
          expected[(row * k + j) * columns + i % columns] =
              w[row] == 0 ? 0 : 0.125 * w[row] * slope(rule, p, j, wanted[i]);
        }
      }
      backend.elementLoss(rule, ROWS, prediction, target, real(w), scalar(0.125), loss, gradient);
      assertEquals(0.125 * total, get(loss, 0), 64 * eps * (1 + Math.abs(total)));
      // 1e-9: of differences over steps of 1e-6
      Numbers.assertClose("dPrediction", expected, read(gradient), 64 * eps + 1e-9);
      double first = get(loss, 0);
      backend.elementLoss(rule, ROWS, prediction, target, real(w), scalar(0.125), loss, null);
      assertEquals(first, get(loss, 0), "with and without gradient");
    }
  }

  /** Far from 0, exp overflows and log is of 0 unless they are taken together. */
  @Test
  void logisticLossOfHugeLogitsIsFinite() {
    Tensor prediction = write(workspace.real(4, 1), 1e4, -1e4, 1e4, -1e4);
    Tensor target = write(workspace.real(4, 1), 1, 0, 0, 1);
    Tensor gradient = workspace.real(4, 1);
    backend.elementLoss(
        new ElementLoss.Logistic(2), 4, prediction, target, null, scalar(1), loss, gradient);
    assertEquals(3e4, get(loss, 0), 3e4 * 4 * eps);
    Numbers.assertClose("dPrediction", new double[] {0, 0, 1, -2}, read(gradient), 4 * eps);
  }

  /** What is equal has no side: neither loss pulls. */
  @Test
  void kinksHaveNoSlope() {
    for (ElementLoss rule :
        List.of(new ElementLoss.Absolute(), new ElementLoss.Quantile(List.of(0.9)))) {
      Tensor p = write(workspace.real(2, 1), 0.5, -3);
      Tensor gradient = random(2, 1);
      backend.elementLoss(rule, 2, p, p, null, scalar(1), loss, gradient);
      assertEquals(0, get(loss, 0));
      Numbers.assertClose("dPrediction", new double[2], read(gradient), 0);
    }
  }

  @ParameterizedTest
  @CsvSource({"0,true", "0.2,false", "0.2,true"})
  void crossEntropyCountsClassesByWeightAndSmoothing(double smoothing, boolean weighted) {
    int classes = 37;
    Tensor logits = random(ROWS, classes);
    int[] ids = {0, -1, classes - 1, classes / 2, -100, 0};
    double[] w = new double[classes];
    for (int k = 0; k < classes; k++) {
      w[k] = weighted ? 0.25 * (k % 5) + (k == 0 ? 1.5 : 0) : 1; // some of weight 0
    }
    double[] x = read(logits);
    double[] expected = new double[ROWS * classes];
    double total = 0;
    for (int row = 0; row < ROWS; row++) {
      double sum = 0;
      for (int k = 0; k < classes; k++) {
        sum += Math.exp(x[row * classes + k]);
      }
      for (int k = 0; ids[row] >= 0 && k < classes; k++) {
        double count = w[k] * ((k == ids[row] ? 1 - smoothing : 0) + smoothing / classes);
        total -= count * Math.log(Math.exp(x[row * classes + k]) / sum);
        for (int j = 0; j < classes; j++) {
          double p = Math.exp(x[row * classes + j]) / sum;
          expected[row * classes + j] += 0.25 * count * (p - (j == k ? 1 : 0));
        }
      }
    }
    Tensor dLogits = random(ROWS, classes);
    Tensor weights = weighted ? real(w) : null;
    Tensor targets = ints(ids);
    backend.softmaxCrossEntropy(
        ROWS, logits, targets, weights, smoothing, scalar(0.25), loss, dLogits);
    assertEquals(0.25 * total, get(loss, 0), 64 * eps * (1 + total));
    Numbers.assertClose("dLogits", expected, read(dLogits), 64 * eps);
    backend.softmaxCrossEntropy(
        ROWS, logits, targets, weights, smoothing, scalar(0.25), loss, logits);
    assertStarts(read(dLogits), read(logits), "in place", ROWS * classes);
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
        "softmaxCrossEntropy: weights",
        () ->
            backend.softmaxCrossEntropy(
                2, logits, ints(0, 0), workspace.real(2), 0, one, loss, null));
    assertRefused(
        "smoothing 1.0 must be in [0, 1)",
        () -> backend.softmaxCrossEntropy(2, logits, ints(0, 0), null, 1, one, loss, null));
    assertRefused(
        "elementLoss: prediction",
        () ->
            backend.elementLoss(
                new ElementLoss.Gaussian(1), 2, logits, logits, null, one, loss, null));
    assertRefused(
        "elementLoss: target",
        () ->
            backend.elementLoss(
                new ElementLoss.Squared(), 2, logits, workspace.real(2, 2), null, one, loss, null));
    assertRefused(
        "elementLoss: rowWeights",
        () ->
            backend.elementLoss(
                new ElementLoss.Squared(), 2, logits, logits, workspace.real(1), one, loss, null));
    assertRefused(
        "elementLoss: prediction",
        () ->
            backend.elementLoss(
                new ElementLoss.Squared(), 3, logits, logits, null, one, loss, null));
  }
}
