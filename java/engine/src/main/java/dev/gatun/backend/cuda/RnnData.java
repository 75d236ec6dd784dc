package dev.gatun.backend.cuda;

import dev.gatun.backend.Precision;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** cuDNN's description of sequences [t, n, width] of float32, padded with zeros. */
public final class RnnData implements AutoCloseable {
  private static final MemorySegment ZERO = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT);

  private final int type;
  private final MemorySegment descriptor;
  private boolean closed;

  /** An empty description: {@link #set} comes before its use. */
  public RnnData(Precision precision) {
    type = DnnType.of(precision);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      Calls.dnn(cudnn_h.cudnnCreateRNNDataDescriptor(pointer), "cudnnCreateRNNDataDescriptor");
      descriptor = pointer.get(ValueLayout.ADDRESS, 0);
    }
  }

  /**
   * Describes sequences.
   *
   * @param t steps, at most {@link RnnDescriptor#MOST_STEPS}
   * @param n sequences
   * @param width features
   * @param lengths the valid steps of each sequence, ints on the host, copied; cuDNN's passes fail
   *     or read outside on 0
   * @throws dev.gatun.backend.DeviceException if cuDNN does not take them
   */
  public void set(int t, int n, int width, MemorySegment lengths) {
    int status =
        cudnn_h.cudnnSetRNNDataDescriptor(
            descriptor,
            type,
            cudnn_h.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED(),
            t,
            n,
            width,
            lengths,
            ZERO);
    if (status != 0) {
      Calls.dnn(status, "cudnnSetRNNDataDescriptor of [%d, %d, %d]".formatted(t, n, width));
    }
  }

  /** {@code cudnnRNNDataDescriptor_t}. */
  public MemorySegment descriptor() {
    return descriptor;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      cudnn_h.cudnnDestroyRNNDataDescriptor(descriptor);
    }
  }
}
