package dev.gatun.tests.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.GradientCheck;
import dev.gatun.backend.Backend;
import dev.gatun.backend.ElementLoss;
import dev.gatun.backend.MaskKey;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.CtcCase;
import dev.gatun.tests.support.CtcCase.Form;
import dev.gatun.tests.support.Numbers;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every layer and loss, and the checker itself. */
class LayerGradientTest {
  private static final int ROWS = 5;
  private static final double TOLERANCE = 1e-8; // as RecurrentGradientTest's

  private final Backend backend = Backends.open("reference");
  private final Workspace workspace = backend.workspace();
  private final Random random = new Random(3);
  private final Tensor scale = workspace.tensor(DType.F64, 1).copyFrom(0.37);
  private final Tensor loss = workspace.tensor(DType.F64, 1);

  @AfterEach
  void free() {
    workspace.close();
    backend.close();
  }

  private Tensor random(long... shape) {
    return Numbers.fill(backend, random, workspace.real(shape), 1.3);
  }

  private static double inner(Tensor a, Tensor b) {
    double sum = 0;
    for (long i = 0; i < a.size(); i++) {
      sum += a.get(i) * b.get(i);
    }
    return sum;
  }

  private static void assertWithin(GradientCheck.Result result) {
    assertTrue(result.within(TOLERANCE), result::toString);
  }

  @Test
  void linear() {
    Tensor x = random(ROWS, 7);
    Tensor weight = random(3, 7);
    Tensor bias = random(3);
    Tensor y = workspace.real(ROWS, 3);
    Tensor dy = random(ROWS, 3);
    Tensor dx = workspace.real(ROWS, 7);
    Tensor dWeight = workspace.real(3, 7);
    Tensor dBias = workspace.real(3);
    backend.linearBackward(ROWS, x, weight, dy, dx, dWeight, dBias);
    GradientCheck check =
        new GradientCheck(
            () -> {
              backend.linear(ROWS, x, weight, bias, y);
              return inner(y, dy);
            });
    assertWithin(check.check("x", x, dx));
    assertWithin(check.check("weight", weight, dWeight));
    assertWithin(check.check("bias", bias, dBias));
  }

  @Test
  void embedding() {
    Tensor ids = workspace.tensor(DType.I32, ROWS).copyFrom(2, 0, 2, 6, 2);
    Tensor table = random(7, 3);
    Tensor y = workspace.real(ROWS, 3);
    Tensor dy = random(ROWS, 3);
    Tensor dTable = workspace.real(7, 3);
    backend.embeddingBackward(ROWS, ids, dy, dTable);
    GradientCheck check =
        new GradientCheck(
            () -> {
              backend.embedding(ROWS, ids, table, y);
              return inner(y, dy);
            });
    assertWithin(check.check("table", table, dTable));
  }

  @Test
  void dropoutWithAFixedMask() {
    MaskKey key = new MaskKey(11, 3, workspace.tensor(DType.I64, 1).copyFrom(4));
    Tensor x = random(23);
    Tensor y = workspace.real(23);
    Tensor dy = random(23);
    Tensor dx = workspace.real(23);
    backend.dropout(23, dy, dx, 0.4, key);
    GradientCheck check =
        new GradientCheck(
            () -> {
              backend.dropout(23, x, y, 0.4, key);
              return inner(y, dy);
            });
    assertWithin(check.check("x", x, dx));
  }

