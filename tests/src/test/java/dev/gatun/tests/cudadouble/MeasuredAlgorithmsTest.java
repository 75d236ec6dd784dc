package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentAlgorithms;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What computes a stack, found by measuring; the double says what is fast. */
@Tag("cuda")
class MeasuredAlgorithmsTest {
  private static final EnumSet<Part> NO_LENGTHS = EnumSet.complementOf(EnumSet.of(Part.LENGTHS));
  private static final RecurrentSpec SPEC = RecurrentSpec.of(Cell.GRU, 3, 5);
  private static final String FORWARD = "cudnnRNNForward";
  private static final String NAME = "gru of 5 from 3, 1 layer, 4 x 3, fp32, training";

  @TempDir private Path cache;
  private final Random random = new Random(3);
  private final Backend backend = open(DropoutMasks.GATUN);
  private final Speeds speeds = new Speeds();

  private static Backend open(DropoutMasks masks) {
    return Backends.open("cuda", 1, Precision.FP32, masks, RecurrentAlgorithms.MEASURED);
  }

  @BeforeEach
  void begin() {
    speeds.listen(cache);
    DoubleState.reset();
  }

  @AfterEach
  void nothingToComplainOf() {
    speeds.close();
    backend.close();
    assertEquals("", DoubleState.complaint());
  }

  private static Stack stack(Backend on, RecurrentSpec spec, int n) {
    return new Stack(on, spec, 4, n, Mode.TRAINING, NO_LENGTHS);
  }

  private static void run(Stack stack, int t, int n) {
    stack.backend.fill(stack.gradients.dWeights(), 0);
    stack.plan.forward(t, n);
    stack.plan.backward();
  }

  private static void assertClose(Stack expected, Stack actual, double tolerance) {
    for (String name : actual.written().keySet()) {
      Numbers.assertClose(name, expected.read(name), actual.read(name), tolerance);
    }
    Numbers.assertClose("dWeights", expected.dWeights(), actual.dWeights(), tolerance);
  }

  /** Plans a stack in a process that knows nothing yet; the forward calls that took. */
  private static long callsOfANewProcess() {
    try (Backend other = open(DropoutMasks.GATUN)) {
      DoubleState.reset();
      stack(other, SPEC, 3).close();
      return DoubleState.calls(FORWARD);
    }
  }

  @Test
  void theFastestIsChosenAndUsedAndKept() throws Exception {
    Speeds.fast(Speeds.SMALL_H);
    try (Stack standard = stack(backend, SPEC, 2);
        Stack stack = stack(backend, SPEC, 3)) {
      assertTrue(speeds.said().startsWith("the recurrent stack " + NAME + " runs by small-h ("));
      assertTrue(speeds.said().contains("(measured now: standard "), speeds.said());
      assertTrue(speeds.said().contains(" ms, own-cells "), speeds.said());
      assertEquals(2, speeds.files().size(), "one for each number of sequences");
      run(stack.randomize(random), 4, 3);
      double[] right = stack.read("y");
      DoubleState.wrong(Speeds.SMALL_H, 1);
      run(stack, 4, 3);
      assertFalse(Arrays.equals(right, stack.read("y")), "small-h computes it");
      assertTrue(standard.plan.bytes() > 0);
    }
    DoubleState.reset();
    stack(backend, SPEC, 3).close();
    assertEquals(0, DoubleState.calls(FORWARD), "measured before");
    assertTrue(backend.choices().contains("\"" + NAME + "\":\"small-h\""), backend.choices());
    Speeds.fast(Speeds.STANDARD);
    try (Backend later = open(DropoutMasks.GATUN)) {
      DoubleState.reset();
      stack(later, SPEC, 3).close();
      assertEquals(0, DoubleState.calls(FORWARD), "by the file");
      assertTrue(speeds.said().contains("runs by small-h (measured before: "), speeds.said());
      assertTrue(backend.choices().startsWith(later.choices().replaceAll("\"stacks.*", "")));
    }
  }

  @Test
  void aFileOfAnotherDeviceOrLibraryIsNotRead() throws Exception {
    stack(backend, SPEC, 3).close();
    assertEquals(0, callsOfANewProcess());
    Path file = speeds.file();
    String text = Files.readString(file);
    try (Backend larger = open(DropoutMasks.GATUN)) {
      DoubleState.memory(3L << 30);
      stack(larger, SPEC, 3).close();
      assertTrue(DoubleState.calls(FORWARD) > 0, "another device");
      assertEquals(2, speeds.files().size());
      String before = backend.choices();
      backend.reproduce(larger.choices());
      assertEquals(before, backend.choices(), "nor is its record");
    }
    assertTrue(text.contains("cuDNN 9."), text);
    Files.writeString(file, text.replace("cuDNN 9.", "cuDNN 8."));
    assertTrue(callsOfANewProcess() > 0, "another cuDNN");
  }

