package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.AdadeltaRule;
import dev.gatun.backend.AdagradRule;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Control;
import dev.gatun.backend.LambRule;
import dev.gatun.backend.LionRule;
import dev.gatun.backend.NadamRule;
import dev.gatun.backend.RmsPropRule;
import dev.gatun.backend.SgdRule;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The norm, clipping, and every rule over several steps, against their equations. */
@ParameterizedClass
@MethodSource("names")
class UpdateContractTest extends Contract {
  private static final int SIZE = 77;
  private static final int STEPS = 4;
  private static final double RATE = 0.05;

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

  /** Every rule, with each of its options. */
  static List<UpdateRule> rules() {
    return List.of(
        new SgdRule(0, false, 0),
        new SgdRule(0, false, 0.1),
        new SgdRule(0.9, false, 0),
        new SgdRule(0.9, true, 0.1),
        new AdamRule(0.8, 0.95, 1e-6, 0, false),
        new AdamRule(0.8, 0.95, 1e-6, 0.1, false),
        new AdamRule(0.8, 0.95, 1e-6, 0.1, true),
        new AdamRule(0.8, 0.95, 1e-6, 0.1, true, true),
        new AdamRule(0.8, 0.95, 1e-6, 0.1, false, true),
        new NadamRule(0.8, 0.95, 1e-6, 0.004, 0.1),
        new AdagradRule(1e-6, 0.3, 0.1),
        new AdadeltaRule(0.9, 1e-4, 0.1),
        new RmsPropRule(0.9, 1e-4, false, 0, 0.1),
        new RmsPropRule(0.9, 1e-4, false, 0.5, 0),
        new RmsPropRule(0.9, 1e-2, true, 0, 0.1),
        new RmsPropRule(0.9, 1e-2, true, 0.5, 0.1),
        new LionRule(0.9, 0.99, 0.1),
        new LambRule(0.8, 0.95, 1e-6, 0),
        new LambRule(0.8, 0.95, 1e-6, 0.1));
  }

  private List<Tensor> moments(UpdateRule rule) {
    return rule.moments().stream().map(_ -> workspace.real(SIZE)).toList();
  }

  private Updater updater(UpdateRule rule, List<Tensor> moments, UpdatePart... parts) {
    return backend.updater(
        rule, new UpdateTensors(parameters, gradients, moments, control), List.of(parts));
  }

