package dev.gatun.backend.cuda;

import dev.gatun.backend.Recording;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.tensor.Usage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What a stream was asked for while it was captured, launched as one. */
final class Graph implements Recording {
  private final CudaContext context;
  private final Usage usage;
  private final MemorySegment executable;
  private final String launching;

  private Graph(CudaContext context, Usage backend, MemorySegment executable) {
    this.context = context;
    this.executable = executable;
    usage = new Usage("the recording", backend);
    launching = "cudaGraphLaunch on " + context.device().name();
  }

  /**
   * Captures what work asks for of a context's stream. The stream can be used on after a failure.
   *
   * @throws dev.gatun.backend.DeviceException if CUDA refuses
   */
  static Graph capture(CudaContext context, Usage backend, Runnable work) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      // Calls of other threads, with streams of their own, are none of this one's business.
      Calls.runtime(
          cudart_h.cudaStreamBeginCapture(
              context.stream(), cudart_h.cudaStreamCaptureModeThreadLocal()),
          "cudaStreamBeginCapture");
      context.recording(true);
      boolean done = false;
      int status;
      try {
        work.run();
        done = true;
      } finally {
        context.recording(false);
        status = cudart_h.cudaStreamEndCapture(context.stream(), pointer);
        if (!done) {
          discard(status, pointer);
        }
      }
      Calls.runtime(status, "cudaStreamEndCapture");
      MemorySegment graph = pointer.get(ValueLayout.ADDRESS, 0);
      try {
        Calls.runtime(cudart_h.cudaGraphInstantiate(pointer, graph, 0), "cudaGraphInstantiate");
        return new Graph(context, backend, pointer.get(ValueLayout.ADDRESS, 0));
      } finally {
        cudart_h.cudaGraphDestroy(graph);
      }
    }
  }

  /** Ends a capture whose work has thrown: that is what the caller is to hear of. */
  private static void discard(int status, MemorySegment pointer) {
    if (status == cudart_h.cudaSuccess()) {
      cudart_h.cudaGraphDestroy(pointer.get(ValueLayout.ADDRESS, 0));
    } else {
      cudart_h.cudaGetLastError(); // must not fail the next call too
    }
  }

  @Override
  public void run() {
    usage.enter();
    try {
      context.enter();
      Calls.runtime(cudart_h.cudaGraphLaunch(executable, context.stream()), launching);
    } finally {
      usage.exit();
    }
  }

  /** A graph that still runs is freed when it has ended. */
  @Override
  public void close() {
    if (usage.close()) {
      context.device().makeCurrentToFree();
      cudart_h.cudaGraphExecDestroy(executable);
    }
  }
}