  @Test
  void aDamagedFileIsMeasuredAgain() throws Exception {
    stack(backend, SPEC, 3).close();
    String good = Files.readString(speeds.file());
    List<String> bad =
        List.of(
            "",
            "{",
            "[]",
            good.replace("\"small-h\"", "\"large-h\""),
            good.replaceFirst("\"standard\":[^,]*,", ""),
            good.replaceFirst("\"standard\":[^,]*,", "\"standard\":-1.0,"),
            good.replaceFirst("\"standard\":[^,]*,", "\"standard\":\"a\","),
            good.replace("\"small-h\"", "\"standard-by-layer\""));
    for (String text : bad) {
      Files.writeString(speeds.file(), text);
      assertTrue(callsOfANewProcess() > 0, () -> "read: " + text);
      assertEquals(0, callsOfANewProcess(), () -> "not repaired: " + text);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, y", "2, dx", "3, dW"})
  void whatComputesWronglyIsDropped(int result, String name) {
    Speeds.fast(Speeds.SMALL_H);
    DoubleState.wrong(Speeds.SMALL_H, result);
    stack(backend, SPEC, 3).close();
    String why = "not small-h (its " + name + " differs by 0.50, more than rounding, ";
    assertTrue(speeds.said().contains(why), speeds.said());
    assertFalse(backend.choices().contains("small-h"), backend.choices());
  }

  @Test
  void whatIsNotSupportedIsDropped() {
    RecurrentSpec wide = RecurrentSpec.of(Cell.TANH, 1, 385);
    DoubleState.fail("cudnnBuildRNNDynamic:1=3000,cudaMalloc:60=2");
    try (Stack stack = new Stack(backend, wide, 1, 1, Mode.INFERENCE, NO_LENGTHS)) {
      stack.plan.forward(1, 1);
      stack.read("y");
    }
    assertTrue(speeds.said().contains("; not small-h ("), speeds.said());
    assertTrue(speeds.said().contains(", nor persist-dynamic (cudnnBuildRNND"), speeds.said());
  }

  /** Whatever fails while it is measured, nothing is left behind. */
  @ParameterizedTest
  @ValueSource(ints = {3, 12, 25, 40})
  void noMemoryLeavesNothingBehind(int use) {
    stack(backend, SPEC, 2).close();
    final long blocks = DoubleState.blocks();
    final long handles = DoubleState.handles("cudnnRNNDescriptor_t");
    DoubleState.fail("cudaMalloc:" + use + "=2");
    try {
      stack(backend, SPEC, 3).close();
      assertTrue(speeds.said().contains("no memory on cuda:0"), speeds.said());
    } catch (OutOfMemoryError e) {
      assertFalse(backend.choices().contains("4 x 3"), backend.choices());
    }
    DoubleState.fail("");
    assertEquals(handles, DoubleState.handles("cudnnRNNDescriptor_t"));
    assertTrue(DoubleState.blocks() <= blocks + 12, "the tensors of the stack that was not made");
  }

  @ParameterizedTest
  @EnumSource(DropoutMasks.class)
  void theStandardWayGivesTheBitsThatItGivesUnmeasured(DropoutMasks masks) {
    Speeds.fast(Speeds.STANDARD);
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 5).stacked(2, 0.3).bothDirections();
    try (Backend measured = open(masks);
        Backend plain = Backends.open("cuda", 1, Precision.FP32, masks);
        Stack expected = stack(plain, spec, 3);
        Stack stack = stack(measured, spec, 3)) {
      boolean ours = masks == DropoutMasks.GATUN;
      String by = " runs by standard" + (ours ? "-by-layer (" : " (");
      assertTrue(speeds.said().contains(by), speeds.said());
      run(expected.randomize(random), 4, 3);
      run(stack.copyGiven(expected), 4, 3);
      assertClose(expected, stack, 0); // so no generator has moved while it was measured
    }
  }

  /** Every way computes the same, on plans that are there already, in turns with ragged batches. */
  @ParameterizedTest
  @CsvSource({
    "standard, 0, 1",
    "small-h, 0, 1",
    "persist-static, 0, 1",
    "persist-dynamic, 0, 1",
    "standard-by-layer, 0, 2",
    "small-h-by-layer, 0, 2",
    "persist-static-by-layer, 0.3, 2",
    "persist-dynamic-by-layer, 0, 2",
    "own-cells, 0, 0",
    "own-cells, 0.3, 0",
    "persistent-cells, 0, 0",
    "persistent-cells, 0.3, 0"
  })
  void everyWayAgrees(String label, double dropout, int calls) throws Exception {
    RecurrentSpec spec =
        RecurrentSpec.of(Cell.GRU, 3, 5).stacked(2, dropout).bothDirections().withoutBias();
    try (Backend plain = Backends.open("cuda", 1);
        Stack expected = Stack.full(plain, spec, 4, 3);
        Stack stack = Stack.full(backend, spec, 4, 3)) {
      stack.copyGiven(expected.randomize(random));
      String record = backend.choices().replaceAll(":\"[^\"]*\"}}", ":\"" + label + "\"}}");
      assertTrue(record.endsWith(label + "\"}}"), record);
      backend.reproduce(record);
      assertEquals(record, backend.choices());
      for (int[] lengths : List.of(new int[] {4, 4, 4}, new int[] {4, 2, 0})) {
        run(expected.lengths(lengths), 4, 3);
        DoubleState.reset();
        run(stack.lengths(lengths), 4, 3);
        stack.read("y");
        assertEquals(calls, DoubleState.calls(FORWARD), label);
        assertClose(expected, stack, 1e-6);
      }
      Numbers.fill(plain, random, expected.weight(expected.layout.weights().getFirst()), 0.4);
      expected.plan.refresh();
      run(expected, 4, 3);
      run(stack.copyGiven(expected), 4, 3);
      assertClose(expected, stack, 1e-6);
    }
  }

  /** What cuDNN has not: a launch for each step against one for all of them. */
  @Test
  void cellsOfOurOwnAreMeasuredToo() throws Exception {
    RecurrentSpec normed = RecurrentSpec.of(Cell.LSTM, 3, 5).regularized(Regularization.LAYER_NORM);
    DoubleState.slowKernels(2000);
    try (Backend plain = Backends.open("cuda", 1);
        Stack expected = Stack.full(plain, normed, 4, 3);
        Stack stack = Stack.full(backend, normed, 4, 3)) {
      assertTrue(speeds.said().contains(" runs by persistent-cells (measured now: own-cells "));
      Speeds.reset();
      stack.copyGiven(expected.randomize(random));
      run(expected, 4, 3);
      run(stack, 4, 3);
      assertClose(expected, stack, 1e-5);
    }
    // A projection is no persistent cell's.
    RecurrentSpec projected =
        RecurrentSpec.of(Cell.LSTM, 3, 5).projected(2).regularized(Regularization.LAYER_NORM);
    Stack.full(backend, projected, 4, 3).close();
    assertTrue(speeds.said().contains(" runs by own-cells ("), speeds.said());
    assertTrue(speeds.said().contains("not persistent-cells (these have no projection)"));
  }

  /** What reproduces nothing, and an answer for a stack that it does not take. */
  @Test
  void otherRecordsChangeNothing() {
    stack(backend, SPEC, 3).close();
    String choices = backend.choices();
    for (String other :
        List.of("", "packed", "{}", "[1]", choices.replaceAll(":\"[^\"]*\"}}", ":\"magic\"}}"))) {
      backend.reproduce(other);
      assertEquals(choices, backend.choices());
    }
    backend.reproduce(choices.replaceAll(":\"[^\"]*\"}}", ":\"standard-by-layer\"}}"));
    stack(backend, SPEC, 3).close();
    assertEquals(choices, backend.choices(), "one layer has no layers");
  }

  /** A user's setting stands above what the backend was opened with. */
  @Test
  void theSettingDecides() {
    System.setProperty("gatun.cudnn.algorithm", "persist-static");
    try {
      DoubleState.reset();
      stack(backend, SPEC, 3).close();
      assertEquals(0, DoubleState.calls(FORWARD));
      assertEquals("", backend.choices());
      System.setProperty("gatun.cudnn.algorithm", "measured");
      try (Backend plain = Backends.open("cuda", 1);
          Stack stack = stack(plain, SPEC, 3)) {
        assertTrue(DoubleState.calls(FORWARD) > 0);
        assertTrue(plain.choices().contains(NAME), stack::toString);
        assertTrue(plain.description().contains(", algorithms measured"), plain.description());
      }
    } finally {
      System.clearProperty("gatun.cudnn.algorithm");
    }
  }
}