  /** The rule by its equation, written apart from the backends: values and moments move on. */
  private static void expect(UpdateRule rule, int t, double[] p, double[] g, double[][] m) {
    double decay = rule.weightDecay();
    for (int i = 0; i < p.length; i++) {
      boolean coupled = !(rule instanceof LionRule || rule instanceof LambRule);
      if (rule instanceof AdamRule adam && adam.decoupled()) {
        coupled = false;
      }
      double d = g[i] + (coupled ? decay * p[i] : 0);
      double to =
          switch (rule) {
            case SgdRule(double momentum, boolean nesterov, double _) -> {
              if (momentum == 0) {
                yield d;
              }
              m[0][i] = momentum * m[0][i] + d;
              yield nesterov ? d + momentum * m[0][i] : m[0][i];
            }
            case AdamRule adam -> {
              adamMoments(adam.beta1(), adam.beta2(), d, m, i);
              double v = m[1][i];
              if (adam.amsgrad()) {
                v = m[2][i] = Math.max(m[2][i], v);
              }
              double mean = m[0][i] / (1 - Math.pow(adam.beta1(), t));
              double root = Math.sqrt(v) / Math.sqrt(1 - Math.pow(adam.beta2(), t));
              yield mean / (root + adam.epsilon()) + (adam.decoupled() ? decay * p[i] : 0);
            }
            case NadamRule nadam -> {
              adamMoments(nadam.beta1(), nadam.beta2(), d, m, i);
              double product = 1;
              double mu = 0;
              for (int s = 1; s <= t; s++) {
                mu = nadam.beta1() * (1 - 0.5 * Math.pow(0.96, s * nadam.momentumDecay()));
                product *= mu;
              }
              double next =
                  nadam.beta1() * (1 - 0.5 * Math.pow(0.96, (t + 1) * nadam.momentumDecay()));
              double ahead = next * m[0][i] / (1 - product * next) + (1 - mu) * d / (1 - product);
              double v = m[1][i] / (1 - Math.pow(nadam.beta2(), t));
              yield ahead / (Math.sqrt(v) + nadam.epsilon());
            }
            case AdagradRule adagrad -> {
              m[0][i] += d * d;
              yield d
                  / (1 + (t - 1) * adagrad.rateDecay())
                  / (Math.sqrt(m[0][i]) + adagrad.epsilon());
            }
            case AdadeltaRule(double keep, double epsilon, double _) -> {
              m[0][i] = keep * m[0][i] + (1 - keep) * d * d;
              double step = Math.sqrt((m[1][i] + epsilon) / (m[0][i] + epsilon)) * d;
              m[1][i] = keep * m[1][i] + (1 - keep) * step * step;
              yield step;
            }
            case RmsPropRule rms -> {
              m[0][i] = rms.decay() * m[0][i] + (1 - rms.decay()) * d * d;
              double v = m[0][i];
              if (rms.centered()) {
                m[1][i] = rms.decay() * m[1][i] + (1 - rms.decay()) * d;
                v -= m[1][i] * m[1][i];
              }
              double step = d / (Math.sqrt(v) + rms.epsilon());
              double[] velocity = m[m.length - 1];
              if (rms.momentum() > 0) {
                step = velocity[i] = rms.momentum() * velocity[i] + step;
              }
              yield step;
            }
            case LionRule(double beta1, double beta2, double _) -> {
              double c = beta1 * m[0][i] + (1 - beta1) * d;
              m[0][i] = beta2 * m[0][i] + (1 - beta2) * d;
              yield Math.signum(c) + decay * p[i];
            }
            case LambRule lamb -> {
              adamMoments(lamb.beta1(), lamb.beta2(), d, m, i);
              double mean = m[0][i] / (1 - Math.pow(lamb.beta1(), t));
              double v = m[1][i] / (1 - Math.pow(lamb.beta2(), t));
              yield mean / (Math.sqrt(v) + lamb.epsilon()) + decay * p[i];
            }
          };
      g[i] = to;
    }
    double trust = rule instanceof LambRule ? Numbers.norm(p) / Numbers.norm(g) : 1;
    for (int i = 0; i < p.length; i++) {
      p[i] -= RATE * trust * g[i];
    }
  }

  private static void adamMoments(double beta1, double beta2, double g, double[][] m, int i) {
    m[0][i] = beta1 * m[0][i] + (1 - beta1) * g;
    m[1][i] = beta2 * m[1][i] + (1 - beta2) * g * g;
  }

