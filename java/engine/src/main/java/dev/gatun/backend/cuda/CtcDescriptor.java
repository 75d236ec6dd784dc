package dev.gatun.backend.cuda;

import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * cuDNN's description of a CTC loss that takes logits: it is to apply softmax itself, give the
 * gradient by the logits, and write zeros beyond a sequence's steps.
 */
public final class CtcDescriptor implements AutoCloseable {
  private final MemorySegment descriptor;
  private boolean closed;

  /**
   * Describes the loss.
   *
   * @param mostLabels of a sequence
   * @throws dev.gatun.backend.DeviceException if cuDNN does not take it
   */
  public CtcDescriptor(int mostLabels) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      Calls.dnn(cudnn_h.cudnnCreateCTCLossDescriptor(pointer), "cudnnCreateCTCLossDescriptor");
      descriptor = pointer.get(ValueLayout.ADDRESS, 0);
    }
    try {
      Calls.dnn(
          cudnn_h.cudnnSetCTCLossDescriptor_v9(
              descriptor,
              cudnn_h.CUDNN_DATA_FLOAT(),
              cudnn_h.CUDNN_LOSS_NORMALIZATION_SOFTMAX(),
              cudnn_h.CUDNN_CTC_ZERO_OOB_GRADIENTS(),
              mostLabels),
          "cudnnSetCTCLossDescriptor_v9 for " + mostLabels + " labels");
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** {@code cudnnCTCLossDescriptor_t}. */
  public MemorySegment descriptor() {
    return descriptor;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      cudnn_h.cudnnDestroyCTCLossDescriptor(descriptor);
    }
  }
}
