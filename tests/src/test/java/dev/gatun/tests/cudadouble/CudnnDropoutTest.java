package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Masks between layers by cuDNN's own generator, where that is asked for. */
@Tag("cuda")
class CudnnDropoutTest {
  private static final String STATE = "cudnn_dropout";
  private static final RecurrentSpec SPEC = RecurrentSpec.of(Cell.LSTM, 3, 5).stacked(3, 0.5);

  private final Backend backend = open();

  private static Backend open() {
    return Backends.open("cuda", 1, Precision.FP32, DropoutMasks.CUDNN);
  }

  @BeforeEach
  void count() {
    DoubleState.reset();
  }

  @AfterEach
  void nothingToComplainOf() {
    System.clearProperty("gatun.cudnn.algorithm");
    backend.close();
    assertEquals("", DoubleState.complaint());
  }

  private static Stack stack(Backend on, Mode mode) {
    EnumSet<Part> parts = EnumSet.complementOf(EnumSet.of(Part.LENGTHS));
    return new Stack(on, SPEC, 4, 3, mode, parts).randomize(new Random(3));
  }

  /** y and the gradients of the weights of some steps. */
  private static List<double[]> steps(Stack stack, int count) {
    List<double[]> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      stack.backend.fill(stack.gradients.dWeights(), 0);
      stack.plan.forward(4, 3);
      stack.plan.backward();
      all.add(stack.read("y"));
      all.add(stack.dWeights());
    }
    return all;
  }

  private static void assertSame(List<double[]> expected, List<double[]> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), "tensor " + i);
    }
  }

  private static Tensor state(Backend of) {
    return Objects.requireNonNull(of.state().get(STATE), "no state");
  }

  @Test
  void oneCallRunsAllLayersWithOtherMasksInEachStep() {
    try (Stack stack = stack(backend, Mode.TRAINING)) {
      List<double[]> first = steps(stack, 2);
      assertEquals(2, DoubleState.calls("cudnnRNNForward"));
      assertFalse(Arrays.equals(first.get(0), first.get(2)), "the same masks again");
      try (Backend again = open();
          Stack other = stack(again, Mode.TRAINING)) {
        assertSame(first, steps(other, 2));
      }
    }
  }

  @Test
  void inferenceDropsNothing() {
    try (Backend own = Backends.open("cuda");
        Stack expected = stack(own, Mode.INFERENCE);
        Stack stack = stack(backend, Mode.INFERENCE)) {
      expected.plan.forward(4, 3);
      stack.plan.forward(4, 3);
      // What passes between layers is rounded to float there, in the double not here.
      Numbers.assertClose("y", expected.read("y"), stack.read("y"), 1e-6);
      assertEquals(Set.of(), backend.state().keySet());
    }
  }

  /** What the generator's memory holds is where it goes on from. */
  @Test
  void goesOnFromARestoredState() {
    try (Stack stack = stack(backend, Mode.TRAINING);
        Workspace host = Workspace.host(DType.F64)) {
      steps(stack, 3);
      Tensor kept = host.tensor(DType.I64, state(backend).size());
      backend.copy(state(backend), kept);
      final List<double[]> rest = steps(stack, 2);
      try (Backend later = open();
          Stack resumed = stack(later, Mode.TRAINING)) {
        List<double[]> anew = steps(resumed, 2);
        assertFalse(Arrays.equals(anew.getFirst(), rest.getFirst()), "it stood elsewhere");
        later.copy(kept, state(later));
        assertSame(rest, steps(resumed, 2));
      }
    }
  }

  @Test
  void stacksOfAContextShareOneGenerator() {
    try (Stack one = stack(backend, Mode.TRAINING);
        Stack two = stack(backend, Mode.TRAINING)) {
      assertEquals(1, DoubleState.calls("cudnnRestoreDropoutDescriptor"));
      assertEquals(Set.of(STATE), backend.state().keySet());
      double[] first = steps(one, 1).getFirst();
      double[] second = steps(two, 1).getFirst();
      assertFalse(Arrays.equals(first, second), "the second starts where the first stopped");
    }
  }

  /** Another forward would have other masks: the gradient would be that of another loss. */
  @Test
  void noOtherAlgorithmTakesOverOnTheWayBack() {
    System.setProperty("gatun.cudnn.algorithm", "small-h");
    try (Stack stack = stack(backend, Mode.TRAINING)) {
      steps(stack, 1);
      stack.plan.forward(4, 3);
      DoubleState.fail("cudnnRNNBackwardData_v8:1=3000");
      String message =
          String.valueOf(assertThrows(DeviceException.class, stack.plan::backward).getMessage());
      assertTrue(message.startsWith("cudnnRNNBackwardData_v8: "), message);
      DoubleState.fail("cudnnRNNForward:1=3000"); // nothing was drawn yet
      assertEquals(2, steps(stack, 1).size());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cudnnCreateDropoutDescriptor",
        "cudnnSetDropoutDescriptor",
        "cudnnRestoreDropoutDescriptor",
        "cudaMalloc"
      })
  void failuresLeaveNothing(String call) {
    try (Stack given = stack(backend, Mode.TRAINING);
        Backend fresh = call.startsWith("cudnnRestore") ? backend.fork() : open()) {
      fresh.layout(SPEC);
      if (call.startsWith("cudnnRestore")) {
        stack(fresh, Mode.TRAINING).close();
      }
      MaskKey mask = new MaskKey(1, 2, given.maskStep);
      final long before = DoubleState.handles("cudnnDropoutDescriptor_t");
      final long blocks = DoubleState.blocks();
      DoubleState.fail(call + ":1=" + (call.equals("cudaMalloc") ? 2 : 4000));
      Throwable thrown =
          assertThrows(
              Throwable.class,
              () -> fresh.recurrent(SPEC, given.weights, given.io, Mode.TRAINING, mask));
      DoubleState.fail("");
      assertTrue(
          thrown instanceof OutOfMemoryError || String.valueOf(thrown.getMessage()).contains(call),
          thrown.toString());
      assertEquals(before, DoubleState.handles("cudnnDropoutDescriptor_t"));
      assertEquals(blocks, DoubleState.blocks());
      fresh.recurrent(SPEC, given.weights, given.io, Mode.TRAINING, mask).close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void onlyAGpuHasThem(String name) {
    String message =
        String.valueOf(
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Backends.open(name, 1, Precision.FP32, DropoutMasks.CUDNN))
                .getMessage());
    assertEquals(
        "dropout masks by cudnn are for a GPU: the backend %s has none; choose gatun, or cuda"
            .formatted(name),
        message);
  }
}
