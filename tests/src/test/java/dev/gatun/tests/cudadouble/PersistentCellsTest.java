package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.backend.SettingException;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Regularized;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** All steps of a layer in one launch: what the reference and the launch for each step compute. */
@Tag("cuda")
class PersistentCellsTest {
  private static final String CELLS = "gatun.cuda.cells";
  private static final String LAUNCH = "cudaLaunchKernelExC";

  /** Of the bound C eps sqrt(K) T for each layer: that of RegularizationContractTest. */
  private static final double C = 16;

  private final Random random = new Random(3);
  private final Backend backend = Subjects.open(Subjects.OWN_CELLS);

  @BeforeEach
  void count() {
    DoubleState.reset();
  }

  @AfterEach
  void nothingToComplainOf() {
    System.clearProperty(CELLS);
    backend.close();
    assertEquals("", DoubleState.complaint());
  }

  private static void add(List<Arguments> shapes, RecurrentSpec spec, int t, int n) {
    shapes.add(Arguments.of(Named.of(spec + " T=" + t + " N=" + n, spec), t, n));
  }

  static Stream<Arguments> shapes() {
    List<Arguments> shapes = new ArrayList<>();
    for (int size : new int[] {1, 3, 31, 64}) {
      add(shapes, RecurrentSpec.of(Cell.LSTM, 3, size), 5, 4);
    }
    for (Cell cell : List.of(Cell.LSTM, Cell.GRU, Cell.GRU_RESET_BEFORE, Cell.TANH)) {
      RecurrentSpec spec = RecurrentSpec.of(cell, 3, 33);
      add(shapes, spec.stacked(2, 0.3).bothDirections(), 4, 3);
      add(shapes, spec.withoutBias(), 1, 1);
      for (Regularization how : Regularized.kinds(cell)) {
        add(shapes, spec.regularized(how).bothDirections(), 4, 3);
      }
    }
    RecurrentSpec small = RecurrentSpec.of(Cell.LSTM, 3, 3);
    add(shapes, small.with(new CellOptions(true, 0.5)), 4, 3);
    // R in registers and in shared memory.
    add(shapes, RecurrentSpec.of(Cell.GRU_RESET_BEFORE, 3, 120), 2, 2);
    return shapes.stream();
  }

  private double tolerance(RecurrentSpec spec, int t) {
    int k = Math.max(spec.inputSize(), spec.outputSize()) + spec.stateSize() + 2;
    return C * Numbers.roundoff(backend) * Math.sqrt(k) * t * spec.layers();
  }

  private static void run(Stack stack, int t, int n) {
    stack.backend.fill(stack.gradients.dWeights(), 0);
    stack.plan.forward(t, n);
    stack.plan.backward();
  }

  private static Map<String, double[]> values(Stack stack) {
    Map<String, double[]> values = new LinkedHashMap<>();
    stack.written().keySet().forEach(name -> values.put(name, stack.read(name)));
    values.put("dWeights", stack.dWeights());
    return values;
  }

