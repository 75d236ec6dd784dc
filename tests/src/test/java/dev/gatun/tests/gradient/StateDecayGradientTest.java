package dev.gatun.tests.gradient;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.GradientCheck;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Regularized;
import dev.gatun.tests.support.Stack;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Stacks whose first layer's states decay: every weight, input, initial state and exponent. The
 * loss is as {@link RecurrentGradientTest}'s.
 */
class StateDecayGradientTest {
  private static final int T = 5;
  private static final int N = 4;

  /** As {@link RecurrentGradientTest}'s of normalised cells. */
  private static final double TOLERANCE = 1e-7;

  @ParameterizedTest
  @EnumSource
  void ofEveryCell(Cell cell) {
    RecurrentSpec one = RecurrentSpec.of(cell, 3, 5);
    check(one, T, T, T, T);
    check(one.stacked(2, 0.3), 3, 0, 5, 2);
    check(one.regularized(Regularized.all(cell)), 3, 1, 5, 2);
  }

  @ParameterizedTest
  @EnumSource(names = "LSTM")
  void ofAProjection(Cell cell) {
    check(RecurrentSpec.of(cell, 3, 5).projected(2), 3, 0, 5, 2);
  }

  private static void check(RecurrentSpec spec, int... lengths) {
    try (Backend backend = Backends.open("reference");
        Stack stack = Stack.decayed(backend, spec, T, N)) {
      // A seed for which no ReLU has its kink within a step of a pre-activation.
      stack.randomize(new Random(21)).lengths(lengths);
      stack.plan.forward(T, N);
      stack.plan.backward();
      GradientCheck check =
          new GradientCheck(
              () -> {
                stack.plan.refresh();
                stack.plan.forward(T, N);
                return loss(stack);
              });
      for (String name : stack.written().keySet()) {
        if (name.startsWith("d")) {
          Tensor value = stack.tensor(name.substring(1));
          assertWithin(spec, check.check(name, value, stack.tensor(name)));
        }
      }
      for (WeightView view : stack.layout.weights()) {
        assertWithin(spec, check.check(view.name(), stack.weight(view), stack.gradient(view)));
      }
    }
  }

  private static void assertWithin(RecurrentSpec spec, GradientCheck.Result result) {
    assertTrue(result.within(TOLERANCE), spec + ": " + result);
  }

  private static double loss(Stack stack) {
    double loss = 0;
    for (String name : stack.given().keySet()) {
      if (name.startsWith("d")) {
        double[] weights = stack.read(name);
        double[] values = stack.read(name.substring(1));
        for (int i = 0; i < values.length; i++) {
          loss += weights[i] * values[i];
        }
      }
    }
    return loss;
  }
}
