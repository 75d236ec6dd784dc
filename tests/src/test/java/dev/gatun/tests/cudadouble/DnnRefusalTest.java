package dev.gatun.tests.cudadouble;

import static dev.gatun.tests.support.DnnStack.NONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.tests.support.DeviceBlock;
import dev.gatun.tests.support.DnnStack;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the double's cuDNN refuses: as cuDNN 9.24 was measured to, and misuse it would not see. */
@Tag("cuda")
class DnnRefusalTest {
  /** Categories, of which a code is some thousand and a reason. */
  private static final int BAD = 2;

  private static final int UNSUPPORTED = 3;
  private static final int FAILED = 5;

  private static final int PADDED = cudnn_h.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED();

  private DnnStack stack;

  @BeforeAll
  static void load() {
    assertNull(Cuda.probe().reason());
  }

  @BeforeEach
  void open() {
    stack = stack(5, 2, 4).open();
  }

  @AfterEach
  void close() {
    stack.close();
  }

  private static DnnStack stack(int... lengths) {
    return new DnnStack(
        new DnnStack.Shape(cudnn_h.CUDNN_LSTM(), 3, 4, 4, 2, 2, PADDED, 5, lengths));
  }

  /** Returns the reason, which can be read once. */
  private static String assertRefused(int category, int status) {
    String reason = reason();
    assertEquals(category, status / 1000, "status " + status + ", " + reason);
    return reason;
  }

