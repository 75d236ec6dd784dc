package dev.gatun.backend.cuda;

import dev.gatun.backend.Precision;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** cuDNN's description of states [rows, n, width], or of as many logits: packed. */
public final class StateDescriptor implements AutoCloseable {
  private final MemorySegment descriptor;
  private boolean closed;

  /**
   * Describes states.
   *
   * @param rows L*D
   * @param n sequences
   * @param width P or H
   * @param precision whose type they are of
   * @throws IllegalArgumentException beyond the 2^31 - 1 elements that cuDNN counts to
   * @throws dev.gatun.backend.DeviceException if cuDNN does not take them
   */
  public StateDescriptor(int rows, int n, int width, Precision precision) {
    if ((double) rows * n * width > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "states [%d, %d, %d] are more than the 2^31 - 1 elements that cuDNN counts to"
              .formatted(rows, n, width));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      Calls.dnn(cudnn_h.cudnnCreateTensorDescriptor(pointer), "cudnnCreateTensorDescriptor");
      descriptor = pointer.get(ValueLayout.ADDRESS, 0);
      try {
        MemorySegment sizes = arena.allocateFrom(ValueLayout.JAVA_INT, rows, n, width);
        MemorySegment strides = arena.allocateFrom(ValueLayout.JAVA_INT, n * width, width, 1);
        Calls.dnn(
            cudnn_h.cudnnSetTensorNdDescriptor(
                descriptor, DnnType.of(precision), 3, sizes, strides),
            "cudnnSetTensorNdDescriptor of [%d, %d, %d]".formatted(rows, n, width));
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }
  }

  /** {@code cudnnTensorDescriptor_t}. */
  public MemorySegment descriptor() {
    return descriptor;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      cudnn_h.cudnnDestroyTensorDescriptor(descriptor);
    }
  }
}
