package dev.gatun.backend.cuda;

import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * cuDNN's descriptor of a dropout that drops nothing: its own masks would be others than the CPU's.
 */
final class NoDropout implements AutoCloseable {
  private final MemorySegment descriptor;
  private boolean closed;

  NoDropout(CudaContext context) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      Calls.dnn(cudnn_h.cudnnCreateDropoutDescriptor(pointer), "cudnnCreateDropoutDescriptor");
      descriptor = pointer.get(ValueLayout.ADDRESS, 0);
    }
    try {
      // A rate of 0 needs no states of a generator (2 MB and a kernel).
      Calls.dnn(
          cudnn_h.cudnnSetDropoutDescriptor(descriptor, context.dnn(), 0, MemorySegment.NULL, 0, 0),
          "cudnnSetDropoutDescriptor");
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** {@code cudnnDropoutDescriptor_t}. */
  MemorySegment descriptor() {
    return descriptor;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      cudnn_h.cudnnDestroyDropoutDescriptor(descriptor);
    }
  }
}
