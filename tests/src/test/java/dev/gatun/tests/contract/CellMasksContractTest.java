package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.backend.Regularization;
import dev.gatun.kernels.Philox;
import dev.gatun.tests.support.Stack;
import java.util.HashSet;
import java.util.Set;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The masks of regularised cells seen from outside: which values they zero or keep, element by
 * element against their definition, and their shares.
 */
@ParameterizedClass
@MethodSource("names")
class CellMasksContractTest extends Contract {
  private static final long SEED = 0x5EED_0000_1234L;
  private static final int LAYER = 7;
  private static final int STEP = 11;
  private static final int N = 13;
  private static final int H = 37;
  private static final int C = 29;

  CellMasksContractTest(String name) {
    super(name);
  }

  /** The mask's definition, written anew. */
  private static boolean kept(int number, int layer, int direction, long index, double rate) {
    long e = number * (1L << 56) + direction * (1L << 55) + index;
    int word = Philox.word(SEED, e / 4, ((LAYER + (long) layer) << 40) + STEP, (int) (e % 4));
    return Integer.toUnsignedLong(word) < Math.round((1 - rate) * 4294967296.0);
  }

  private Stack ran(RecurrentSpec spec, int t) {
    Stack stack = Stack.full(backend, spec, t, N).randomize(random);
    stack.step(STEP);
    stack.plan.forward(t, N);
    stack.plan.backward();
    return stack;
  }

  /** Every element is zero where the mask drops and nowhere else; the share is as it should be. */
  private static void assertDropped(
      String what, int size, IntPredicate zero, IntPredicate kept, double rate) {
    long zeros = 0;
    for (int i = 0; i < size; i++) {
      assertEquals(!kept.test(i), zero.test(i), what + " " + i);
      zeros += zero.test(i) ? 1 : 0;
    }
    double sigma = Math.sqrt(size * rate * (1 - rate));
    assertTrue(Math.abs(zeros - size * rate) <= 4 * sigma, zeros + " of " + size + " dropped");
  }

  @Test
  void zoneoutKeepsStatesExactly() {
    RecurrentSpec spec =
        RecurrentSpec.of(Cell.LSTM, C, H)
            .bothDirections()
            .regularized(Regularization.NONE.withZoneout(0.3, 0.4));
    try (Stack stack = ran(spec, 1)) {
      double[] h0 = stack.read("h0");
      double[] hn = stack.read("hn");
      double[] c0 = stack.read("c0");
      double[] cn = stack.read("cn");
      int size = N * H;
      for (int d = 0; d < 2; d++) {
        int direction = d;
        int from = d * size;
        assertDropped(
            "c", size, i -> c0[from + i] == cn[from + i], i -> kept(3, 0, direction, i, 0.3), 0.3);
        assertDropped(
            "h", size, i -> h0[from + i] == hn[from + i], i -> kept(4, 0, direction, i, 0.4), 0.4);
      }
    }
  }

  @Test
  void zoneoutDrawsAnewInEachStep() {
    RecurrentSpec spec =
        RecurrentSpec.of(Cell.GRU, C, H).regularized(Regularization.NONE.withZoneout(0, 0.4));
    try (Stack stack = ran(spec, 3)) {
      double[] y = stack.read("y");
      int row = N * H;
      assertDropped(
          "step 2",
          row,
          i -> y[2 * row + i] == y[row + i],
          i -> kept(4, 0, 0, 2 * row + i, 0.4),
          0.4);
    }
  }

  @Test
  void variationalDropoutIsTheSameInAllStepsAndBothDirections() {
    RecurrentSpec spec =
        RecurrentSpec.of(Cell.GRU, C, H)
            .bothDirections()
            .regularized(Regularization.NONE.withVariational(0.4, 0));
    try (Stack stack = ran(spec, 3)) {
      double[] dx = stack.read("dx");
      int row = N * C;
      for (int t = 0; t < 3; t++) {
        int from = t * row;
        assertDropped("dx", row, i -> dx[from + i] == 0, i -> kept(1, 0, 0, i, 0.4), 0.4);
      }
    }
  }

  @Test
  void variationalDropoutCutsWhatTheRecurrentWeightsSee() {
    RecurrentSpec spec =
        RecurrentSpec.of(Cell.LSTM, C, H)
            .bothDirections()
            .regularized(Regularization.NONE.withVariational(0, 0.4));
    try (Stack stack = ran(spec, 3)) {
      double[] dh0 = stack.read("dh0");
      int size = N * H;
      assertDropped("dh0", size, i -> dh0[i] == 0, i -> kept(2, 0, 0, i, 0.4), 0.4);
      assertDropped("dh0 reverse", size, i -> dh0[size + i] == 0, i -> kept(2, 0, 1, i, 0.4), 0.4);
    }
  }

  @Test
  void recurrentDropoutCutsTheCandidate() {
    RecurrentSpec spec =
        RecurrentSpec.of(Cell.LSTM, C, H)
            .regularized(Regularization.NONE.withRecurrentDropout(0.3));
    try (Stack stack = Stack.full(backend, spec, 1, N).randomize(random)) {
      stack.step(STEP);
      backend.fill(stack.tensor("c0"), 0);
      stack.plan.forward(1, N);
      double[] cn = stack.read("cn");
      assertDropped("c", N * H, i -> cn[i] == 0, i -> kept(5, 0, 0, i, 0.3), 0.3);
    }
  }

  @Test
  void dropConnectCutsGradientsOfRecurrentWeightsAlone() {
    RecurrentSpec spec =
        RecurrentSpec.of(Cell.GRU, C, H)
            .stacked(2, 0)
            .bothDirections()
            .regularized(Regularization.NONE.withDropConnect(0.5));
    try (Stack stack = ran(spec, 3)) {
      for (WeightView view : stack.layout.weights()) {
        double[] gradient = read(stack.gradient(view));
        boolean masked = view.weight() == Weight.RECURRENT;
        if (masked) {
          assertDropped(
              view.name(),
              gradient.length,
              i -> gradient[i] == 0,
              i -> kept(6, view.layer(), view.direction(), i, 0.5),
              0.5);
        } else {
          assertDropped(view.name(), gradient.length, i -> gradient[i] == 0, i -> true, 0);
        }
      }
    }
  }

  /** Words of one seed, step and layer that masks and the dropout between layers use. */
  @Test
  void noTwoMasksShareAnElement() {
    Set<Long> first = new HashSet<>();
    first.add(0L);
    for (Regularization.Mask mask : Regularization.Mask.values()) {
      first.add(mask.first(0));
      if (mask != Regularization.Mask.INPUT) {
        first.add(mask.first(1));
      }
    }
    assertEquals(2 * Regularization.Mask.values().length, first.size());
    for (long start : first) {
      assertEquals(0, start % (1L << 55), "room for 2^55 elements from " + start);
    }
  }
}
