package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Regularized;
import dev.gatun.tests.support.Stack;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Regularised stacks against the reference, and what must hold between calls of one plan. */
@ParameterizedClass
@MethodSource("names")
class RegularizationContractTest extends StackContract {
  /**
   * As for plain cells, C eps sqrt(K) T for each layer. Normalising divides by the deviation of a
   * row, 0.2 to 0.5 here, once for each product and c, and rates up to 0.4 multiply by 1.7: C is 4
   * times that of plain cells.
   */
  private static final double C = 16;

  RegularizationContractTest(String name) {
    super(name, C);
  }

  static Stream<Arguments> shapes() {
    List<Arguments> shapes = new ArrayList<>();
    for (Cell cell : Cell.values()) {
      for (Regularization how : Regularized.kinds(cell)) {
        add(shapes, RecurrentSpec.of(cell, 3, 5).regularized(how), 6, 4);
        add(shapes, RecurrentSpec.of(cell, 17, 16).regularized(how), 3, 8);
        RecurrentSpec stack = RecurrentSpec.of(cell, 5, 19).stacked(3, 0.3).bothDirections();
        add(shapes, stack.regularized(how), 5, 7);
      }
      RecurrentSpec all = RecurrentSpec.of(cell, 30, 70).regularized(Regularized.all(cell));
      add(shapes, all, 7, 33);
      add(shapes, all, 9, 1);
      add(shapes, all.withoutBias(), 4, 5);
    }
    RecurrentSpec projected = RecurrentSpec.of(Cell.LSTM, 5, 19).projected(7);
    for (Regularization how : Regularized.kinds(Cell.LSTM)) {
      add(shapes, projected.stacked(2, 0.2).bothDirections().regularized(how), 5, 7);
    }
    return shapes.stream();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void givesTheSameBitsOnAnyNumberOfThreadsAndAgain(RecurrentSpec spec, int t, int n) {
    assumeNear(backend, spec.weightCount() * n);
    assertSameBitsOnAnyThreads(spec, t, n);
  }

  @ParameterizedTest
  @EnumSource
  void masksFollowTheStepWithoutARefresh(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 6, 20);
    for (Regularization how : Regularized.kinds(cell)) {
      if (how.equals(Regularization.LAYER_NORM)) {
        continue;
      }
      try (Stack stack = Stack.full(backend, spec.regularized(how), 4, 3);
          Stack fresh = Stack.full(backend, spec.regularized(how), 4, 3)) {
        stack.randomize(random);
        run(stack, 4, 3);
        final Map<String, double[]> atZero = values(stack);
        stack.step(1);
        run(stack, 4, 3);
        Map<String, double[]> atOne = values(stack);
        assertFalse(Arrays.equals(atZero.get("y"), atOne.get("y")), how + " y");
        run(fresh.copyGiven(stack), 4, 3);
        assertBits(atOne, values(fresh));
        stack.step(0);
        run(stack, 4, 3);
        assertBits(atZero, values(stack));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void evaluationDropsNothing(Cell cell) {
    RecurrentSpec plain = RecurrentSpec.of(cell, 3, 18).stacked(2, 0).bothDirections();
    boolean gated = cell == Cell.LSTM || cell == Cell.GRU;
    Regularization dropping = new Regularization(false, 0, 0, 0.5, 0.4, gated ? 0.3 : 0, 0.2);
    try (Stack expected = stack(plain, Mode.INFERENCE);
        Stack actual = stack(plain.regularized(dropping), Mode.INFERENCE)) {
      actual.copyGiven(expected.randomize(random));
      expected.plan.forward(4, 3);
      actual.plan.forward(4, 3);
      for (String name : List.of("y", "hn")) {
        Numbers.assertClose(name, expected.read(name), actual.read(name), 8 * eps);
      }
    }
  }

  private Stack stack(RecurrentSpec spec, Mode mode) {
    return new Stack(backend, spec, 4, 3, mode, EnumSet.allOf(Stack.Part.class));
  }

  @ParameterizedTest
  @EnumSource
  void evaluationTakesZoneoutsExpectation(Cell cell) {
    RecurrentSpec plain = RecurrentSpec.of(cell, 3, 18);
    double zc = cell.hasCellState() ? 0.3 : 0;
    Regularization zoneout = Regularization.NONE.withZoneout(zc, 0.2);
    try (Stack expected = stack(plain, Mode.INFERENCE);
        Stack actual = stack(plain.regularized(zoneout), Mode.INFERENCE)) {
      actual.copyGiven(expected.randomize(random).lengths(1, 1, 1));
      expected.plan.forward(1, 3);
      actual.plan.forward(1, 3);
      assertMoved("h", 0.2, expected, actual);
      if (zc > 0) {
        assertMoved("c", zc, expected, actual);
      }
    }
  }

  private void assertMoved(String state, double rate, Stack plain, Stack actual) {
    double[] before = plain.read(state + "0");
    double[] moved = plain.read(state + "n");
    for (int i = 0; i < moved.length; i++) {
      moved[i] = rate * before[i] + (1 - rate) * moved[i];
    }
    Numbers.assertClose(state, moved, actual.read(state + "n"), 8 * eps);
  }

  @ParameterizedTest
  @EnumSource(names = {"LSTM", "GRU"})
  void evaluationNormalisesAsTrainingDoes(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 18).stacked(2, 0).bothDirections();
    try (Stack training = stack(spec.regularized(Regularization.LAYER_NORM), Mode.TRAINING);
        Stack inference = stack(spec.regularized(Regularization.LAYER_NORM), Mode.INFERENCE)) {
      inference.copyGiven(training.randomize(random)).lengths(4, 1, 0);
      training.lengths(4, 1, 0).plan.forward(4, 3);
      inference.plan.forward(4, 3);
      for (String name : List.of("y", "hn")) {
        Numbers.assertClose(name, training.read(name), inference.read(name), 32 * eps);
      }
    }
  }

  @Test
  void normalisedSharesDoNotDependOnTheWeightsScale() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 9, 31).regularized(Regularization.LAYER_NORM);
    try (Stack one = Stack.full(backend, spec, 4, 3);
        Stack scaled = Stack.full(backend, spec, 4, 3)) {
      scaled.copyGiven(one.randomize(random));
      for (RecurrentSpec.WeightView view : scaled.layout.weights()) {
        if (view.shape().length == 2) {
          Tensor matrix = scaled.weight(view);
          write(matrix, Arrays.stream(read(matrix)).map(v -> 64 * v).toArray());
        }
      }
      scaled.plan.refresh();
      one.plan.forward(4, 3);
      scaled.plan.forward(4, 3);
      // 1e-5 beside variances of 1e-3 and more
      Numbers.assertClose("y", one.read("y"), scaled.read("y"), 1e-2);
    }
  }

