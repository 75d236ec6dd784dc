package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightType;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How stacks are run by cuDNN, beyond what every backend is held to. */
@Tag("cuda")
class CudnnRecurrentTest {
  /** Until C2 has compiled every call; a segment is an object before. */
  private static final long MOST_NANOS = 60_000_000_000L;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Random random = new Random(3);
  private final Backend backend = Backends.open("cuda");

  @BeforeEach
  void count() {
    DoubleState.reset();
  }

  @AfterEach
  void nothingToComplainOf() {
    backend.close();
    assertEquals("", DoubleState.complaint());
  }

  private static void run(Stack stack, int t, int n) {
    stack.backend.fill(stack.gradients.dWeights(), 0);
    stack.plan.forward(t, n);
    stack.plan.backward();
  }

  private static void assertSame(Stack expected, Stack actual, double tolerance) {
    for (String name : actual.written().keySet()) {
      Numbers.assertClose(name, expected.read(name), actual.read(name), tolerance);
    }
    Numbers.assertClose("dWeights", expected.dWeights(), actual.dWeights(), tolerance);
  }

  /** cuDNN takes 65,535 steps: some sequences here end before the second call, one at once. */
  @ParameterizedTest
  @EnumSource(names = {"LSTM", "GRU"})
  void longerSequencesThanACallTakesAreCut(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 2, 2);
    int t = 65_535 + 9;
    try (Backend reference = Backends.open("reference");
        Stack oracle = Stack.full(reference, spec, t, 4);
        Stack stack = Stack.full(backend, spec, t, 4)) {
      oracle.randomize(random);
      for (int[] lengths : List.of(new int[] {t, t, t, t}, new int[] {65_535, t, 0, 65_537})) {
        oracle.lengths(lengths);
        run(stack.copyGiven(oracle), t, 4);
        run(oracle, t, 4);
        // Sums over 65,544 steps in float32: eps sqrt(T), and 4 for what a step rounds.
        assertSame(oracle, stack, 4 * 0x1p-24 * Math.sqrt(t));
      }
    }
    assertEquals(4, DoubleState.calls("cudnnRNNForward"));
    assertEquals(4, DoubleState.calls("cudnnRNNBackwardWeights_v8"));
  }

  @Test
  void longSequencesInTwoDirectionsAreOurs() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.TANH, 1, 1).bothDirections();
    EnumSet<Part> none = EnumSet.noneOf(Part.class);
    try (Stack stack = new Stack(backend, spec, 65_536, 1, Mode.INFERENCE, none)) {
      stack.plan.forward(2, 1);
    }
    assertEquals(0, DoubleState.calls("cudnnRNNForward"));
  }

  /** In inference too, if dropout may come between them: the weights are laid out for it. */
  @Test
  void layersAreRunOneByOneOnlyWhereDropoutComesBetween() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 5).stacked(3, 0.5);
    int[] calls = new int[3];
    RecurrentSpec[] specs = {spec, spec.stacked(3, 0), spec};
    for (int i = 0; i < 3; i++) {
      Mode mode = i < 2 ? Mode.TRAINING : Mode.INFERENCE;
      DoubleState.reset();
      try (Stack stack = new Stack(backend, specs[i], 4, 3, mode, EnumSet.allOf(Part.class))) {
        stack.randomize(random).plan.forward(4, 3);
      }
      calls[i] = (int) DoubleState.calls("cudnnRNNForward");
    }
    assertArrayEquals(new int[] {3, 1, 3}, calls);
  }

  /** Lengths are on the host when they are uploaded: asking for them waits for nothing. */
  @Test
  void lengthsAreNotReadBack() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.GRU, 3, 5).stacked(2, 0.3);
    try (Stack stack = Stack.full(backend, spec, 4, 3)) {
      stack.randomize(random).lengths(4, 1, 2);
      run(stack, 4, 3);
      stack.lengths(2, 0, 4);
      DoubleState.reset();
      run(stack, 4, 3);
      for (String waits : List.of("cudaStreamSynchronize", "cudaMemcpyAsync", "cudaMemcpy")) {
        assertEquals(0, DoubleState.calls(waits), waits);
      }
      double[] y = stack.read("y");
      assertTrue(y[0] != 0 && y[5] == 0 && y[10] != 0, "the new lengths: 2, 0, 4");
      stack.backend.fill(stack.io.lengths(), 4); // by the device: now it must be read
      run(stack, 4, 3);
      assertTrue(stack.read("y")[5] != 0);
    }
  }

  @Test
  void aWrongLengthIsRefused() {
    try (Stack stack = Stack.full(backend, RecurrentSpec.of(Cell.TANH, 3, 5), 4, 3)) {
      stack.randomize(random);
      for (int wrong : new int[] {-1, 4}) {
        stack.lengths(3, wrong, 1);
        String message =
            assertThrows(IllegalArgumentException.class, () -> stack.plan.forward(3, 3))
                .getMessage();
        assertEquals("forward: length " + wrong + " of sequence 1 is outside 0 to t, 3", message);
      }
    }
  }

  /** Without biases zeros stay zeros, whatever gradients cuDNN finds for the biases it has. */
  @ParameterizedTest
  @EnumSource(names = {"LSTM", "TANH", "GRU"})
  void aStackWithoutBiasesStaysWithout(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5).stacked(2, 0).bothDirections().withoutBias();
    try (Stack stack = new Stack(backend, spec, 4, 3, Mode.TRAINING, EnumSet.of(Part.DY))) {
      stack.randomize(random);
      double[] x = stack.read("x");
      for (int step = 0; step < 3; step++) {
        stack.set("x", x);
        run(stack, 4, 3);
        backend.copy(stack.gradients.dWeights(), stack.weights);
        stack.plan.refresh();
        stack.set("x", new double[x.length]);
        stack.plan.forward(4, 3);
        assertArrayEquals(new double[4 * 3 * 10], stack.read("y"));
      }
    }
  }

  /** Shapes that come again are known; of many, the last few are kept. */
  @Test
  void descriptorsAreKeptForTheLastShapes() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 5);
    try (Stack stack = Stack.full(backend, spec, 6, 5)) {
      stack.randomize(random);
      List<Long> live = new ArrayList<>();
      for (int t = 1; t <= 6; t++) {
        for (int n = 1; n <= 2; n++) {
          stack.lengths(Arrays.copyOf(new int[] {t, t}, n));
          run(stack, t, n);
          live.add(DoubleState.handles("cudnnRNNDataDescriptor_t"));
        }
      }
      assertEquals(List.of(4L, 6L, 8L, 8L, 8L), live.subList(0, 5));
      assertEquals(8, live.getLast());
      DoubleState.reset();
      for (int i = 0; i < 3; i++) {
        run(stack.lengths(6), 6, 1);
        run(stack.lengths(6, 2), 6, 2);
      }
      assertEquals(0, DoubleState.calls("cudnnCreateRNNDataDescriptor"));
      assertEquals(0, DoubleState.calls("cudaMalloc"));
    }
    assertEquals(0, DoubleState.handles("cudnnRNNDataDescriptor_t"));
  }

  /** Once compiled, with full batches and ragged ones of two shapes in turn. */
  @Test
  void repeatedStepsAllocateNothingOnTheHeap() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 2, 2).stacked(2, 0.3);
    try (Stack full = Stack.full(backend, spec, 2, 2);
        Stack ragged = Stack.full(backend, spec, 2, 2)) {
      full.randomize(random);
      ragged.randomize(random).lengths(1, 2);
      long bytes = -1;
      long start = System.nanoTime();
      while (bytes != 0 && System.nanoTime() - start < MOST_NANOS) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 20; i++) {
          for (int n = 2; n > 0; n--) {
            full.plan.forward(2, n);
            full.plan.backward();
            ragged.plan.forward(2, n);
            ragged.plan.backward();
          }
          ragged.plan.refresh();
        }
        bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
        full.read("y"); // waits, so that the double has no more to remember
      }
      assertEquals(0, bytes);
    }
  }

  /** A device would read what has been freed: a stack asks first. */
  @Test
  void whatHasBeenClosedIsNotRead() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 5);
    try (Stack stack = new Stack(backend, spec, 4, 3, Mode.INFERENCE, EnumSet.of(Part.INITIAL))) {
      stack.randomize(random);
      RecurrentWeights weights = backend.pack(spec, stack.weights, WeightType.FLOAT32);
      Recurrent packed = backend.recurrent(weights, stack.io);
      packed.forward(4, 3);
      weights.close();
      assertThrows(IllegalStateException.class, () -> packed.forward(4, 3));
      packed.close();
      stack.plan.forward(4, 3);
      stack.io.x().memory().close();
      assertThrows(IllegalStateException.class, () -> stack.plan.forward(4, 3));
    }
  }
}