  @ParameterizedTest
  @MethodSource("rules")
  void followTheirEquations(UpdateRule rule) {
    List<Tensor> moments = moments(rule);
    double[] p = read(parameters);
    double[][] m = new double[moments.size()][SIZE];
    try (Updater updater = updater(rule, moments, UpdatePart.all(SIZE))) {
      for (int step = 0; step < STEPS; step++) {
        double factor = nextGradients(step);
        double[] g = Arrays.stream(read(gradients)).map(x -> factor * x).toArray();
        expect(rule, step + 1, p, g, m);
        updater.step();
        assertArrayEquals(new double[SIZE], read(gradients), "gradients are zeroed");
        // Roots of small numbers magnify roundings by as much as they are small.
        double tolerance = 64 * (step + 1) * eps;
        Numbers.assertClose("parameters after step " + step, p, read(parameters), tolerance);
        for (int k = 0; k < m.length; k++) {
          String name = rule.moments().get(k);
          Numbers.assertClose(name + " after step " + step, m[k], read(moments.get(k)), tolerance);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("rules")
  void aNonFiniteGradientIsNamedAndItsUpdateSkipped(UpdateRule rule) {
    double[][] wrong = {
      {0, Double.NaN}, {13, Double.POSITIVE_INFINITY}, {76, Double.NEGATIVE_INFINITY}
    };
    List<Tensor> moments = moments(rule);
    for (Tensor moment : moments) {
      backend.fill(moment, 0.25);
    }
    double[] quarters = new double[SIZE];
    Arrays.fill(quarters, 0.25);
    final double[] before = read(parameters);
    set(control, Control.RATE, RATE);
    try (Updater updater = updater(rule, moments, UpdatePart.all(SIZE))) {
      for (double[] each : wrong) {
        int index = (int) each[0];
        fill(gradients, 1);
        set(gradients, index, each[1]);
        set(gradients, SIZE - 1, index == SIZE - 1 ? each[1] : Double.NaN);
        backend.prepareUpdate(gradients, 1, control);
        assertEquals(index, get(control, Control.NON_FINITE), "the first non-finite gradient");
        assertEquals(0, get(control, Control.UPDATES));
        updater.step();
        assertArrayEquals(before, read(parameters));
        for (Tensor moment : moments) {
          assertArrayEquals(quarters, read(moment));
        }
        assertArrayEquals(new double[SIZE], read(gradients));
      }
    }
  }

  /** Each part goes at its own rate and penalty; what belongs to none stays, its gradient too. */
  @ParameterizedTest
  @MethodSource("rules")
  void partsHaveTheirOwnFactors(UpdateRule rule) {
    double[] whole = read(parameters);
    nextGradients(1);
    double[] given = read(gradients);
    UpdatePart[] parts = {
      new UpdatePart(0, 5, 1, 1), new UpdatePart(5, 30, 0.5, 0), new UpdatePart(41, 33, 2, 3)
    };
    List<Tensor> moments = moments(rule);
    try (Updater updater = updater(rule, moments, parts)) {
      updater.step();
    }
    double[] together = read(parameters);
    double[] left = read(gradients);
    for (int i = 0; i < SIZE; i++) {
      boolean outside = (i >= 35 && i < 41) || i >= 74;
      assertEquals(outside ? given[i] : 0, left[i], "gradient " + i);
      if (outside) {
        assertEquals(whole[i], together[i], "parameter " + i);
      }
    }
    // Alone, as tensors of their own, they come out as together.
    for (UpdatePart part : parts) {
      write(parameters, whole);
      write(gradients, given);
      for (Tensor moment : moments) {
        backend.fill(moment, 0);
      }
      try (Updater updater = updater(rule, moments, part)) {
        updater.step();
      }
      double[] alone = read(parameters);
      double moved = 0;
      for (int i = (int) part.offset(); i < part.end(); i++) {
        assertEquals(alone[i], together[i], "parameter " + i + " of " + part);
        moved += Math.abs(alone[i] - whole[i]);
      }
      assertTrue(moved > 0, "nothing moved in " + part);
    }
  }

  @Test
  void ratesAndPenaltiesMultiply() {
    SgdRule rule = new SgdRule(0, false, 0.1);
    double[] p = read(parameters);
    double factor = nextGradients(0);
    double[] g = read(gradients);
    try (Updater updater = updater(rule, List.of(), new UpdatePart(0, SIZE, 0.5, 3))) {
      updater.step();
    }
    for (int i = 0; i < SIZE; i++) {
      p[i] -= RATE * 0.5 * (factor * g[i] + 0.3 * p[i]);
    }
    Numbers.assertClose("parameters", p, read(parameters), 8 * eps);
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
  void refuseWrongArguments() {
    Tensor shorter = workspace.real(SIZE - 1);
    SgdRule momentum = new SgdRule(0.9, false, 0);
    UpdatePart all = UpdatePart.all(SIZE);
    assertRefused("maxNorm 0.0", () -> backend.prepareUpdate(gradients, 0, control));
    assertRefused("maxNorm NaN", () -> backend.prepareUpdate(gradients, Double.NaN, control));
    assertRefused("control", () -> backend.prepareUpdate(gradients, 1, scalar(1)));
    assertRefused("0 moments for SgdRule", () -> updater(momentum, List.of(), all));
    assertRefused("updater: momentum", () -> updater(momentum, List.of(shorter), all));
    assertRefused(
        "updater: gradients",
        () ->
            backend.updater(
                momentum,
                new UpdateTensors(parameters, shorter, List.of(parameters), control),
                List.of(all)));
    assertRefused(
        "from 0 to 78", () -> updater(momentum, moments(momentum), UpdatePart.all(SIZE + 1)));
    assertRefused("overlaps another", () -> updater(momentum, moments(momentum), all, all));
  }
}