  @Test
  void refusesWhatACellDoesNotHave() {
    Regularization none = Regularization.NONE;
    RecurrentSpec gru = RecurrentSpec.of(Cell.GRU, 3, 5);
    RecurrentSpec before = RecurrentSpec.of(Cell.GRU_RESET_BEFORE, 3, 5);
    RecurrentSpec tanh = RecurrentSpec.of(Cell.TANH, 3, 5);
    assertRefused("zoneoutCell 0.1", () -> gru.regularized(none.withZoneout(0.1, 0)));
    assertRefused("layerNorm", () -> before.regularized(Regularization.LAYER_NORM));
    assertRefused("layerNorm", () -> tanh.regularized(Regularization.LAYER_NORM));
    assertRefused("recurrentDropout 0.1", () -> tanh.regularized(none.withRecurrentDropout(0.1)));
    assertRefused("zoneoutHidden 1.0", () -> none.withZoneout(0, 1));
    assertRefused("zoneoutCell -0.5", () -> none.withZoneout(-0.5, 0));
    assertRefused("variationalInput NaN", () -> none.withVariational(Double.NaN, 0));
    assertRefused("variationalHidden 2.0", () -> none.withVariational(0, 2));
    assertRefused("recurrentDropout 1.0", () -> none.withRecurrentDropout(1));
    assertRefused("dropConnect 1.0", () -> none.withDropConnect(1));
  }
}
