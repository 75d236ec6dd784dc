package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What cuDNN computes stacks by. The double refuses what was measured to be refused. */
@Tag("cuda")
class RnnAlgorithmTest {
  private static final String ALGORITHM = "gatun.cudnn.algorithm";
  private static final String DESCRIPTORS = "cudnnRNNDescriptor_t";
  private static final EnumSet<Part> NO_LENGTHS = EnumSet.complementOf(EnumSet.of(Part.LENGTHS));

  private final Random random = new Random(3);
  private final Backend backend = Backends.open("cuda");

  @BeforeEach
  void count() {
    DoubleState.reset();
  }

  @AfterEach
  void nothingToComplainOf() {
    System.clearProperty(ALGORITHM);
    backend.close();
    assertEquals("", DoubleState.complaint());
  }

  private static void run(Stack stack, int t, int n) {
    stack.backend.fill(stack.gradients.dWeights(), 0);
    stack.plan.forward(t, n);
    stack.plan.backward();
  }

  private static void assertSame(Stack expected, Stack actual) {
    for (String name : actual.written().keySet()) {
      Numbers.assertClose(name, expected.read(name), actual.read(name), 0);
    }
    Numbers.assertClose("dWeights", expected.dWeights(), actual.dWeights(), 0);
  }

  private String refusal(RecurrentSpec spec, int t) {
    try (Stack stack = new Stack(backend, spec, t, 3, Mode.TRAINING, NO_LENGTHS)) {
      return "no refusal of " + stack.spec;
    } catch (IllegalArgumentException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** Batches of one length by the algorithm, others by the standard one, in turns. */
  @ParameterizedTest
  @ValueSource(strings = {"small-h", "persist-static", "persist-dynamic", "auto"})
  void everyBatchIsComputedByWhatTakesIt(String algorithm) {
    RecurrentSpec spec = RecurrentSpec.of(Cell.GRU, 3, 5).stacked(2, 0.3).bothDirections();
    boolean dynamic = algorithm.equals("persist-dynamic");
    try (Stack standard = Stack.full(backend, spec, 4, 3)) {
      standard.randomize(random);
      final long one = DoubleState.handles(DESCRIPTORS);
      System.setProperty(ALGORITHM, algorithm);
      try (Stack stack = Stack.full(backend, spec, 4, 3)) {
        stack.copyGiven(standard);
        final long both = DoubleState.handles(DESCRIPTORS);
        assertEquals(4, both - one, "two descriptors of each layer");
        for (int[] lengths : List.of(new int[] {4, 4, 4}, new int[] {4, 2, 0})) {
          run(standard.lengths(lengths), 4, 3);
          run(stack.lengths(lengths), 4, 3);
          assertSame(standard, stack);
        }
        run(standard.lengths(4, 4), 4, 2);
        run(stack.lengths(4, 4), 4, 2);
        assertSame(standard, stack);
        // The algorithm is there still; of the dynamic one there is one for each batch.
        assertEquals(both + (dynamic ? 2 : 0), DoubleState.handles(DESCRIPTORS));
      }
    }
    assertEquals(dynamic ? 4 : 0, DoubleState.calls("cudnnBuildRNNDynamic"));
    assertEquals(0, DoubleState.handles(DESCRIPTORS));
  }

  @ParameterizedTest
  @ValueSource(strings = {"small-h", "persist-static", "persist-dynamic"})
  void whatAnAlgorithmCannotIsRefused(String algorithm) {
    System.setProperty(ALGORITHM, algorithm);
    String but = "-Dgatun.cudnn.algorithm is \"" + algorithm + "\", but ";
    assertEquals(
        but + "this LSTM projects h to 2, which that algorithm cannot: choose standard or auto",
        refusal(RecurrentSpec.of(Cell.LSTM, 3, 5).projected(2), 4));
    assertEquals(
        but
            + "sequences have up to 65536 steps and that algorithm takes 65535:"
            + " choose standard or auto",
        refusal(RecurrentSpec.of(Cell.TANH, 1, 1), 65_536));
    assertEquals(0, DoubleState.handles(DESCRIPTORS));
  }

  @Test
  void anUnknownAlgorithmIsRefused() {
    System.setProperty(ALGORITHM, "fast");
    assertEquals(
        "-Dgatun.cudnn.algorithm is \"fast\": it must be auto, measured or one of standard,"
            + " small-h, persist-static, persist-dynamic",
        refusal(RecurrentSpec.of(Cell.GRU, 3, 5), 4));
  }

  /** With more units than it takes, cuDNN refuses when the stack is planned. */
  @ParameterizedTest
  @CsvSource({"small-h, 385", "persist-static, 1025"})
  void theStandardAlgorithmTakesOverWhenPlanning(String algorithm, int units) {
    System.setProperty(ALGORITHM, algorithm);
    RecurrentSpec spec = RecurrentSpec.of(Cell.TANH, 1, units);
    try (Stack stack = new Stack(backend, spec, 1, 1, Mode.INFERENCE, NO_LENGTHS)) {
      assertEquals(1, DoubleState.handles(DESCRIPTORS));
      stack.plan.forward(1, 1);
      stack.read("y");
    }
  }

  /** A failure that is none of support is not taken for one, and nothing is left behind. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "cudnnBuildRNNDynamic",
        "cudnnSetRNNDescriptor_v8",
        "cudnnGetRNNWeightSpaceSize",
        "cudnnGetRNNWeightParams",
        "cudnnGetRNNTempSpaceSizes",
        "cudaMalloc"
      })
  void otherFailuresComeOut(String call) {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 5);
    System.setProperty(ALGORITHM, "persist-dynamic");
    try (Stack given = Stack.full(backend, spec, 4, 3)) {
      MaskKey mask = new MaskKey(1, 2, given.maskStep);
      final long before = DoubleState.handles(DESCRIPTORS);
      final long blocks = DoubleState.blocks();
      int failures = 0;
      while (fails(given, mask, call, failures + 1)) {
        failures++;
        assertEquals(before, DoubleState.handles(DESCRIPTORS), call + ", use " + failures);
        assertEquals(blocks, DoubleState.blocks(), call + ", use " + failures);
      }
      assertTrue(failures > 0, call + " is never made");
    }
  }

  private boolean fails(Stack given, MaskKey mask, String call, int use) {
    DoubleState.fail(call + ":" + use + "=" + (call.equals("cudaMalloc") ? 2 : 4000));
    try {
      backend.recurrent(given.spec, given.weights, given.io, Mode.TRAINING, mask).close();
      return false;
    } catch (DeviceException | OutOfMemoryError e) {
      return true;
    } finally {
      DoubleState.fail("");
    }
  }

  /** What cuDNN does not support of an algorithm, forward or back, the standard one computes. */
  @ParameterizedTest
  @EnumSource(names = {"LSTM", "RELU"})
  void theStandardAlgorithmTakesOver(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5).stacked(2, 0).bothDirections();
    try (Stack standard = new Stack(backend, spec, 4, 3, Mode.TRAINING, NO_LENGTHS)) {
      run(standard.randomize(random), 4, 3);
      System.setProperty(ALGORITHM, "auto");
      for (String call :
          List.of("cudnnRNNForward", "cudnnRNNBackwardData_v8", "cudnnRNNBackwardWeights_v8")) {
        try (Stack stack = new Stack(backend, spec, 4, 3, Mode.TRAINING, NO_LENGTHS)) {
          stack.copyGiven(standard);
          DoubleState.reset();
          DoubleState.fail(call + ":1=3000");
          run(stack, 4, 3);
          assertEquals(2, DoubleState.calls("cudnnRNNForward"), call);
          assertSame(standard, stack);
        }
      }
    }
  }
}
