package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.NativeMemory;
import dev.gatun.bindings.generated.cublas.cublas_h;
import dev.gatun.bindings.generated.cudart.cudaLaunchConfig_st;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudart.dim3;
import dev.gatun.bindings.generated.nvrtc.nvrtc_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;

/** Plain calls of the CUDA libraries, which have to succeed, and the end of all that they open. */
final class Gpu implements AutoCloseable {
  static final int TO_DEVICE = cudart_h.cudaMemcpyHostToDevice();
  static final int TO_HOST = cudart_h.cudaMemcpyDeviceToHost();

  final Arena arena = Arena.ofConfined();
  private final Deque<Runnable> ends = new ArrayDeque<>();

  Gpu() {
    Cuda.Probe probe = Cuda.probe(); // loads the libraries
    assertNull(probe.reason(), probe.toString());
  }

  static void ok(int status) {
    assertEquals(0, status, () -> "status; the double says: " + DoubleState.complaint());
  }

  MemorySegment slot() {
    return arena.allocate(ValueLayout.JAVA_LONG);
  }

  private static MemorySegment read(MemorySegment slot) {
    return slot.get(ValueLayout.ADDRESS, 0);
  }

  MemorySegment device(long bytes) {
    MemorySegment slot = slot();
    ok(cudart_h.cudaMalloc(slot, bytes));
    MemorySegment block = read(slot);
    ends.push(() -> ok(cudart_h.cudaFree(block)));
    return block;
  }

  /** Device memory with these numbers. */
  MemorySegment device(float... values) {
    MemorySegment block = device((long) values.length * Float.BYTES);
    MemorySegment host = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
    ok(cudart_h.cudaMemcpy(block, host, host.byteSize(), TO_DEVICE));
    return block;
  }

  MemorySegment pinned(long bytes) {
    MemorySegment slot = slot();
    ok(cudart_h.cudaMallocHost(slot, bytes));
    long address = slot.get(ValueLayout.JAVA_LONG, 0);
    ends.push(() -> ok(cudart_h.cudaFreeHost(MemorySegment.ofAddress(address))));
    return NativeMemory.ALL.asSlice(address, bytes);
  }

  float[] floats(MemorySegment device, int count) {
    MemorySegment host = arena.allocate(ValueLayout.JAVA_FLOAT, count);
    ok(cudart_h.cudaMemcpy(host, device, host.byteSize(), TO_HOST));
    return host.toArray(ValueLayout.JAVA_FLOAT);
  }

  MemorySegment stream() {
    MemorySegment slot = slot();
    ok(cudart_h.cudaStreamCreateWithFlags(slot, cudart_h.cudaStreamNonBlocking()));
    MemorySegment stream = read(slot);
    ends.push(() -> ok(cudart_h.cudaStreamDestroy(stream)));
    return stream;
  }

  MemorySegment event() {
    MemorySegment slot = slot();
    ok(cudart_h.cudaEventCreateWithFlags(slot, 0));
    MemorySegment event = read(slot);
    ends.push(() -> ok(cudart_h.cudaEventDestroy(event)));
    return event;
  }

  MemorySegment blas(MemorySegment stream) {
    MemorySegment slot = slot();
    ok(cublas_h.cublasCreate_v2(slot));
    MemorySegment handle = read(slot);
    ends.push(() -> ok(cublas_h.cublasDestroy_v2(handle)));
    ok(cublas_h.cublasSetStream_v2(handle, stream));
    return handle;
  }

  MemorySegment program(String source) {
    MemorySegment slot = slot();
    MemorySegment none = MemorySegment.NULL;
    ok(
        nvrtc_h.nvrtcCreateProgram(
            slot, arena.allocateFrom(source), arena.allocateFrom("test.cu"), 0, none, none));
    ends.push(() -> ok(nvrtc_h.nvrtcDestroyProgram(slot)));
    return read(slot);
  }

  /** The status of compiling for an architecture. */
  int compile(MemorySegment program, String architecture) {
    MemorySegment options = arena.allocate(ValueLayout.ADDRESS);
    options.set(ValueLayout.ADDRESS, 0, arena.allocateFrom("--gpu-architecture=" + architecture));
    return nvrtc_h.nvrtcCompileProgram(program, 1, options);
  }

  /** Machine code for an architecture. */
  MemorySegment image(String source, String architecture) {
    MemorySegment program = program(source);
    ok(compile(program, architecture));
    MemorySegment size = slot();
    ok(nvrtc_h.nvrtcGetCUBINSize(program, size));
    MemorySegment image = arena.allocate(size.get(ValueLayout.JAVA_LONG, 0));
    ok(nvrtc_h.nvrtcGetCUBIN(program, image));
    return image;
  }

  /** The status of loading it; the library is unloaded at the end if there is one. */
  int load(MemorySegment image, MemorySegment library) {
    MemorySegment none = MemorySegment.NULL;
    int status = cudart_h.cudaLibraryLoadData(library, image, none, none, 0, none, none, 0);
    if (status == 0) {
      ends.push(() -> ok(cudart_h.cudaLibraryUnload(read(library))));
    }
    return status;
  }

  /** The kernel {@code test} of a source. */
  MemorySegment kernel(String source) {
    MemorySegment library = slot();
    ok(load(image(source, "sm_90"), library));
    MemorySegment slot = slot();
    ok(cudart_h.cudaLibraryGetKernel(slot, read(library), arena.allocateFrom("test")));
    return read(slot);
  }

  /** The status of a launch; arguments are segments (addresses), longs, ints or floats. */
  int launch(
      MemorySegment kernel, MemorySegment stream, int blocks, int threads, Object... arguments) {
    MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, Math.max(1, arguments.length));
    for (int i = 0; i < arguments.length; i++) {
      MemorySegment value = slot();
      switch (arguments[i]) {
        case MemorySegment address -> value.set(ValueLayout.ADDRESS, 0, address);
        case Long number -> value.set(ValueLayout.JAVA_LONG, 0, number);
        case Integer number -> value.set(ValueLayout.JAVA_INT, 0, number);
        case Float number -> value.set(ValueLayout.JAVA_FLOAT, 0, number);
        default -> throw new IllegalArgumentException("argument " + i);
      }
      pointers.setAtIndex(ValueLayout.ADDRESS, i, value);
    }
    MemorySegment config = cudaLaunchConfig_st.allocate(arena);
    cudaLaunchConfig_st.stream(config, stream);
    cudaLaunchConfig_st.dynamicSmemBytes(config, (long) threads * Float.BYTES);
    size(cudaLaunchConfig_st.gridDim(config), blocks);
    size(cudaLaunchConfig_st.blockDim(config), threads);
    return cudart_h.cudaLaunchKernelExC(config, kernel, pointers);
  }

  private static void size(MemorySegment of, int x) {
    dim3.x(of, x);
    dim3.y(of, 1);
    dim3.z(of, 1);
  }

  @Override
  public void close() {
    while (!ends.isEmpty()) {
      ends.pop().run();
    }
    arena.close();
  }
}
