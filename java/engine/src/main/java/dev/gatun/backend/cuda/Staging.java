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
 *
 * <p>What is large enough crosses the bus on a stream of its own, into a half of the device's,
 * while the context's stream still computes with what the target has; a copy within the device
 * follows there. So a batch arrives during the step before its own.
 */
final class Staging implements AutoCloseable {
  /** Bytes of a half: above 1 MB a copy runs at the bus's full speed. */
  private static final long HALF = 4L << 20;

  /**
   * Bytes from which on a copy takes its own stream: 5 µs of a bus of 50 GB/s, about what the
   * second copy and two events ask of the device. Unverified.
   */
  private static final long OVERLAPPED = 256L << 10;

  private final CudaContext context;
  private final MemorySegment block;
  private final Half[] halves = new Half[2];
  private final String uploading;
  private final String downloading;
  private Lane lane = Lane.NONE;
  private boolean laneAsked;
  private int next;

  /**
   * One of the two.
   *
   * @param pinned of the host
   * @param read when the device has read the pinned memory last
   * @param taken when the context's stream has read the lane's memory last
   */
  private record Half(MemorySegment pinned, MemorySegment read, MemorySegment taken) {}

  /**
   * The second stream and its memory.
   *
   * @param stream NULL: there is none
   * @param memory two halves of the device's
   */
  private record Lane(MemorySegment stream, long memory) {
    /**
     * Before it is needed, and of a device that has no memory left for it: copies stay in the
     * context's stream.
     */
    static final Lane NONE = new Lane(MemorySegment.NULL, 0);

    static Lane open() {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
        if (cudart_h.cudaMalloc(pointer, 2 * HALF) != cudart_h.cudaSuccess()) {
          cudart_h.cudaGetLastError(); // must not fail the next call too
          return NONE;
        }
        MemorySegment memory = pointer.get(ValueLayout.ADDRESS, 0);
        int status = cudart_h.cudaStreamCreateWithFlags(pointer, cudart_h.cudaStreamNonBlocking());
        if (status != cudart_h.cudaSuccess()) {
          cudart_h.cudaGetLastError();
          cudart_h.cudaFree(memory);
          return NONE;
        }
        return new Lane(pointer.get(ValueLayout.ADDRESS, 0), memory.address());
      }
    }

    boolean isOpen() {
      return stream.address() != 0;
    }

    void close() {
      if (isOpen()) {
        cudart_h.cudaStreamDestroy(stream);
        cudart_h.cudaFree(MemorySegment.ofAddress(memory));
      }
    }
  }

  Staging(CudaContext context) {
    this.context = context;
    uploading = "cudaMemcpyAsync to " + context.device().name();
    downloading = "cudaMemcpyAsync from " + context.device().name();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      Calls.runtime(cudart_h.cudaMallocHost(pointer, 2 * HALF), "cudaMallocHost");
      block = NativeMemory.ALL.asSlice(pointer.get(ValueLayout.JAVA_LONG, 0), 2 * HALF);
      MemorySegment[] events = new MemorySegment[4];
      int opened = 0;
      try {
        for (; opened < events.length; opened++) {
          Calls.runtime(
              cudart_h.cudaEventCreateWithFlags(pointer, cudart_h.cudaEventDisableTiming()),
              "cudaEventCreateWithFlags");
          events[opened] = pointer.get(ValueLayout.ADDRESS, 0);
        }
      } catch (RuntimeException e) {
        for (int i = 0; i < opened; i++) {
          cudart_h.cudaEventDestroy(events[i]);
        }
        cudart_h.cudaFreeHost(block);
        throw e;
      }
      halves[0] = new Half(block.asSlice(0, HALF), events[0], events[1]);
      halves[1] = new Half(block.asSlice(HALF, HALF), events[2], events[3]);
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
    boolean apart = size >= OVERLAPPED && hasLane();
    for (long at = 0; at < size; at += HALF) {
      long bytes = Math.min(HALF, size - at);
      Half half = halves[next];
      Calls.runtime(cudart_h.cudaEventSynchronize(half.read), "cudaEventSynchronize");
      MemorySegment.copy(NativeMemory.ALL, from + at, half.pinned, 0, bytes);
      if (apart) {
        uploadApart(half, bytes, to + at);
      } else {
        int kind = cudart_h.cudaMemcpyHostToDevice();
        StreamMemory.copy(context, half.pinned.address(), bytes, to + at, kind, uploading);
        record(half.read, context.stream());
      }
      next = 1 - next;
    }
  }

  private boolean hasLane() {
    if (!laneAsked) {
      laneAsked = true;
      lane = Lane.open();
    }
    return lane.isOpen();
  }

  private void uploadApart(Half half, long bytes, long to) {
    long between = lane.memory + next * HALF;
    await(lane.stream, half.taken);
    int kind = cudart_h.cudaMemcpyHostToDevice();
    StreamMemory.copy(lane.stream, half.pinned.address(), bytes, between, kind, uploading);
    record(half.read, lane.stream);
    await(context.stream(), half.read);
    StreamMemory.copy(context, between, bytes, to, cudart_h.cudaMemcpyDeviceToDevice(), uploading);
    record(half.taken, context.stream());
  }

  private static void record(MemorySegment event, MemorySegment stream) {
    Calls.runtime(cudart_h.cudaEventRecord(event, stream), "cudaEventRecord");
  }

  private static void await(MemorySegment stream, MemorySegment event) {
    Calls.runtime(cudart_h.cudaStreamWaitEvent(stream, event, 0), "cudaStreamWaitEvent");
  }

  /** Copies to the host, as {@link #upload}; returns when it is there. */
  void download(long from, long size, long to) {
    for (long at = 0; at < size; at += HALF) {
      long bytes = Math.min(HALF, size - at);
      MemorySegment half = halves[next].pinned;
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
    lane.close();
    for (Half half : halves) {
      cudart_h.cudaEventDestroy(half.read);
      cudart_h.cudaEventDestroy(half.taken);
    }
    cudart_h.cudaFreeHost(block);
  }
}
