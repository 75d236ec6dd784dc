package dev.gatun.tests.gradient;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.GradientCheck;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.backend.Regularization;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Options;
import dev.gatun.tests.support.Regularized;
import dev.gatun.tests.support.Stack;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every weight, input and initial state of every cell. The loss is the inner product of y, hn and
 * cn with random numbers, which are then dy, dhn and dcn; they and x are not zero on padding.
 */
class RecurrentGradientTest {
  private static final int T = 5;
  private static final int N = 4;
  private static final int C = 3;
  private static final int H = 5;

  /**
   * Truncation and rounding of a difference with step 1e-5 are each about 1e-10 of losses of size 1
   * to 10; the worst here, of a weight with a small gradient, is measured at 1.3e-9.
   */
  private static final double TOLERANCE = 1e-8;

  /** Where rows are divided by their deviations, higher derivatives grow by its powers; 2.1e-8. */
  private static final double NORMALIZED_TOLERANCE = 1e-7;

  static Stream<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    int[] ragged = {3, 1, 5, 2};
    for (Cell cell : Cell.values()) {
      RecurrentSpec one = RecurrentSpec.of(cell, C, H);
      add(cases, one);
      add(cases, one, ragged);
      add(cases, one.bothDirections(), ragged);
      add(cases, one.stacked(2, 0));
      add(cases, one.stacked(2, 0).bothDirections());
      add(cases, one.stacked(2, 0).bothDirections(), ragged);
      add(cases, one.stacked(3, 0.4).bothDirections(), 4, 0, 1, 2);
      add(cases, one.stacked(2, 0).bothDirections().withoutBias(), ragged);
      add(cases, one, 1, 1, 1, 1);
    }
    RecurrentSpec projected = RecurrentSpec.of(Cell.LSTM, C, H).projected(2);
    add(cases, projected);
    add(cases, projected.bothDirections(), ragged);
    add(cases, projected.stacked(2, 0.3).bothDirections(), ragged);
    add(cases, projected.stacked(2, 0).bothDirections().withoutBias(), 4, 0, 1, 2);
    for (Cell cell : Cell.values()) {
      RecurrentSpec stack = RecurrentSpec.of(cell, C, H).stacked(2, 0.3).bothDirections();
      for (Regularization how : Regularized.kinds(cell)) {
        add(cases, RecurrentSpec.of(cell, C, H).regularized(how));
        add(cases, stack.regularized(how), ragged);
      }
      add(cases, stack.withoutBias().regularized(Regularized.all(cell)), 4, 0, 1, 2);
    }
    add(cases, projected.regularized(Regularized.all(Cell.LSTM)), ragged);
    for (CellOptions options : Options.KINDS) {
      RecurrentSpec one = RecurrentSpec.of(Cell.LSTM, C, H).with(options);
      add(cases, one);
      add(cases, one.stacked(2, 0.3).bothDirections(), ragged);
      add(cases, one.withoutBias().projected(2), 4, 0, 1, 2);
      add(cases, one.regularized(Regularization.NONE.withZoneout(0.4, 0)), ragged);
      add(cases, one.stacked(2, 0.3).regularized(Options.ALL), ragged);
    }
    return cases.stream();
  }

  private static void add(List<Arguments> cases, RecurrentSpec spec, int... lengths) {
    cases.add(Arguments.of(Named.of(spec + " " + Arrays.toString(lengths), spec), lengths));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void gradientsAreTheSlopesOfTheLoss(RecurrentSpec spec, int[] lengths) {
    try (Backend backend = Backends.open("reference");
        Stack stack = Stack.full(backend, spec, T, N)) {
      // A seed for which no ReLU or limit of these cases has its kink within a step of a
      // pre-activation.
      stack.randomize(new Random(20)).lengths(lengths);
      stack.plan.forward(T, N);
      stack.plan.backward();
      if (spec.cell() == Cell.RELU) {
        assertBothSidesOfTheKink(stack.io.last().h());
      }
      GradientCheck check =
          new GradientCheck(
              () -> {
                stack.plan.refresh();
                stack.plan.forward(T, N);
                return loss(stack);
              });
      stack
          .written()
          .forEach(
              (name, gradient) -> {
                if (name.startsWith("d")) {
                  assertWithin(spec, check.check(name, stack.tensor(name.substring(1)), gradient));
                }
              });
      for (WeightView view : stack.layout.weights()) {
        assertWithin(spec, check.check(view.name(), stack.weight(view), stack.gradient(view)));
      }
    }
  }

  private static void assertBothSidesOfTheKink(Tensor h) {
    long zeros = 0;
    for (double v : h.toDoubles()) {
      zeros += v == 0 ? 1 : 0;
    }
    assertTrue(zeros > 0 && zeros < h.size(), zeros + " of " + h.size() + " are zero");
  }

  private static void assertWithin(RecurrentSpec spec, GradientCheck.Result result) {
    boolean normalized = spec.regularization().layerNorm();
    assertTrue(result.within(normalized ? NORMALIZED_TOLERANCE : TOLERANCE), result::toString);
  }

  /** The inner product of outputs and their gradients' seeds. */
  private static double loss(Stack stack) {
    double sum = 0;
    for (String name :
        stack.spec.cell().hasCellState() ? List.of("y", "hn", "cn") : List.of("y", "hn")) {
      Tensor output = stack.tensor(name);
      Tensor seed = stack.tensor("d" + name);
      for (long i = 0; i < output.size(); i++) {
        sum += output.get(i) * seed.get(i);
      }
    }
    return sum;
  }
}
