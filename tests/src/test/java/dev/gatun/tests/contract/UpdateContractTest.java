package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Control;
import dev.gatun.backend.SgdRule;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The norm, clipping, and both optimizers over several steps, against their equations. */
@ParameterizedClass
@MethodSource("names")
class UpdateContractTest extends Contract {
  private static final int SIZE = 77;
  private static final int STEPS = 4;
  private static final double RATE = 0.05;

  /** A few roundings of each element at each step. */
  private final double tolerance = 8 * STEPS * eps;

  private final Tensor control = workspace.tensor(DType.F64, Control.SIZE);
  private final Tensor parameters = random(SIZE);
  private final Tensor gradients = workspace.real(SIZE);

  UpdateContractTest(String name) {
    super(name);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 17, 1000, 5003})
  void measuresTheNormOfAllGradients(int size) {
    Tensor g = random(size);
    double norm = Numbers.norm(read(g));
    backend.prepareUpdate(g, norm / 2, control);
    assertEquals(norm, get(control, Control.NORM), norm * 8 * eps);
    double factor = norm / 2 / (norm + 1e-6);
    assertEquals(factor, get(control, Control.FACTOR), factor * 8 * eps);
    assertEquals(-1, get(control, Control.NON_FINITE));
    assertEquals(1, get(control, Control.UPDATES));
    backend.prepareUpdate(g, 2 * norm, control);
    assertEquals(1, get(control, Control.FACTOR), "a norm below the largest is left alone");
    backend.prepareUpdate(g, Double.POSITIVE_INFINITY, control);
    assertEquals(1, get(control, Control.FACTOR));
    assertEquals(3, get(control, Control.UPDATES));
  }

  @Test
  void aNormThatOverflowsFloatsIsStillMeasured() {
    backend.fill(gradients, 1e30);
    backend.prepareUpdate(gradients, 1, control);
    double norm = 1e30 * Math.sqrt(SIZE);
    assertEquals(norm, get(control, Control.NORM), norm * 8 * eps);
  }

  @ParameterizedTest
  @CsvSource({"0,NaN", "13,Infinity", "76,-Infinity", "64,NaN"})
  void aNonFiniteGradientIsNamedAndItsUpdateSkipped(int index, double value) {
    Tensor m = random(SIZE);
    Tensor v = random(SIZE);
    final double[] before = read(parameters);
    final double[] moment = read(m);
    final double[] second = read(v);
    set(control, Control.RATE, RATE);
    for (int rule = 0; rule < 2; rule++) {
      fill(gradients, 1);
      set(gradients, index, value);
      set(gradients, SIZE - 1, index == SIZE - 1 ? value : Double.NaN);
      backend.prepareUpdate(gradients, 1, control);
      assertEquals(index, get(control, Control.NON_FINITE), "the first non-finite gradient");
      assertEquals(0, get(control, Control.UPDATES));
      if (rule == 0) {
        backend.sgd(new SgdRule(0.9, false, 0.1), parameters, gradients, m, control);
      } else {
        backend.adam(AdamRule.DEFAULT, parameters, gradients, m, v, control);
      }
      assertArrayEquals(before, read(parameters));
      assertArrayEquals(moment, read(m));
      assertArrayEquals(second, read(v));
      assertArrayEquals(new double[SIZE], read(gradients));
    }
  }

  @ParameterizedTest
  @CsvSource({"0,false,0", "0,false,0.1", "0.9,false,0", "0.9,true,0.1"})
  void sgdFollowsItsEquations(double momentum, boolean nesterov, double decay) {
    SgdRule rule = new SgdRule(momentum, nesterov, decay);
    Tensor velocity = momentum > 0 ? workspace.real(SIZE) : null;
    double[] p = read(parameters);
    double[] m = new double[SIZE];
    for (int step = 0; step < STEPS; step++) {
      double factor = nextGradients(step);
      double[] gradient = read(gradients);
      for (int i = 0; i < SIZE; i++) {
        double g = factor * gradient[i] + decay * p[i];
        m[i] = momentum * m[i] + g;
        g = momentum == 0 ? g : nesterov ? g + momentum * m[i] : m[i];
        p[i] -= RATE * g;
      }
      backend.sgd(rule, parameters, gradients, velocity, control);
      assertArrayEquals(new double[SIZE], read(gradients), "gradients are zeroed");
      Numbers.assertClose("parameters", p, read(parameters), tolerance);
      if (velocity != null) {
        Numbers.assertClose("velocity", m, read(velocity), tolerance);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0,false", "0.1,false", "0.1,true"})
  void adamFollowsItsEquations(double decay, boolean decoupled) {
    AdamRule rule = new AdamRule(0.8, 0.95, 1e-6, decay, decoupled);
    Tensor m = workspace.real(SIZE);
    Tensor v = workspace.real(SIZE);
    double[] p = read(parameters);
    double[] first = new double[SIZE];
    double[] second = new double[SIZE];
    for (int step = 0; step < STEPS; step++) {
      double factor = nextGradients(step);
      double[] gradient = read(gradients);
      for (int i = 0; i < SIZE; i++) {
        double g = factor * gradient[i] + (decoupled ? 0 : decay * p[i]);
        first[i] = 0.8 * first[i] + (1 - 0.8) * g;
        second[i] = 0.95 * second[i] + (1 - 0.95) * g * g;
        double mean = first[i] / (1 - Math.pow(0.8, step + 1));
        double square = second[i] / (1 - Math.pow(0.95, step + 1));
        p[i] -= decoupled ? RATE * decay * p[i] : 0;
        p[i] -= RATE * mean / (Math.sqrt(square) + 1e-6);
      }
      backend.adam(rule, parameters, gradients, m, v, control);
      assertArrayEquals(new double[SIZE], read(gradients), "gradients are zeroed");
      Numbers.assertClose("parameters", p, read(parameters), tolerance);
      Numbers.assertClose("m", first, read(m), tolerance);
      Numbers.assertClose("v", second, read(v), tolerance);
    }
  }

  /** Draws gradients, measures them and returns the factor; every other step is clipped. */
  private double nextGradients(int step) {
    fill(gradients, 1);
    double maxNorm = step % 2 == 0 ? 2 : 100;
    set(control, Control.RATE, RATE);
    backend.prepareUpdate(gradients, maxNorm, control);
    return Math.min(1, maxNorm / (Numbers.norm(read(gradients)) + 1e-6));
  }

  @Test
  void workOnPartsOfLargerBlocks() {
    Tensor block = random(SIZE + 5);
    final double[] before = read(block);
    backend.fill(gradients, 1);
    set(control, Control.RATE, RATE);
    backend.prepareUpdate(gradients, Double.POSITIVE_INFINITY, control);
    backend.sgd(new SgdRule(0, false, 0), block.view(3, SIZE), gradients, null, control);
    double[] after = read(block);
    for (int i = 0; i < SIZE + 5; i++) {
      double expected = before[i] - (i >= 3 && i < SIZE + 3 ? RATE : 0);
      assertEquals(expected, after[i], 4 * eps, "element " + i);
    }
  }

  @Test
  void refuseWrongArguments() {
    Tensor shorter = workspace.real(SIZE - 1);
    SgdRule plain = new SgdRule(0, false, 0);
    assertRefused("maxNorm 0.0", () -> backend.prepareUpdate(gradients, 0, control));
    assertRefused("maxNorm NaN", () -> backend.prepareUpdate(gradients, Double.NaN, control));
    assertRefused("control", () -> backend.prepareUpdate(gradients, 1, scalar(1)));
    assertRefused("gradients", () -> backend.sgd(plain, parameters, shorter, null, control));
    assertRefused(
        "needs a momentum",
        () -> backend.sgd(new SgdRule(0.9, false, 0), parameters, gradients, null, control));
    assertRefused(
        "sgd: momentum",
        () -> backend.sgd(new SgdRule(0.9, false, 0), parameters, gradients, shorter, control));
    assertRefused(
        "adam: v",
        () -> backend.adam(AdamRule.DEFAULT, parameters, gradients, parameters, shorter, control));
  }
}
