package dev.gatun.backend.cuda;

import dev.gatun.bindings.Cuda;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Copies and fills that a stream is asked for, by address: none makes an object. */
final class StreamMemory {
  private static final MethodHandle COPY = Cuda.memcpyAsync();
  private static final MethodHandle FILL = Cuda.memsetAsync();

  private StreamMemory() {}

  /**
   * Asks for a copy.
   *
   * @param kind {@code cudaMemcpyKind}
   * @param call for messages
   */
  static void copy(CudaContext context, long from, long bytes, long to, int kind, String call) {
    copy(context.stream(), from, bytes, to, kind, call);
  }

  /** The same of any stream. */
  static void copy(MemorySegment stream, long from, long bytes, long to, int kind, String call) {
    try {
      int status = (int) COPY.invokeExact(to, from, bytes, kind, stream.address());
      Calls.runtime(status, call);
    } catch (Throwable e) {
      throw Calls.unchecked(e);
    }
  }

  /** Asks for zeros in the device's memory. */
  static void zero(CudaContext context, long to, long bytes) {
    try {
      int status = (int) FILL.invokeExact(to, 0, bytes, context.stream().address());
      Calls.runtime(status, "cudaMemsetAsync");
    } catch (Throwable e) {
      throw Calls.unchecked(e);
    }
  }
}
