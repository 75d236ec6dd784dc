package dev.gatun.backend.cuda;

import dev.gatun.bindings.NativeMemory;
import dev.gatun.bindings.generated.cudart.cudart_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Pinned host memory that copies between host and device go through, so that the host goes on while
 * the device still reads. Two halves take turns; a half is written again only when the device has
 * read it.
 */
final class Staging implements AutoCloseable {
  /** Bytes of a half: above 1 MB a copy runs at the bus's full speed. */
  private static final long HALF = 4L << 20;

  private final CudaContext context;
  private final MemorySegment block;
  private final MemorySegment[] halves = new MemorySegment[2];
  private final MemorySegment[] events = new MemorySegment[2];
  private final String uploading;
  private final String downloading;
  private int next;

  Staging(CudaContext context) {
    this.context = context;
    uploading = "cudaMemcpyAsync to " + context.device().name();
    downloading = "cudaMemcpyAsync from " + context.device().name();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      Calls.runtime(cudart_h.cudaMallocHost(pointer, 2 * HALF), "cudaMallocHost");
      block = NativeMemory.ALL.asSlice(pointer.get(ValueLayout.JAVA_LONG, 0), 2 * HALF);
      halves[0] = block.asSlice(0, HALF);
      halves[1] = block.asSlice(HALF, HALF);
      int opened = 0;
      try {
        for (; opened < 2; opened++) {
          Calls.runtime(
              cudart_h.cudaEventCreateWithFlags(pointer, cudart_h.cudaEventDisableTiming()),
              "cudaEventCreateWithFlags");
          events[opened] = pointer.get(ValueLayout.ADDRESS, 0);
        }
      } catch (RuntimeException e) {
        if (opened == 1) {
          cudart_h.cudaEventDestroy(events[0]);
        }
        cudart_h.cudaFreeHost(block);
        throw e;
      }
    }
  }

  /**
   * Copies from the host; returns when the source may change, not when the device has it.
   *
   * @param from of host memory
   * @param size in bytes
   * @param to of the device's memory
   */
  void upload(long from, long size, long to) {
    for (long at = 0; at < size; at += HALF) {
      long bytes = Math.min(HALF, size - at);
      MemorySegment half = halves[next];
      Calls.runtime(cudart_h.cudaEventSynchronize(events[next]), "cudaEventSynchronize");
      MemorySegment.copy(NativeMemory.ALL, from + at, half, 0, bytes);
      int kind = cudart_h.cudaMemcpyHostToDevice();
      StreamMemory.copy(context, half.address(), bytes, to + at, kind, uploading);
      Calls.runtime(cudart_h.cudaEventRecord(events[next], context.stream()), "cudaEventRecord");
      next = 1 - next;
    }
  }

  /** Copies to the host, as {@link #upload}; returns when it is there. */
  void download(long from, long size, long to) {
    for (long at = 0; at < size; at += HALF) {
      long bytes = Math.min(HALF, size - at);
      MemorySegment half = halves[next];
      int kind = cudart_h.cudaMemcpyDeviceToHost();
      StreamMemory.copy(context, from + at, bytes, half.address(), kind, downloading);
      context.synchronize();
      MemorySegment.copy(half, 0, NativeMemory.ALL, to + at, bytes);
      next = 1 - next;
    }
  }

  /** To be called when the stream has been waited for. */
  @Override
  public void close() {
    for (MemorySegment event : events) {
      cudart_h.cudaEventDestroy(event);
    }
    cudart_h.cudaFreeHost(block);
  }
}
