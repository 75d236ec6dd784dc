package dev.gatun.backend.cuda;

import dev.gatun.bindings.generated.cudart.cudaLaunchConfig_st;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudart.dim3;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A kernel with room for its arguments, to be launched any number of times on one context. The
 * arguments are read when it is launched: they may be set again at once. For one thread at a time.
 */
final class KernelCall {
  /** Threads of a block where a kernel does not ask for another number. */
  static final int BLOCK = 256;

  /** The most blocks of a grid's second dimension. */
  static final int MOST_ROWS = 65_535;

  private final String name;
  private final MemorySegment kernel;
  private final MemorySegment values;
  private final MemorySegment pointers;
  private final MemorySegment struct;
  private final MemorySegment config;
  private final MemorySegment grid;
  private final MemorySegment block;

  /**
   * A kernel of a library.
   *
   * @param name of an {@code extern "C" __global__} function
   * @param arguments how many it takes, each of at most 8 bytes
   */
  KernelCall(CudaContext context, KernelLibrary library, String name, int arguments) {
    this(context, library, name, MemorySegment.NULL, arguments);
  }

  /**
   * A kernel whose first argument is a struct.
   *
   * @param struct its value, or empty for none
   * @param arguments how many it takes, the struct too
   */
  KernelCall(
      CudaContext context,
      KernelLibrary library,
      String name,
      MemorySegment struct,
      int arguments) {
    this.name = name;
    kernel = library.kernel(name);
    // Garbage with this object: some hundred bytes.
    Arena arena = Arena.ofAuto();
    values = arena.allocate(ValueLayout.JAVA_LONG, arguments);
    pointers = arena.allocate(ValueLayout.ADDRESS, arguments);
    for (int i = 0; i < arguments; i++) {
      pointers.setAtIndex(ValueLayout.ADDRESS, i, values.asSlice((long) i * Long.BYTES));
    }
    this.struct = arena.allocate(struct.byteSize(), Long.BYTES).copyFrom(struct);
    if (struct.byteSize() > 0) {
      pointers.setAtIndex(ValueLayout.ADDRESS, 0, this.struct);
    }
    config = cudaLaunchConfig_st.allocate(arena);
    cudaLaunchConfig_st.stream(config, context.stream());
    grid = cudaLaunchConfig_st.gridDim(config);
    block = cudaLaunchConfig_st.blockDim(config);
  }

  /** Gives each block so many bytes of dynamic shared memory, 48 KB or more. */
  KernelCall shared(long bytes) {
    Calls.runtime(
        cudart_h.cudaFuncSetAttribute(
            kernel, cudart_h.cudaFuncAttributeMaxDynamicSharedMemorySize(), Math.toIntExact(bytes)),
        "cudaFuncSetAttribute of " + name);
    cudaLaunchConfig_st.dynamicSmemBytes(config, bytes);
    return this;
  }

  /** Sets the struct that is the first argument: as many bytes as it was made with. */
  KernelCall set(MemorySegment value) {
    struct.copyFrom(value);
    return this;
  }

  /** Sets an argument of 8 bytes: an address or a {@code long long}. */
  KernelCall set(int argument, long value) {
    values.setAtIndex(ValueLayout.JAVA_LONG, argument, value);
    return this;
  }

  /** Sets an {@code int}. */
  KernelCall set(int argument, int value) {
    values.set(ValueLayout.JAVA_INT, (long) argument * Long.BYTES, value);
    return this;
  }

  /** Sets a {@code float}. */
  KernelCall set(int argument, float value) {
    values.set(ValueLayout.JAVA_FLOAT, (long) argument * Long.BYTES, value);
    return this;
  }

  /** Sets a {@code double}. */
  KernelCall set(int argument, double value) {
    values.setAtIndex(ValueLayout.JAVA_DOUBLE, argument, value);
    return this;
  }

  /**
   * Launches at least this many threads, in blocks of {@link #BLOCK}; does nothing for none. The
   * kernel checks its index.
   */
  void run(long threads) {
    if (threads > 0) {
      run(Math.toIntExact((threads + BLOCK - 1) / BLOCK), 1, BLOCK);
    }
  }

  /**
   * Launches a grid.
   *
   * @param columns blocks in x, at least 1
   * @param rows blocks in y, 1 to {@link #MOST_ROWS}
   * @param threads threads of a block
   */
  void run(int columns, int rows, int threads) {
    dim3.x(grid, columns);
    dim3.y(grid, rows);
    dim3.z(grid, 1);
    dim3.x(block, threads);
    dim3.y(block, 1);
    dim3.z(block, 1);
    Calls.runtime(cudart_h.cudaLaunchKernelExC(config, kernel, pointers), name);
  }
}
