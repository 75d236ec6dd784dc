package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.backend.Cell;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Memory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.FarBackend;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What a plan refuses, when it is made and when it is called. */
@ParameterizedClass
@MethodSource("namesAndEngines")
class RecurrentErrorsTest extends Contract {
  private final RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 5);
  private final Tensor weights = workspace.real(backend.layout(spec).size());
  private final Tensor x = workspace.real(4, 2, 3);
  private final Tensor y = workspace.real(4, 2, 5);
  private final State last = state();
  private final MaskKey mask = new MaskKey(1, 0, workspace.tensor(DType.I64, 1));
  private final RecurrentIo.Gradients gradients =
      new RecurrentIo.Gradients(y, null, x, null, workspace.real(backend.layout(spec).size()));

  RecurrentErrorsTest(String name) {
    super(name);
  }

  private State state() {
    return new State(workspace.real(1, 2, 5), workspace.real(1, 2, 5));
  }

  private void assertPlanRefused(String part, RecurrentIo io) {
    assertRefused(part, () -> backend.recurrent(spec, weights, io, Mode.TRAINING, mask));
  }

  @Test
  void refusesTensorsThatDoNotFit() {
    Tensor wrong = workspace.real(4, 2, 4);
    assertPlanRefused("x is", new RecurrentIo(wrong, null, null, y, last, gradients));
    assertPlanRefused("y is", new RecurrentIo(x, null, null, wrong, last, gradients));
    assertPlanRefused("lengths is", new RecurrentIo(x, ints(1), null, y, last, gradients));
    assertPlanRefused(
        "initial.h is", new RecurrentIo(x, null, new State(wrong, wrong), y, last, gradients));
    assertPlanRefused(
        "last.c is missing",
        new RecurrentIo(x, null, null, y, new State(last.h(), null), gradients));
    assertPlanRefused("overlap", new RecurrentIo(x, null, last, y, last, gradients));
    assertPlanRefused("needs gradients", new RecurrentIo(x, null, null, y, last, null));
    assertPlanRefused(
        "dWeights is",
        new RecurrentIo(
            x,
            null,
            null,
            y,
            last,
            new RecurrentIo.Gradients(y, null, x, null, weights.view(1, 9))));
    assertPlanRefused(
        "dy is",
        new RecurrentIo(
            x, null, null, y, last, new RecurrentIo.Gradients(x, null, x, null, weights)));
    RecurrentIo good = new RecurrentIo(x, null, null, y, last, gradients);
    assertRefused(
        "weights is", () -> backend.recurrent(spec, workspace.real(7), good, Mode.TRAINING, mask));
    assertRefused(
        "mask layer",
        () -> backend.recurrent(spec, weights, good, Mode.TRAINING, mask.withLayer(-1)));
    RecurrentSpec gru = RecurrentSpec.of(Cell.GRU, 3, 5);
    assertRefused(
        "has no c",
        () ->
            backend.recurrent(
                gru, workspace.real(backend.layout(gru).size()), good, Mode.INFERENCE, mask));
  }

  @Test
  void refusesSizesOutOfRange() {
    try (Stack stack = Stack.full(backend, spec, 4, 2)) {
      stack.randomize(random);
      assertRefused("t 5", () -> stack.plan.forward(5, 2));
      assertRefused("t 0", () -> stack.plan.forward(0, 2));
      assertRefused("n 3", () -> stack.plan.forward(4, 3));
      assertRefused("n 0", () -> stack.plan.forward(4, 0));
    }
  }

  @Test
  void refusesLengthsOutOfRange() {
    try (Stack stack = Stack.full(backend, spec, 4, 2)) {
      stack.lengths(1, 5);
      assertRefused("length 5 of sequence 1", () -> stack.plan.forward(4, 2));
      stack.lengths(3, 4);
      assertRefused("length 4 of sequence 1", () -> stack.plan.forward(3, 2));
      stack.lengths(-1, 4);
      assertRefused("length -1 of sequence 0", () -> stack.plan.forward(4, 2));
    }
  }

  @Test
  void backwardNeedsATrainingPlanAndAForward() {
    try (Stack training = Stack.full(backend, spec, 4, 2);
        Stack inference =
            new Stack(backend, spec, 4, 2, Mode.INFERENCE, EnumSet.noneOf(Part.class))) {
      assertThrows(IllegalStateException.class, training.plan::backward);
      inference.plan.forward(4, 2);
      assertThrows(IllegalStateException.class, inference.plan::backward);
    }
  }

  @Test
  void backwardComesOnceForEachForward() {
    try (Stack stack = Stack.full(backend, spec, 4, 2)) {
      stack.randomize(random);
      stack.plan.forward(4, 2);
      stack.plan.backward();
      String again = assertThrows(IllegalStateException.class, stack.plan::backward).getMessage();
      assertEquals("backward needs a forward before it, once for each", again);
      stack.plan.forward(4, 2);
      assertRefused("t 5", () -> stack.plan.forward(5, 2));
      assertThrows(IllegalStateException.class, stack.plan::backward, "after a refused forward");
    }
  }

  @Test
  void countsItsBytesAndClosesTwice() {
    try (Stack small = Stack.full(backend, spec, 4, 2);
        Stack large = Stack.full(backend, spec, 40, 20)) {
      assertTrue(small.plan.bytes() > 0);
      assertTrue(large.plan.bytes() > small.plan.bytes());
      small.plan.close();
      small.plan.close();
      assertThrows(IllegalStateException.class, () -> small.plan.forward(4, 2));
    }
  }

  /** A tensor of a size that nobody has: only its shape may be looked at. */
  private static Tensor huge(DType type, long... shape) {
    Memory nowhere =
        new Memory(Tensor.bytesOf(type, shape)) {
          @Override
          public void close() {
            throw new AssertionError("nobody allocated it");
          }
        };
    return Tensor.of(nowhere, type, shape);
  }

  private RecurrentIo huge(long t, long n) {
    DType real = backend.real();
    Tensor dy = huge(real, t, n, 5);
    State states = new State(huge(real, 1, n, 5), huge(real, 1, n, 5));
    Tensor dWeights = gradients.dWeights();
    return new RecurrentIo(
        huge(real, t, n, 3),
        null,
        null,
        huge(real, t, n, 5),
        states,
        new RecurrentIo.Gradients(dy, null, null, null, dWeights));
  }

  @Test
  void refusesMoreThanAreCounted() {
    assumeTrue(!name.equals(FarBackend.NAME), "takes its own memory only");
    DType real = backend.real();
    assertPlanRefused(
        "70000 steps of 70000 sequences are more than the 2^31 - 1 rows", huge(70_000, 70_000));
    Tensor wide = huge(real, 2, 1L << 31);
    String most = "of at most 2^31 - 1 rows and columns";
    assertRefused(most, () -> backend.linear(1, x, wide, null, y));
    assertRefused(most, () -> backend.embedding(1, ints(0), huge(real, 1L << 31, 2), y));
  }

  @Test
  void refusesMoreElementsThanCudnnCounts() {
    assumeTrue(name.equals("cuda"), "only cuDNN counts them by ints");
    assertPlanRefused("at most 10737 sequences, not 30000: lower the batch", huge(40_000, 30_000));
  }
}