  private void assertClose(Stack expected, Map<String, double[]> actual, int t) {
    double tolerance = tolerance(expected.spec, t);
    values(expected)
        .forEach((name, all) -> Numbers.assertClose(name, all, actual.get(name), tolerance));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void computesWhatOthersDo(RecurrentSpec spec, int t, int n) {
    check(backend, spec, t, n);
  }

  /** Blocks of two and of four sequences, the last not full, and threads of two units. */
  @Test
  void blocksTakeSeveralSequences() {
    RecurrentSpec small = RecurrentSpec.of(Cell.LSTM, 3, 3).regularized(Regularized.all(Cell.LSTM));
    DoubleState.multiprocessors(2);
    try (Backend two = Subjects.open(Subjects.OWN_CELLS)) {
      check(two, small, 3, 3);
      check(two, small, 3, 9);
      check(two, RecurrentSpec.of(Cell.LSTM, 3, 97), 2, 5);
    } finally {
      DoubleState.multiprocessors(132);
    }
  }

  private void check(Backend on, RecurrentSpec spec, int t, int n) {
    try (Backend reference = Backends.open("reference");
        Stack oracle = Stack.full(reference, spec, t, n);
        Stack steps = Stack.full(on, spec, t, n)) {
      System.setProperty(CELLS, "persistent");
      try (Stack stack = Stack.full(on, spec, t, n)) {
        System.clearProperty(CELLS);
        stack.copyGiven(oracle.randomize(random).step(5));
        steps.copyGiven(oracle);
        int[] full = random.ints(n, t, t + 1).toArray();
        for (int[] lengths : List.of(full, random.ints(n, 0, t + 1).toArray())) {
          run(oracle.lengths(lengths), t, n);
          run(steps.lengths(lengths), t, n);
          run(stack.lengths(lengths), t, n);
          Map<String, double[]> first = values(stack);
          assertClose(oracle, first, t);
          assertClose(steps, first, t);
          run(stack, t, n);
          values(stack).forEach((name, all) -> assertArrayEquals(first.get(name), all, 0, name));
        }
      }
    }
  }

  private long launches(Stack stack, int t) {
    if (stack.io.gradients() != null) {
      stack.lengths(t, t);
    }
    stack.read("y");
    DoubleState.reset();
    stack.plan.forward(t, 2);
    if (stack.io.gradients() != null) {
      stack.plan.backward();
    }
    stack.read("y");
    return DoubleState.calls(LAUNCH);
  }

  private Stack inference(RecurrentSpec spec) {
    return new Stack(backend, spec, 5, 2, Mode.INFERENCE, EnumSet.noneOf(Part.class));
  }

  @Test
  void inferenceIsOneLaunch() {
    System.setProperty(CELLS, "persistent");
    try (Stack stack = inference(RecurrentSpec.of(Cell.LSTM, 3, 3)).randomize(random)) {
      assertEquals(1, launches(stack, 5));
      assertEquals(1, DoubleState.calls("cublasGemmEx"));
      assertEquals(1, launches(stack, 1));
    }
  }

  @Test
  void trainingHasAsManyLaunchesForAnyNumberOfSteps() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 3).regularized(Regularized.all(Cell.LSTM));
    System.setProperty(CELLS, "persistent");
    try (Stack stack = Stack.full(backend, spec, 5, 2).randomize(random)) {
      assertEquals(launches(stack, 1), launches(stack, 5));
    }
  }

  /** What one launch cannot do is done step by step, and cuDNN's stacks are left to cuDNN. */
  @Test
  void whatDoesNotFitIsComputedAsBefore() {
    System.setProperty(CELLS, "persistent");
    for (RecurrentSpec spec :
        List.of(
            RecurrentSpec.of(Cell.SOFTMAX, 3, 5),
            RecurrentSpec.of(Cell.LSTM, 3, 5).projected(2),
            RecurrentSpec.of(Cell.GRU, 3, 220))) {
      try (Stack stack = inference(spec).randomize(random)) {
        assertNotEquals(launches(stack, 1), launches(stack, 3), spec.toString());
      }
    }
    RecurrentSpec large = RecurrentSpec.of(Cell.LSTM, 3, 220);
    try (Backend cuda = Backends.open("cuda");
        Stack stack = new Stack(cuda, large, 2, 2, Mode.INFERENCE, EnumSet.noneOf(Part.class))) {
      DoubleState.reset();
      stack.plan.forward(2, 2);
      assertEquals(1, DoubleState.calls("cudnnRNNForward"));
    }
  }

  /** The same in a CUDA graph, whose launches are repeated with what the device has by then. */
  @Test
  void isRecorded() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 3).regularized(Regularized.all(Cell.LSTM));
    System.setProperty(CELLS, "persistent");
    try (Stack plain = Stack.full(backend, spec, 4, 3).randomize(random);
        Stack recorded = Stack.full(backend, spec, 4, 3).copyGiven(plain)) {
      run(recorded, 4, 3);
      try (var graph = backend.record(() -> run(recorded, 4, 3))) {
        run(plain.step(9), 4, 3);
        recorded.step(9);
        graph.run();
        Map<String, double[]> expected = values(plain);
        values(recorded)
            .forEach((name, all) -> assertArrayEquals(expected.get(name), all, 0, name));
      }
    }
  }

  @Test
  void anUnknownSettingIsRefused() {
    System.setProperty(CELLS, "fast");
    String message =
        assertThrows(SettingException.class, () -> Backends.open("cuda").close()).getMessage();
    assertTrue(
        message.contains("-Dgatun.cuda.cells is \"fast\": it must be stepwise or persistent"),
        message);
  }
}
