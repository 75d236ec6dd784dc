package dev.gatun.tests.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.backend.Cell;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.cuda.CtcDescriptor;
import dev.gatun.backend.cuda.RnnAlgorithm;
import dev.gatun.backend.cuda.RnnData;
import dev.gatun.backend.cuda.RnnDescriptor;
import dev.gatun.backend.cuda.StateDescriptor;
import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.LibraryStatus;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * cuDNN itself takes our descriptors and says of them what we meant; it needs no device for that.
 * Skipped where it is not installed.
 */
class CudnnDescriptorTest {
  private static final MemorySegment NO_DROPOUT = MemorySegment.NULL;

  @BeforeAll
  static void cudnn() {
    List<LibraryStatus> libraries = Cuda.probe().libraries();
    LibraryStatus cudnn =
        libraries.stream().filter(library -> library.name().equals("cuDNN")).findFirst().get();
    assumeTrue(cudnn.available(), () -> "cuDNN: " + cudnn.reason());
  }

  /** All that {@code cudnnGetRNNDescriptor_v8} tells but the dropout's descriptor. */
  private static int[] read(RnnDescriptor descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(ValueLayout.JAVA_INT, 13);
      MemorySegment[] at = new MemorySegment[13];
      for (int i = 0; i < at.length; i++) {
        at[i] = values.asSlice((long) i * Integer.BYTES);
      }
      MemorySegment dropout = arena.allocate(ValueLayout.ADDRESS);
      int status =
          cudnn_h.cudnnGetRNNDescriptor_v8(
              descriptor.descriptor(),
              at[0],
              at[1],
              at[2],
              at[3],
              at[4],
              at[5],
              at[6],
              at[7],
              at[8],
              at[9],
              at[10],
              at[11],
              dropout,
              at[12]);
      assertEquals(0, status);
      return values.toArray(ValueLayout.JAVA_INT);
    }
  }

  private static int[] expected(int mode, int direction, int c, int h, int p, int layers) {
    return new int[] {
      cudnn_h.CUDNN_RNN_ALGO_STANDARD(),
      mode,
      cudnn_h.CUDNN_RNN_DOUBLE_BIAS(),
      direction,
      cudnn_h.CUDNN_LINEAR_INPUT(),
      cudnn_h.CUDNN_DATA_FLOAT(),
      cudnn_h.CUDNN_DATA_FLOAT(),
      cudnn_h.CUDNN_FMA_MATH(), // no TF32
      c,
      h,
      p,
      layers,
      cudnn_h.CUDNN_RNN_PADDED_IO_ENABLED()
    };
  }

  @Test
  void aStackIsWhatItSays() {
    RecurrentSpec stack =
        new RecurrentSpec(Cell.LSTM, 17, 33, 9, 3, true, false, 0.5); // dropout is ours
    try (RnnDescriptor descriptor =
        new RnnDescriptor(stack, RnnAlgorithm.STANDARD, Precision.FP32, NO_DROPOUT)) {
      assertArrayEquals(
          expected(cudnn_h.CUDNN_LSTM(), cudnn_h.CUDNN_BIDIRECTIONAL(), 17, 33, 9, 3),
          read(descriptor));
    }
  }

  /** Which data, and which arithmetic; sums are float32. */
  @ParameterizedTest
  @CsvSource({"FP32, 0, 3", "TF32, 0, 0", "FP16, 2, 1", "BF16, 9, 1"})
  void aPrecisionIsATypeAndAnArithmetic(Precision precision, int type, int math) {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 5).projected(2);
    try (RnnDescriptor descriptor =
        new RnnDescriptor(spec, RnnAlgorithm.STANDARD, precision, NO_DROPOUT)) {
      int[] values = read(descriptor);
      assertArrayEquals(new int[] {type, 0, math}, Arrays.copyOfRange(values, 5, 8));
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyCellThatItHas(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5);
    if (!Set.of(Cell.LSTM, Cell.GRU, Cell.TANH, Cell.RELU).contains(cell)) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new RnnDescriptor(spec, RnnAlgorithm.STANDARD, Precision.FP32, NO_DROPOUT).close());
      return;
    }
    int mode =
        switch (cell) {
          case LSTM -> 2;
          case GRU -> 3;
          case TANH -> 1;
          default -> 0;
        };
    try (RnnDescriptor descriptor =
        new RnnDescriptor(spec, RnnAlgorithm.STANDARD, Precision.FP32, NO_DROPOUT)) {
      assertArrayEquals(
          expected(mode, cudnn_h.CUDNN_UNIDIRECTIONAL(), 3, 5, 5, 1), read(descriptor));
    }
    for (RnnAlgorithm algorithm : RnnAlgorithm.values()) {
      int code =
          switch (algorithm) {
            case STANDARD -> cudnn_h.CUDNN_RNN_ALGO_STANDARD();
            case SMALL_H -> cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H();
            case PERSIST_STATIC -> cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC();
            case PERSIST_DYNAMIC -> cudnn_h.CUDNN_RNN_ALGO_PERSIST_DYNAMIC();
          };
      try (RnnDescriptor descriptor =
          new RnnDescriptor(spec, algorithm, Precision.FP32, NO_DROPOUT)) {
        assertEquals(code, read(descriptor)[0]);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "STANDARD")
  void aRefusalNamesTheCallAndTheStack(RnnAlgorithm algorithm) {
    RecurrentSpec projected = RecurrentSpec.of(Cell.LSTM, 3, 5).projected(2);
    DeviceException refusal =
        assertThrows(
            DeviceException.class,
            () -> new RnnDescriptor(projected, algorithm, Precision.FP32, NO_DROPOUT).close());
    String message = String.valueOf(refusal.getMessage());
    assertEquals(3, refusal.status() / 1000, message);
    assertTrue(message.contains("cudnnSetRNNDescriptor_v8 of RecurrentSpec["), message);
    assertTrue(message.contains("CUDNN_STATUS_NOT_SUPPORTED"), message);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, RnnDescriptor.MOST_STEPS})
  void sequencesAreWhatTheySay(int t) {
    try (Arena arena = Arena.ofConfined();
        RnnData data = new RnnData(Precision.FP32)) {
      int[] lengths = {t, 1, Math.max(1, t / 2)};
      MemorySegment given = arena.allocateFrom(ValueLayout.JAVA_INT, lengths);
      data.set(t, 3, 7, given);
      given.fill((byte) 0); // they have been copied
      MemorySegment values = arena.allocate(ValueLayout.JAVA_INT, 5);
      MemorySegment[] at = new MemorySegment[5];
      for (int i = 0; i < at.length; i++) {
        at[i] = values.asSlice((long) i * Integer.BYTES);
      }
      MemorySegment read = arena.allocate(ValueLayout.JAVA_INT, 3);
      MemorySegment padding = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
      assertEquals(
          0,
          cudnn_h.cudnnGetRNNDataDescriptor(
              data.descriptor(), at[0], at[1], at[2], at[3], at[4], 3, read, padding));
      assertArrayEquals(
          new int[] {
            cudnn_h.CUDNN_DATA_FLOAT(), cudnn_h.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED(), t, 3, 7
          },
          values.toArray(ValueLayout.JAVA_INT));
      assertArrayEquals(lengths, read.toArray(ValueLayout.JAVA_INT));
      assertEquals(0, padding.get(ValueLayout.JAVA_FLOAT, 0));
    }
  }

  /** Why longer sequences are cut: should a later cuDNN take them, this says so. */
  @Test
  void oneStepMoreIsRefused() {
    try (Arena arena = Arena.ofConfined();
        RnnData data = new RnnData(Precision.FP32)) {
      int t = RnnDescriptor.MOST_STEPS + 1;
      MemorySegment lengths = arena.allocateFrom(ValueLayout.JAVA_INT, t);
      String message =
          assertThrows(DeviceException.class, () -> data.set(t, 1, 7, lengths)).getMessage();
      assertTrue(message.contains("cudnnSetRNNDataDescriptor of [65536, 1, 7]"), message);
      assertTrue(message.contains("(3000)"), message);
    }
  }

  @Test
  void statesArePacked() {
    try (Arena arena = Arena.ofConfined();
        StateDescriptor state = new StateDescriptor(6, 1, 5, Precision.FP32)) {
      MemorySegment type = arena.allocate(ValueLayout.JAVA_INT);
      MemorySegment rank = arena.allocate(ValueLayout.JAVA_INT);
      MemorySegment sizes = arena.allocate(ValueLayout.JAVA_INT, 3);
      MemorySegment strides = arena.allocate(ValueLayout.JAVA_INT, 3);
      assertEquals(
          0, cudnn_h.cudnnGetTensorNdDescriptor(state.descriptor(), 3, type, rank, sizes, strides));
      assertEquals(3, rank.get(ValueLayout.JAVA_INT, 0));
      assertArrayEquals(new int[] {6, 1, 5}, sizes.toArray(ValueLayout.JAVA_INT));
      assertArrayEquals(new int[] {5, 5, 1}, strides.toArray(ValueLayout.JAVA_INT));
    }
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new StateDescriptor(2, 1 << 15, 1 << 15, Precision.FP32).close())
            .getMessage();
    assertTrue(message.contains("[2, 32768, 32768] are more than the 2^31 - 1"), message);
  }

  @Test
  void closingTwiceIsOnce() {
    RnnData data = new RnnData(Precision.FP32);
    data.close();
    data.close();
    RnnDescriptor descriptor =
        new RnnDescriptor(
            RecurrentSpec.of(Cell.GRU, 3, 5), RnnAlgorithm.STANDARD, Precision.FP32, NO_DROPOUT);
    descriptor.close();
    descriptor.close();
    StateDescriptor state = new StateDescriptor(1, 2, 3, Precision.FP32);
    state.close();
    state.close();
    assertEquals(0, data.descriptor().byteSize()); // a handle, not memory of ours
  }

  @Test
  void aLossByCtcIsTaken() {
    try (CtcDescriptor loss = new CtcDescriptor(255)) {
      assertTrue(loss.descriptor().address() != 0);
    }
  }
}