  @Test
  void softmaxCrossEntropy() {
    Tensor logits = random(ROWS, 7);
    Tensor targets = workspace.tensor(DType.I32, ROWS).copyFrom(0, 6, -100, 3, -1);
    Tensor dLogits = workspace.real(ROWS, 7);
    backend.softmaxCrossEntropy(ROWS, logits, targets, scale, loss, dLogits);
    GradientCheck check =
        new GradientCheck(
            () -> {
              backend.softmaxCrossEntropy(ROWS, logits, targets, scale, loss, null);
              return loss.get(0);
            });
    assertWithin(check.check("logits", logits, dLogits));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void ctc(boolean perLabel) {
    int[][] labels = {{1, 1, 3}, {}, {4}, {2, 5, 2, 5}, {5, 5}}; // the last one cannot be aligned
    int[] lengths = {7, 5, 6, 7, 2};
    Tensor logits = random(7, 5, 6);
    CtcCase call =
        new CtcCase(backend, workspace, logits, lengths, labels, 0, perLabel, Form.PADDED).run();
    Tensor dLogits = workspace.real(7, 5, 6).copyFrom(call.gradient());
    assertEquals(1, call.impossible());
    GradientCheck check = new GradientCheck(() -> call.run().loss());
    assertWithin(check.check("logits", logits, dLogits));
  }

  @Test
  void weightedAndSmoothedCrossEntropy() {
    Tensor logits = random(ROWS, 7);
    Tensor targets = workspace.tensor(DType.I32, ROWS).copyFrom(0, 6, -100, 3, -1);
    Tensor weights = workspace.real(7).copyFrom(1.0, 2, 0.5, 3, 0, 1, 0.25);
    Tensor dLogits = workspace.real(ROWS, 7);
    backend.softmaxCrossEntropy(ROWS, logits, targets, weights, 0.2, scale, loss, dLogits);
    GradientCheck check =
        new GradientCheck(
            () -> {
              backend.softmaxCrossEntropy(ROWS, logits, targets, weights, 0.2, scale, loss, null);
              return loss.get(0);
            });
    assertWithin(check.check("logits", logits, dLogits));
  }

  static List<ElementLoss> rules() {
    return List.of(
        new ElementLoss.Absolute(),
        new ElementLoss.Huber(0.3),
        new ElementLoss.Quantile(List.of(0.1, 0.5, 0.8)),
        new ElementLoss.Logistic(2.5),
        new ElementLoss.Gaussian(1e-6));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void elementLoss(ElementLoss rule) {
    Tensor prediction = random(ROWS, 3L * rule.outputs());
    Tensor target = random(ROWS, 3);
    Tensor rowWeights = workspace.real(ROWS).copyFrom(1.0, 0, 1, 0.5, 0);
    Tensor gradient = workspace.real(ROWS, 3L * rule.outputs());
    backend.elementLoss(rule, ROWS, prediction, target, rowWeights, scale, loss, gradient);
    GradientCheck check =
        new GradientCheck(
            () -> {
              backend.elementLoss(rule, ROWS, prediction, target, rowWeights, scale, loss, null);
              return loss.get(0);
            });
    assertWithin(check.check("prediction", prediction, gradient));
  }

  @Test
  void meanSquaredError() {
    Tensor prediction = random(ROWS, 3);
    Tensor target = random(ROWS, 3);
    Tensor rowWeights = workspace.real(ROWS).copyFrom(1.0, 0, 1, 0.5, 0);
    Tensor dPrediction = workspace.real(ROWS, 3);
    backend.elementLoss(
        new ElementLoss.Squared(), ROWS, prediction, target, rowWeights, scale, loss, dPrediction);
    GradientCheck check =
        new GradientCheck(
            () -> {
              backend.elementLoss(
                  new ElementLoss.Squared(),
                  ROWS,
                  prediction,
                  target,
                  rowWeights,
                  scale,
                  loss,
                  null);
              return loss.get(0);
            });
    assertWithin(check.check("prediction", prediction, dPrediction));
  }

  @Test
  void theCheckerFindsAWrongElement() {
    Tensor x = random(7);
    Tensor gradient = workspace.real(7);
    for (int i = 0; i < 7; i++) {
      gradient.set(i, 2 * x.get(i));
    }
    GradientCheck check = new GradientCheck(() -> inner(x, x));
    double[] before = x.toDoubles();
    assertWithin(check.check("x", x, gradient));
    gradient.set(4, gradient.get(4) * (1 + 1e-6));
    GradientCheck.Result wrong = check.check("x", x, gradient);
    assertFalse(wrong.within(TOLERANCE), wrong::toString);
    assertEquals(4, wrong.worst());
    gradient.set(2, Double.NaN);
    assertFalse(check.check("x", x, gradient).within(1e9));
    assertEquals(2, check.check("x", x, gradient).worst());
    Numbers.assertClose("x afterwards", before, x.toDoubles(), 0);
    assertThrows(IllegalArgumentException.class, () -> check.check("x", x, workspace.real(6)));
  }
}
