package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.backend.Regularization;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Options;
import dev.gatun.tests.support.Stack;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Peepholes and the limit of c against the reference, and what follows from their equations. */
@ParameterizedClass
@MethodSource("names")
class CellOptionsContractTest extends StackContract {
  static final List<CellOptions> KINDS = Options.KINDS;

  /** As for plain cells, C eps sqrt(K) T for each layer; masks of rates up to 0.4 double it. */
  private static final double C = 8;

  private static final int T = 4;
  private static final int N = 3;

  CellOptionsContractTest(String name) {
    super(name, C);
  }

  static Stream<Arguments> shapes() {
    List<Arguments> shapes = new ArrayList<>();
    for (CellOptions options : KINDS) {
      RecurrentSpec one = RecurrentSpec.of(Cell.LSTM, 3, 5).with(options);
      RecurrentSpec stack = RecurrentSpec.of(Cell.LSTM, 5, 19).stacked(3, 0.3).with(options);
      add(shapes, RecurrentSpec.of(Cell.LSTM, 1, 1).with(options), 1, 1);
      add(shapes, one, 6, 4);
      add(shapes, one.withoutBias(), 6, 4);
      add(shapes, RecurrentSpec.of(Cell.LSTM, 17, 16).with(options), 3, 8);
      add(shapes, stack.bothDirections(), 5, 7);
      add(shapes, stack.projected(7).bothDirections(), 5, 7);
      add(shapes, RecurrentSpec.of(Cell.LSTM, 40, 70).with(options), 9, 67);
      add(shapes, RecurrentSpec.of(Cell.LSTM, 30, 48).with(options), 9, 1);
      add(shapes, one.regularized(Regularization.NONE.withZoneout(0.4, 0)), 6, 4);
      add(shapes, stack.regularized(Options.ALL).bothDirections(), 5, 7);
      add(shapes, stack.projected(7).regularized(Options.ALL), 5, 7);
    }
    return shapes.stream();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void givesTheSameBitsOnAnyNumberOfThreadsAndAgain(RecurrentSpec spec, int t, int n) {
    assumeNear(backend, spec.weightCount() * n);
    assertSameBitsOnAnyThreads(spec, t, n);
  }

  private static Stack inference(Backend backend, RecurrentSpec spec) {
    return new Stack(backend, spec, T, N, Mode.INFERENCE, EnumSet.allOf(Stack.Part.class));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void infersWhatTheReferenceDoes(RecurrentSpec spec, int t, int n) {
    try (Backend reference = Backends.open("reference");
        Stack oracle = inference(reference, spec);
        Stack stack = inference(backend, spec)) {
      oracle.randomize(random).lengths(2, 0, 4);
      stack.copyGiven(oracle);
      oracle.plan.forward(T, N);
      stack.plan.forward(T, N);
      for (String name : List.of("y", "hn", "cn")) {
        Numbers.assertClose(name, oracle.read(name), stack.read(name), tolerance(spec, T));
      }
    }
  }

  private static void fill(Stack stack, Weight weight, double value) {
    for (WeightView view : stack.layout.weights()) {
      if (view.weight() == weight) {
        stack.backend.fill(stack.weight(view), value);
      }
    }
    stack.plan.refresh();
  }

  @Test
  void withPeepholesOfZeroAndNothingToLimitItIsThePlainCell() {
    RecurrentSpec plain = RecurrentSpec.of(Cell.LSTM, 3, 18);
    RecurrentSpec optional = plain.with(new CellOptions(true, 100));
    try (Stack expected = Stack.full(backend, plain, T, N);
        Stack actual = Stack.full(backend, optional, T, N)) {
      expected.randomize(random);
      actual.randomize(random);
      for (WeightView from : expected.layout.weights()) {
        WeightView to = actual.layout.weight(from.weight(), 0, 0);
        Host.write(
            backend,
            actual.weight(Objects.requireNonNull(to)),
            Host.read(backend, expected.weight(from)));
      }
      fill(actual, Weight.PEEPHOLE, 0);
      for (String name : expected.given().keySet()) {
        actual.set(name, expected.read(name));
      }
      run(expected, T, N);
      run(actual, T, N);
      for (String name : expected.written().keySet()) {
        Numbers.assertClose(name, expected.read(name), actual.read(name), 16 * eps);
      }
    }
  }

  @Test
  void limitsCAndStopsItsGradient() {
    double limit = 0x1p-6;
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 18).with(new CellOptions(false, limit));
    try (Stack stack = Stack.full(backend, spec, T, N)) {
      stack.randomize(random);
      // i, f and g are near 1: every c is beyond the limit.
      fill(stack, Weight.INPUT, 0);
      fill(stack, Weight.RECURRENT, 0);
      fill(stack, Weight.INPUT_BIAS, 9);
      fill(stack, Weight.RECURRENT_BIAS, 0);
      run(stack, T, N);
      for (double c : stack.read("cn")) {
        assertEquals(limit, c, "c");
      }
      for (double d : stack.read("dc0")) {
        assertEquals(0, d, "dL/dc0");
      }
      int rows = 3 * spec.hiddenSize(); // i, f and g; o comes after them
      for (WeightView view : stack.layout.weights()) {
        double[] gradients = Host.read(backend, stack.gradient(view));
        int width = (int) (view.size() / spec.gateRows());
        for (int i = 0; i < rows * width; i++) {
          assertEquals(0, gradients[i], view.name() + " " + i);
        }
      }
    }
  }

  @ParameterizedTest
  @FieldSource("KINDS")
  void leavesWhatIsNotANumberToBeSeen(CellOptions options) {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 2, 18).with(options);
    try (Stack stack = Stack.full(backend, spec, T, N)) {
      double[] x = stack.randomize(random).read("x");
      x[2] = Double.NaN; // of the first step, the second sequence
      stack.set("x", x);
      run(stack, T, N);
      double[] c = stack.read("cn");
      for (int i = 0; i < c.length; i++) {
        assertEquals(i / 18 == 1, Double.isNaN(c[i]), "c " + i);
      }
    }
  }

  @Test
  void refusesWhatACellDoesNotHaveOrCannotJoin() {
    RecurrentSpec lstm = RecurrentSpec.of(Cell.LSTM, 3, 5);
    CellOptions sees = CellOptions.NONE.withPeephole(true);
    for (Cell cell : Cell.values()) {
      if (cell != Cell.LSTM) {
        RecurrentSpec other = RecurrentSpec.of(cell, 3, 5);
        assertRefused("peephole", () -> other.with(sees));
        assertRefused("clip 0.5", () -> other.with(CellOptions.NONE.withClip(0.5)));
      }
    }
    assertRefused("clip -1.0", () -> CellOptions.NONE.withClip(-1));
    assertRefused("clip NaN", () -> CellOptions.NONE.withClip(Double.NaN));
    assertRefused("clip Infinity", () -> CellOptions.NONE.withClip(Double.POSITIVE_INFINITY));
    assertRefused("layerNorm", () -> lstm.regularized(Regularization.LAYER_NORM).with(sees));
    assertRefused("layerNorm", () -> lstm.with(sees).regularized(Regularization.LAYER_NORM));
    assertTrue(lstm.with(sees).weightCount() > lstm.weightCount());
  }
}
