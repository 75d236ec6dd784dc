package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceOutOfMemoryError;
import dev.gatun.bindings.NativeMemory;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.tensor.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Host memory whose pages stay where they are, so that a device copies it by itself. */
final class PinnedMemory {
  private PinnedMemory() {}

  /**
   * Pins zeroed memory, aligned to a page.
   *
   * @param context whose stream copies it: freeing waits for that
   * @throws OutOfMemoryError if the system pins no more
   */
  static HostMemory allocate(CudaContext context, long bytes) {
    context.enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.JAVA_LONG);
      int status = cudart_h.cudaMallocHost(pointer, Math.max(bytes, 1));
      if (status == cudart_h.cudaErrorMemoryAllocation()) {
        cudart_h.cudaGetLastError();
        throw new DeviceOutOfMemoryError(
            "no pinned host memory for a block of %d bytes (cudaMallocHost)".formatted(bytes),
            "free some of the host's, or update the parameters on the device (optimizer place"
                + " device)");
      }
      Calls.runtime(status, "cudaMallocHost of " + bytes + " bytes");
      MemorySegment block = NativeMemory.ALL.asSlice(pointer.get(ValueLayout.JAVA_LONG, 0), bytes);
      block.fill((byte) 0);
      return HostMemory.pinned(block, () -> free(context, block));
    }
  }

  private static void free(CudaContext context, MemorySegment block) {
    context.device().makeCurrentToFree();
    try {
      context.synchronize();
    } finally {
      Calls.runtime(cudart_h.cudaFreeHost(block), "cudaFreeHost");
    }
  }
}
