package dev.gatun.backend.cuda;

import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * cuDNN's generator of dropout masks, one for all stacks of a context. Where it stands is in device
 * memory alone, and each forward in training moves it on: what is copied there is where it goes on
 * from. It is seeded by the first stack that drops.
 */
final class CudnnDropout implements AutoCloseable {
  private final CudaContext context;
  private @Nullable Tensor states;

  /** Reserves nothing yet. */
  CudnnDropout(CudaContext context) {
    this.context = context;
  }

  /** Where it stands, I64; null until a stack drops. */
  @Nullable Tensor states() {
    return states;
  }

  /**
   * Sets a {@code cudnnDropoutDescriptor_t}.
   *
   * @param rate what is dropped, above 0
   * @param seed what it starts with if no stack has dropped before
   */
  void describe(MemorySegment descriptor, double rate, long seed) {
    Tensor known = states;
    if (known == null) {
      states = seeded(descriptor, rate, seed);
      return;
    }
    // Restoring looks at the states and changes nothing there.
    Calls.dnn(
        cudnn_h.cudnnRestoreDropoutDescriptor(
            descriptor, context.dnn(), (float) rate, StateLink.at(known, 0), bytes(known), seed),
        "cudnnRestoreDropoutDescriptor");
  }

  private Tensor seeded(MemorySegment descriptor, double rate, long seed) {
    long words;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
      Calls.dnn(
          cudnn_h.cudnnDropoutGetStatesSize(context.dnn(), size), "cudnnDropoutGetStatesSize");
      words = (size.get(ValueLayout.JAVA_LONG, 0) + Long.BYTES - 1) / Long.BYTES;
    }
    DeviceMemory memory = DeviceMemory.allocate(context, words * Long.BYTES);
    try {
      Tensor made = Tensor.of(memory, DType.I64, words);
      Calls.dnn(
          cudnn_h.cudnnSetDropoutDescriptor(
              descriptor, context.dnn(), (float) rate, StateLink.at(made, 0), bytes(made), seed),
          "cudnnSetDropoutDescriptor");
      return made;
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  private static long bytes(Tensor states) {
    return states.size() * Long.BYTES;
  }

  @Override
  public void close() {
    Tensor known = states;
    if (known != null) {
      known.memory().close();
    }
  }
}
