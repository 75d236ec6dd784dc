package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Backend;
import dev.gatun.backend.SgdRule;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.Constraints;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.ParameterGroup;
import dev.gatun.optim.Place;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.UpdateOptions;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** One step of plain SGD at rate 1 moves every parameter by its gradient, as it was cut. */
@Tag("backend")
class ConstraintsTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.features(3), RecurrentLayer.lstm(5).lastState(), Linear.of(2));

  /** What a step with random gradients did. */
  private record Step(
      Map<String, double[]> before,
      Map<String, double[]> gradients,
      Map<String, double[]> after,
      double norm,
      double penalty,
      double eps) {
    /** How far a parameter went, element for element. */
    double[] moved(String name) {
      double[] from = get(before, name);
      double[] to = get(after, name);
      double[] moved = new double[from.length];
      for (int i = 0; i < moved.length; i++) {
        moved[i] = from[i] - to[i];
      }
      return moved;
    }

    double[] gradient(String name) {
      return get(gradients, name);
    }

    private static double[] get(Map<String, double[]> of, String name) {
      double[] found = of.get(name);
      assertTrue(found != null, name);
      return found;
    }
  }

  private static Step step(String backend, double scale, UpdateOptions options) {
    try (Backend context = Subjects.open(backend);
        Model model = SPEC.build(context, 3);
        Optimizer sgd = new RuleOptimizer(model.parameters(), new SgdRule(0, false, 0), options)) {
      Random random = new Random(5);
      Map<String, double[]> gradients = new LinkedHashMap<>();
      for (Parameter parameter : model.parameters().list()) {
        Numbers.fill(context, random, parameter.gradient(), scale);
        gradients.put(parameter.name(), Host.read(context, parameter.gradient()));
      }
      Map<String, double[]> before = values(context, model);
      sgd.step(1);
      return new Step(
          before,
          gradients,
          values(context, model),
          sgd.norm(),
          sgd.penalty(),
          4 * Numbers.roundoff(context));
    }
  }

  private static Map<String, double[]> values(Backend context, Model model) {
    Map<String, double[]> values = new LinkedHashMap<>();
    for (Parameter parameter : model.parameters().list()) {
      values.put(parameter.name(), Host.read(context, parameter.value()));
    }
    return values;
  }

  private static double norm(Step step, String prefix, double limit) {
    double squares = 0;
    for (Map.Entry<String, double[]> entry : step.gradients.entrySet()) {
      for (double g : entry.getKey().startsWith(prefix) ? entry.getValue() : new double[0]) {
        double cut = Math.clamp(g, -limit, limit);
        squares += cut * cut;
      }
    }
    return Math.sqrt(squares);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void gradientsAreCutByValueAndTheirNormIsOfBefore(String backend) {
    Constraints cut = Constraints.NONE.withGradientValue(0.3);
    Step step = step(backend, 1, UpdateOptions.DEFAULT.with(cut));
    for (String name : step.before.keySet()) {
      double[] expected = step.gradient(name).clone();
      for (int i = 0; i < expected.length; i++) {
        expected[i] = Math.clamp(expected[i], -0.3, 0.3);
      }
      assertArrayEquals(expected, step.moved(name), step.eps, name);
    }
    double all = norm(step, "", Double.POSITIVE_INFINITY);
    assertEquals(all, step.norm, 4 * step.eps * all);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void theNormOfAllIsThatOfWhatIsLeft(String backend) {
    Constraints cut = Constraints.NONE.withGradientValue(0.3);
    Step step = step(backend, 1, UpdateOptions.DEFAULT.with(cut).withMaxNorm(0.5));
    double factor = 0.5 / (norm(step, "", 0.3) + 1e-6);
    for (String name : step.before.keySet()) {
      double[] expected = step.gradient(name).clone();
      for (int i = 0; i < expected.length; i++) {
        expected[i] = factor * Math.clamp(expected[i], -0.3, 0.3);
      }
      assertArrayEquals(expected, step.moved(name), 2 * step.eps, name);
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aGroupIsClippedByItsOwnNorm(String backend) {
    ParameterGroup head = ParameterGroup.of("linear.*", 1, 1).clippedAt(0.2);
    Step step = step(backend, 1, UpdateOptions.DEFAULT.withGroup(head));
    double factor = 0.2 / (norm(step, "linear", Double.POSITIVE_INFINITY) + 1e-6);
    for (String name : step.before.keySet()) {
      double[] expected = step.gradient(name).clone();
      for (int i = 0; name.startsWith("linear") && i < expected.length; i++) {
        expected[i] *= factor;
      }
      assertArrayEquals(expected, step.moved(name), step.eps, name);
    }
  }

  /** Biases are left out; with {@code decayingAll} they are not. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void penaltiesAreAddedToGradientAndLoss(String backend) {
    Constraints penalties = Constraints.NONE.withPenalties(0.02, 0.1);
    for (boolean all : new boolean[] {false, true}) {
      UpdateOptions options = UpdateOptions.DEFAULT.with(penalties);
      Step step = step(backend, 1e-3, all ? options.decayingAll() : options);
      double sum = 0;
      for (String name : step.before.keySet()) {
        boolean held = all || name.contains("weight");
        double[] expected = step.gradient(name).clone();
        double[] values = Step.get(step.before, name);
        for (int i = 0; held && i < expected.length; i++) {
          expected[i] += 0.02 * Math.signum(values[i]) + 0.1 * values[i];
          sum += 0.02 * Math.abs(values[i]) + 0.05 * values[i] * values[i];
        }
        assertArrayEquals(expected, step.moved(name), step.eps, name);
      }
      assertEquals(sum, step.penalty, 8 * step.eps * sum);
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void parametersAreHeldWithinAValueAndRowsWithinANorm(String backend) {
    Constraints limits = Constraints.NONE.withWeightValue(0.25).withRowNorm(0.4);
    Step step = step(backend, 1, UpdateOptions.DEFAULT.with(limits));
    for (String name : step.after.keySet()) {
      double[] values = Step.get(step.after, name);
      int columns = name.contains("weight_ih") ? 3 : 5;
      double[] expected = Step.get(step.before, name).clone();
      for (int i = 0; i < expected.length; i++) {
        expected[i] = Math.clamp(expected[i] - step.gradient(name)[i], -0.25, 0.25);
      }
      for (int row = 0; name.contains("weight") && row < expected.length / columns; row++) {
        double squares = 0;
        for (int i = 0; i < columns; i++) {
          squares += expected[row * columns + i] * expected[row * columns + i];
        }
        double factor = Math.min(1, 0.4 / Math.sqrt(squares));
        for (int i = 0; i < columns; i++) {
          expected[row * columns + i] *= factor;
        }
      }
      assertArrayEquals(expected, values, step.eps, name);
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void theHostsCopyIsHeldAlike(String backend) {
    Constraints all = new Constraints(0.3, 0.02, 0.1, 0.25, 0.4);
    ParameterGroup head = ParameterGroup.of("linear.*", 0.5, 1).clippedAt(0.2);
    UpdateOptions options = UpdateOptions.DEFAULT.with(all).withGroup(head).withMaxNorm(0.5);
    Step device = step(backend, 1, options);
    Step host = step(backend, 1, options.withPlace(Place.HOST));
    for (String name : device.after.keySet()) {
      assertArrayEquals(Step.get(device.after, name), Step.get(host.after, name), device.eps, name);
    }
    assertEquals(device.penalty, host.penalty, 8 * device.eps * device.penalty);
  }

  /** A gradient that is not finite is not made finite by cutting it: the step is left out. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void cuttingHidesNothing(String backend) {
    try (Backend context = Subjects.open(backend);
        Model model = SPEC.build(context, 3);
        Optimizer sgd =
            new RuleOptimizer(
                model.parameters(),
                new SgdRule(0, false, 0),
                UpdateOptions.DEFAULT.with(Constraints.NONE.withGradientValue(1)).withMaxNorm(1))) {
      double[] before = Host.read(context, model.parameters().values());
      context.fill(model.parameters().get("linear.bias").gradient(), Double.POSITIVE_INFINITY);
      sgd.step(1);
      assertTrue(sgd.nonFinite() >= 0, "it went unnoticed");
      assertArrayEquals(before, Host.read(context, model.parameters().values()));
    }
  }

  @Test
  void penaltiesOnWhatIsUpdatedByRowsAreRefused() {
    UpdateOptions lazy = UpdateOptions.DEFAULT.withLazyRows("linear.weight");
    UpdateOptions both = lazy.with(Constraints.NONE.withPenalties(0, 0.1));
    assertRefused("linear.weight is updated by rows", both);
    step("reference", 1, both.withGroup(ParameterGroup.of("linear.weight", 1, 0)));
    assertRefused("no matrix is named as", UpdateOptions.DEFAULT.withLazyRows("linear.bias"));
  }

  private static void assertRefused(String part, UpdateOptions options) {
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> step("reference", 1, options))
                .getMessage());
    assertTrue(message.contains(part), message);
  }

  @Test
  void wrongLimitsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Constraints.NONE.withGradientValue(0));
    assertThrows(IllegalArgumentException.class, () -> Constraints.NONE.withPenalties(-1, 0));
    assertThrows(IllegalArgumentException.class, () -> ParameterGroup.of("a*", 1, 1).clippedAt(0));
  }
}
