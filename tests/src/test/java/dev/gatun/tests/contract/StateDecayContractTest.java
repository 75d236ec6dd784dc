package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Regularized;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Stacks whose first layer's states decay before each step. */
@ParameterizedClass
@MethodSource("names")
class StateDecayContractTest extends StackContract {
  /** As {@link RecurrentContractTest}'s: a factor below 1 makes no rounding grow. */
  private static final double C = 4;

  StateDecayContractTest(String name) {
    super(name, C);
  }

  @Override
  Stack whole(Backend on, RecurrentSpec spec, int t, int n) {
    return Stack.decayed(on, spec, t, n);
  }

  static Stream<Arguments> shapes() {
    List<Arguments> shapes = new ArrayList<>();
    for (Cell cell : Cell.values()) {
      add(shapes, RecurrentSpec.of(cell, 3, 5), 6, 4);
      add(shapes, RecurrentSpec.of(cell, 9, 33).stacked(3, 0.4), 4, 13);
      add(shapes, RecurrentSpec.of(cell, 5, 19).withoutBias(), 7, 1);
      add(shapes, RecurrentSpec.of(cell, 4, 7).regularized(Regularized.all(cell)), 5, 6);
    }
    add(shapes, RecurrentSpec.of(Cell.GRU, 40, 70), 11, 67);
    add(shapes, RecurrentSpec.of(Cell.LSTM, 5, 19).projected(7).stacked(2, 0), 6, 4);
    add(shapes, RecurrentSpec.of(Cell.LSTM, 3, 6).with(new CellOptions(true, 0.5)), 6, 4);
    return shapes.stream();
  }

  /** Step by step by plain stacks, the states scaled between. */
  @ParameterizedTest
  @EnumSource(names = {"GRU", "GRU_RESET_BEFORE", "LSTM", "TANH"})
  void isAStackWhoseStatesAreScaledBetweenSteps(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5);
    int n = 4;
    int steps = 3;
    try (Stack decayed = Stack.decayed(backend, spec, steps, n);
        Stack step = Stack.full(backend, spec, 1, n)) {
      decayed.randomize(random);
      decayed.plan.forward(steps, n);
      step.weights(decayed.weights());
      step.plan.refresh();
      double[] h = decayed.read("h0");
      double[] c = cell.hasCellState() ? decayed.read("c0") : h;
      for (int t = 0; t < steps; t++) {
        for (int i = 0; i < h.length; i++) {
          h[i] *= Math.exp(-decayed.read("z")[t * h.length + i]);
        }
        step.set("x", row(decayed.read("x"), t, n * 3)).set("h0", h);
        if (cell.hasCellState()) {
          step.set("c0", c);
        }
        step.plan.forward(1, n);
        h = step.read("hn");
        c = cell.hasCellState() ? step.read("cn") : h;
        Numbers.assertClose(
            "y " + t, h, row(decayed.read("y"), t, h.length), tolerance(spec, steps));
      }
      Numbers.assertClose("hn", h, decayed.read("hn"), tolerance(spec, steps));
    }
  }

  private static double[] row(double[] all, int t, int width) {
    return Arrays.copyOfRange(all, t * width, (t + 1) * width);
  }

  @ParameterizedTest
  @EnumSource(names = {"GRU", "GRU_RESET_BEFORE", "LSTM"})
  void givesTheSameBitsOnAnyThreads(Cell cell) {
    assertSameBitsOnAnyThreads(RecurrentSpec.of(cell, 7, 40).stacked(2, 0.2), 5, 19);
    assertSameBitsOnAnyThreads(RecurrentSpec.of(cell, 7, 40), 5, 2);
  }

  @ParameterizedTest
  @EnumSource(names = {"GRU", "GRU_RESET_BEFORE", "LSTM", "RELU"})
  void inferenceGivesWhatTrainingDoes(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5).stacked(2, 0);
    try (Stack training = Stack.decayed(backend, spec, 4, 3);
        Stack inference =
            new Stack(
                backend,
                spec,
                4,
                3,
                Mode.INFERENCE,
                EnumSet.of(Part.INITIAL, Part.LENGTHS),
                true)) {
      training.randomize(random).lengths(4, 0, 2);
      inference.copyGiven(training).plan.forward(4, 3);
      training.plan.forward(4, 3);
      double tolerance = tolerance(spec, 4);
      Numbers.assertClose("y", training.read("y"), inference.read("y"), tolerance);
      Numbers.assertClose("hn", training.read("hn"), inference.read("hn"), tolerance);
    }
  }

  /** Nothing of exponents on padding is used, and no gradient is left there. */
  @Test
  void paddingHasNoGradient() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.GRU, 3, 5);
    try (Stack stack = Stack.decayed(backend, spec, 4, 3)) {
      stack.randomize(random).lengths(4, 0, 2);
      double[] z = stack.read("z");
      for (int i = 0; i < z.length; i++) {
        z[i] = padding(i) ? Double.NaN : z[i];
      }
      fill(stack.tensor("dz"), 3);
      run(stack.set("z", z), 4, 3);
      double[] dz = stack.read("dz");
      for (int i = 0; i < dz.length; i++) {
        assertEquals(padding(i), dz[i] == 0, "element " + i + " is " + dz[i]);
      }
    }
  }

  private static boolean padding(int element) {
    int[] lengths = {4, 0, 2};
    return element / 15 >= lengths[element / 5 % 3];
  }

  @Test
  void refusesWhatDoesNotFit() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.GRU, 3, 5);
    assertRefused(
        "states that decay run in one direction",
        () -> Stack.decayed(backend, spec.bothDirections(), 4, 3).close());
    try (Stack stack = Stack.decayed(backend, spec, 4, 3)) {
      RecurrentIo io = stack.io;
      RecurrentIo.Decay narrow = new RecurrentIo.Decay(io.x(), null);
      assertRefused(
          "decay.exponents",
          () ->
              backend
                  .recurrent(
                      spec,
                      stack.weights,
                      new RecurrentIo(
                          io.x(),
                          io.lengths(),
                          io.initial(),
                          io.y(),
                          io.last(),
                          io.gradients(),
                          narrow),
                      Mode.TRAINING,
                      new MaskKey(1, 1, stack.maskStep))
                  .close());
    }
  }
}