  private static String reason() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(512);
      cudnn_h.cudnnGetLastErrorString(text, 512);
      return text.getString(0);
    }
  }

  /** Runs what was queued; it must fail. */
  private void assertFailsOnTheDevice() {
    assertNotEquals(0, stack.synchronize());
  }

  /**
   * Algorithm, cell, biases, direction, type, precision, math, input, hidden, projection, layers.
   */
  @ParameterizedTest
  @CsvSource({
    "0, 0,2,2,1, 0,0,3, 3,4,4,1, 1",
    "0, 0,2,2,0, 0,0,3, 3,4,2,1, 1",
    "0, 0,2,0,0, 2,0,1, 3,4,4,1, 1",
    "0, 0,3,1,0, 2,2,1, 3,4,4,1, 0",
    "0, 0,1,3,0, 9,0,0, 3,4,4,1, 1",
    "0, 0,0,2,0, 1,1,0, 3,4,4,1, 1",
    "0, 2,2,2,0, 1,1,0, 3,4,4,1, 1",
    "0, 3,2,2,0, 0,0,0, 3,4,4,1, 1",
    "2, 4,2,2,0, 0,0,3, 3,4,4,1, 1",
    "2, 0,4,2,0, 0,0,3, 3,4,4,1, 1",
    "2, 0,2,4,0, 0,0,3, 3,4,4,1, 1",
    "2, 0,2,2,2, 0,0,3, 3,4,4,1, 1",
    "2, 0,2,2,0, 0,0,4, 3,4,4,1, 1",
    "2, 0,2,2,0, 0,0,3, 0,4,4,1, 1",
    "2, 0,2,2,0, 0,0,3, 3,0,4,1, 1",
    "2, 0,2,2,0, 0,0,3, 3,4,0,1, 1",
    "2, 0,2,2,0, 0,0,3, 3,4,4,0, 1",
    "2, 0,2,2,0, 0,0,3, 3,4,4,1, 2",
    "3, 0,2,2,0, 0,0,3, 3,4,5,1, 1",
    "3, 0,3,2,0, 0,0,3, 3,4,2,1, 1",
    "3, 3,2,2,0, 0,0,3, 3,4,2,1, 1",
    "3, 3,2,0,0, 0,0,3, 3,4,4,1, 1",
    "3, 1,2,1,0, 0,0,3, 3,4,4,1, 1",
    "3, 1,2,2,0, 1,1,3, 3,4,4,1, 1",
    "3, 3,2,2,0, 1,1,3, 3,4,4,1, 1",
    "3, 3,2,2,0, 2,2,3, 3,4,4,1, 1",
    "3, 0,2,2,0, 0,1,3, 3,4,4,1, 1",
    "3, 0,2,2,0, 0,2,3, 3,4,4,1, 1",
    "3, 0,2,2,0, 1,0,3, 3,4,4,1, 1",
    "3, 0,2,2,0, 9,9,3, 3,4,4,1, 1",
    "3, 0,2,2,0, 3,0,3, 3,4,4,1, 1",
  })
  void stacksAreTakenAsMeasured(
      int category,
      int algorithm,
      int cell,
      int biases,
      int direction,
      int type,
      int precision,
      int math,
      int input,
      int hidden,
      int projection,
      int layers,
      int flags) {
    int status =
        cudnn_h.cudnnSetRNNDescriptor_v8(
            stack.rnn,
            algorithm,
            cell,
            biases,
            direction,
            0,
            type,
            precision,
            math,
            input,
            hidden,
            projection,
            layers,
            NONE,
            flags);
    assertRefused(category, status);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0,0,5,3, 5 0 4",
    "0, 0,2,5,3, 1 1 1",
    "0, 0,0,65535,3, 65535",
    "0, 9,1,5,3, 5 4 4",
    "3, 0,0,65536,3, 65536",
    "3, 3,0,5,3, 5",
    "2, 0,3,5,3, 5",
    "2, 0,0,5,3, 6",
    "2, 0,0,5,3, -1",
    "2, 0,0,0,3, 0",
    "2, 0,0,5,0, 5",
    "2, 0,1,5,3, 4 5",
    "2, 0,1,5,3, 5 0",
    "2, 0,1,5,3, 4 3",
  })
  void dataIsTakenAsMeasured(
      int category, int type, int layout, int time, int width, String lengths) {
    int[] values = Arrays.stream(lengths.split(" ")).mapToInt(Integer::parseInt).toArray();
    int status =
        cudnn_h.cudnnSetRNNDataDescriptor(
            stack.x, type, layout, time, values.length, width, stack.ints(values), NONE);
    assertRefused(category, status);
  }

  @Test
  void descriptorsKeepCopiesOfWhatTheyWereGiven() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment lengths = stack.ints(3, 2);
      MemorySegment fill = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 7);
      cudnn_h.cudnnSetRNNDataDescriptor(stack.x, 0, PADDED, 5, 2, 3, lengths, fill);
      lengths.fill((byte) 0);
      fill.fill((byte) 0);
      MemorySegment values = arena.allocate(ValueLayout.JAVA_INT, 5);
      int status =
          cudnn_h.cudnnGetRNNDataDescriptor(
              stack.x,
              values,
              values.asSlice(4),
              values.asSlice(8),
              values.asSlice(12),
              values.asSlice(16),
              2,
              lengths,
              fill);
      DnnStack.check(status, "cudnnGetRNNDataDescriptor");
      assertEquals("[0, 0, 5, 2, 3]", Arrays.toString(values.toArray(ValueLayout.JAVA_INT)));
      assertEquals("[3, 2]", Arrays.toString(lengths.toArray(ValueLayout.JAVA_INT)));
      assertEquals(7, fill.get(ValueLayout.JAVA_FLOAT, 0));
    }
  }

  @Test
  void tensorsHaveDimensionsAndFewerThan2To31Elements() {
    MemorySegment strides = stack.ints(1, 1, 1);
    int[] large = {1 << 11, 1 << 10, 1 << 10};
    assertRefused(UNSUPPORTED, tensor(3, stack.ints(large), strides));
    assertRefused(BAD, tensor(3, stack.ints(1, 0, 1), strides));
    assertRefused(BAD, tensor(9, stack.ints(1, 1, 1), strides));
    assertRefused(BAD, tensor(3, NONE, strides));
  }

  private int tensor(int n, MemorySegment dims, MemorySegment strides) {
    return cudnn_h.cudnnSetTensorNdDescriptor(stack.h, 0, n, dims, strides);
  }

  @Test
  void clippingNeedsAnOrderedRange() {
    assertRefused(BAD, cudnn_h.cudnnRNNSetClip_v9(stack.rnn, 1, 1, -1));
    assertRefused(BAD, cudnn_h.cudnnRNNSetClip_v9(stack.rnn, 1, Double.NaN, 1));
    assertRefused(0, cudnn_h.cudnnRNNSetClip_v9(stack.rnn, 1, -1, 1));
  }

  @Test
  void deadAndNullObjectsAreKnown() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      assertRefused(BAD, cudnn_h.cudnnGetRNNWeightSpaceSize(NONE, stack.rnn, out));
      assertRefused(BAD, cudnn_h.cudnnGetRNNWeightSpaceSize(stack.handle, NONE, out));
      assertRefused(BAD, cudnn_h.cudnnSetStream(NONE, stack.stream));
      assertRefused(0, cudnn_h.cudnnDestroy(NONE));
      assertRefused(0, cudnn_h.cudnnDestroyRNNDescriptor(NONE));
      DnnStack.check(cudnn_h.cudnnCreateRNNDescriptor(out), "cudnnCreateRNNDescriptor");
      MemorySegment dead = MemorySegment.ofAddress(out.get(ValueLayout.JAVA_LONG, 0));
      assertRefused(0, cudnn_h.cudnnDestroyRNNDescriptor(dead));
      assertRefused(BAD, cudnn_h.cudnnDestroyRNNDescriptor(dead));
      assertRefused(BAD, cudnn_h.cudnnGetRNNWeightSpaceSize(stack.handle, dead, out));
    }
  }

  @Test
  void sizesAreHeldTo() {
    stack.weightBytes += 4;
    assertRefused(BAD, stack.forward());
    stack.weightBytes -= 4;
    stack.workspaceBytes--;
    assertRefused(BAD, stack.forward());
    stack.workspaceBytes++;
    stack.reserveBytes--;
    String reason = assertRefused(BAD, stack.forward());
    assertTrue(reason.contains("a reserve of " + stack.reserveBytes), reason);
    stack.reserveBytes++;
    assertRefused(0, stack.forward());
  }

  @Test
  void everythingHasToBeOnTheDeviceInItsFullExtent() {
    for (String name : new String[] {"x", "y", "h0", "hn", "c0", "cn", "weights", "reserve"}) {
      DeviceBlock whole = stack.blocks.get(name);
      try (DeviceBlock part = new DeviceBlock(whole.bytes - 4)) {
        stack.blocks.put(name, part);
        String reason = assertRefused(FAILED, stack.forward());
        assertTrue(reason.contains("bytes on the device"), reason);
      } finally {
        stack.blocks.put(name, whole);
      }
    }
    stack.drop("x");
    assertRefused(BAD, stack.forward());
  }

  @Test
  void shapesHaveToAgree() {
    DnnStack.check(stack.data(stack.y, 7), "cudnnSetRNNDataDescriptor");
    assertRefused(BAD, stack.forward());
    DnnStack.check(stack.data(stack.y, 8), "cudnnSetRNNDataDescriptor");
    DnnStack.check(stack.state(stack.h, 3), "cudnnSetTensorNdDescriptor");
    assertRefused(BAD, stack.forward());
    DnnStack.check(stack.state(stack.h, 4), "cudnnSetTensorNdDescriptor");
    assertRefused(0, stack.forward());
  }

  @Test
  void callsComeInTheirOrder() {
    DnnStack.check(stack.backwardData(), "queued");
    assertFailsOnTheDevice(); // before any forward call
    DnnStack.check(stack.forward(), "cudnnRNNForward");
    DnnStack.check(stack.backwardWeights(), "queued");
    assertFailsOnTheDevice(); // without the gradients of the data
    stack.step();
    DnnStack.check(stack.backwardData(), "queued");
    assertFailsOnTheDevice(); // the reserve was used up
  }

  @Test
  void whatBackwardReadsMustBeWhatForwardDid() {
    for (String name : new String[] {"x", "y", "h0", "c0", "weights"}) {
      DnnStack.check(stack.forward(), "cudnnRNNForward");
      DnnStack.check(stack.synchronize(), name);
      if (name.equals("x")) {
        DnnStack.check(stack.backwardData(), "cudnnRNNBackwardData_v8");
        DnnStack.check(stack.synchronize(), name);
      }
      stack.blocks.get(name).put(0, 3);
      DnnStack.check(name.equals("x") ? stack.backwardWeights() : stack.backwardData(), name);
      assertFailsOnTheDevice();
    }
  }

  @Test
  void gradientsOnPaddingAreRefused() {
    DnnStack.check(stack.forward(), "cudnnRNNForward");
    stack.blocks.get("dy").put((long) stack.shape.row(4, 1) * 8 * Float.BYTES, 1);
    DnnStack.check(stack.backwardData(), "queued");
    assertFailsOnTheDevice();
  }

  @Test
  void gradientsAreOnlyAdded() {
    DnnStack.check(stack.forward(), "cudnnRNNForward");
    DnnStack.check(stack.backwardData(), "cudnnRNNBackwardData_v8");
    assertRefused(UNSUPPORTED, stack.backwardWeights(cudnn_h.CUDNN_WGRAD_MODE_SET()));
  }

  @Test
  void emptySequencesAreNotRun() {
    try (DnnStack empty = stack(5, 0, 4).open()) {
      assertRefused(FAILED, empty.forward());
      assertRefused(FAILED, empty.backwardData());
    }
  }

  @Test
  void persistentAlgorithmsRunOnlyWhatTheyCan() {
    try (DnnStack full = stack(5, 5, 5);
        DnnStack ragged = stack(5, 2, 4)) {
      full.algorithm = cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H();
      full.open().step();
      ragged.open();
      ragged.algorithm = full.algorithm;
      DnnStack.check(ragged.describe(), "cudnnSetRNNDescriptor_v8");
      assertRefused(UNSUPPORTED, ragged.forward());
    }
  }

  /** Hidden 192 and 128 are the most that PyTorch gives SMALL_H forward and backward. */
  @Test
  void backwardMayUseAnotherAlgorithmOnTheSameReserve() {
    DnnStack.Shape shape =
        new DnnStack.Shape(cudnn_h.CUDNN_LSTM(), 2, 160, 160, 1, 1, PADDED, 2, 2);
    try (DnnStack wide = new DnnStack(shape)) {
      wide.algorithm = cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H();
      wide.open();
      DnnStack.check(wide.forward(), "cudnnRNNForward");
      assertRefused(UNSUPPORTED, wide.backwardData());
      wide.algorithm = cudnn_h.CUDNN_RNN_ALGO_STANDARD();
      DnnStack.check(wide.describe(), "cudnnSetRNNDescriptor_v8");
      wide.sizes();
      DnnStack.check(wide.backwardData(), "cudnnRNNBackwardData_v8");
      DnnStack.check(wide.backwardWeights(), "cudnnRNNBackwardWeights_v8");
      DnnStack.check(wide.synchronize(), "cudaStreamSynchronize");
    }
  }

  @Test
  void errorsHaveNamesAndReasons() {
    assertEquals("CUDNN_STATUS_BAD_PARAM", cudnn_h.cudnnGetErrorString(2000).getString(0));
    assertEquals("CUDNN_UNKNOWN_STATUS", cudnn_h.cudnnGetErrorString(77).getString(0));
    String reason = assertRefused(BAD, cudnn_h.cudnnSetStream(NONE, NONE));
    assertTrue(reason.contains("cudnnSetStream"), reason);
    assertEquals("", reason()); // read once
  }

  @Test
  void callsFailWhenTold() {
    DoubleState.reset();
    DoubleState.fail("cudnnRNNForward:2=5000,cudnnSetRNNDescriptor_v8:1=4000");
    assertRefused(0, stack.forward());
    String reason = assertRefused(FAILED, stack.forward());
    assertTrue(reason.contains("cudnnRNNForward"), reason);
    assertRefused(0, stack.forward());
    assertRefused(4, stack.describe());
    DoubleState.reset();
  }

  @Test
  void objectsAreCounted() {
    long before = DoubleState.handles("cudnnTensorDescriptor_t");
    try (DnnStack other = stack(5)) {
      assertEquals(before + 2, DoubleState.handles("cudnnTensorDescriptor_t"));
      other.tensor();
      assertEquals(before + 3, DoubleState.handles("cudnnTensorDescriptor_t"));
    }
    assertEquals(before, DoubleState.handles("cudnnTensorDescriptor_t"));
  }

  @Test
  void versionsAreOf924() {
    assertEquals(92_400, cudnn_h.cudnnGetVersion());
    assertEquals(0, cudnn_h.cudnnGraphVersionCheck());
    assertEquals(0, cudnn_h.cudnnOpsVersionCheck());
    assertEquals(0, cudnn_h.cudnnAdvVersionCheck());
  }
}
