package dev.gatun.backend.cuda;

import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** cuDNN's descriptor of the dropout between the layers of a stack. */
final class DropoutDescriptor implements AutoCloseable {
  private final MemorySegment descriptor;
  private boolean closed;

  private DropoutDescriptor() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      Calls.dnn(cudnn_h.cudnnCreateDropoutDescriptor(pointer), "cudnnCreateDropoutDescriptor");
      descriptor = pointer.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** Of one that drops nothing: what is dropped, if anything, is dropped by our masks. */
  static DropoutDescriptor none(CudaContext context) {
    DropoutDescriptor made = new DropoutDescriptor();
    try {
      // A rate of 0 needs no states of a generator (2 MB and a kernel).
      Calls.dnn(
          cudnn_h.cudnnSetDropoutDescriptor(
              made.descriptor, context.dnn(), 0, MemorySegment.NULL, 0, 0),
          "cudnnSetDropoutDescriptor");
      return made;
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
  }

  /** Of one by cuDNN's own generator; as {@link CudnnDropout#describe}. */
  static DropoutDescriptor of(CudnnDropout generator, double rate, long seed) {
    DropoutDescriptor made = new DropoutDescriptor();
    try {
      generator.describe(made.descriptor, rate, seed);
      return made;
    } catch (RuntimeException | Error e) {
      made.close();
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
