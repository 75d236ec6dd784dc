package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.backend.Precision;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * One GPU.
 *
 * @param index CUDA's number of it
 * @param capability its compute capability, 90 for 9.0
 * @param multiprocessors its streaming multiprocessors
 */
record Device(int index, int capability, int multiprocessors) {
  /** The first compute capability with TF32 and bfloat16. */
  private static final int AMPERE = 80;

  /** The first version of cuDNN with bfloat16 in recurrent stacks. */
  private static final long BFLOAT16_STACKS = 91_300;

  /**
   * Asks for a device.
   *
   * @throws DeviceException if there is none of that number
   */
  static Device open(int index) {
    Calls.runtime(cudart_h.cudaSetDevice(index), "cudaSetDevice(" + index + ")");
    return look(index);
  }

  /**
   * As {@link #open(int)}, for computing.
   *
   * @throws DeviceException if {@link CudaDevices#missing} names something, or the device or cuDNN
   *     lacks the precision
   */
  static Device open(int index, Precision precision) {
    String missing = CudaDevices.missing();
    Device opened = missing == null ? open(index) : null;
    String lacking = opened == null ? missing : opened.lacks(precision);
    if (opened == null || lacking != null) {
      throw new DeviceException(String.valueOf(lacking));
    }
    return opened;
  }

  /** As {@link #open(int)}, without taking any of its memory. */
  static Device look(int index) {
    return new Device(
        index,
        10 * attribute(cudart_h.cudaDevAttrComputeCapabilityMajor(), index)
            + attribute(cudart_h.cudaDevAttrComputeCapabilityMinor(), index),
        attribute(cudart_h.cudaDevAttrMultiProcessorCount(), index));
  }

  private static int attribute(int attribute, int index) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      Calls.runtime(
          cudart_h.cudaDeviceGetAttribute(value, attribute, index), "cudaDeviceGetAttribute");
      return value.get(ValueLayout.JAVA_INT, 0);
    }
  }

  /** The most shared memory that a block may ask for, in bytes. */
  int sharedMemory() {
    return attribute(cudart_h.cudaDevAttrMaxSharedMemoryPerBlockOptin(), index);
  }

  /** For people: what kind of device it is. */
  String kind() {
    return "compute capability %d.%d, %d multiprocessors"
        .formatted(capability / 10, capability % 10, multiprocessors);
  }

  /**
   * What it, or cuDNN, lacks for a precision, with the remedy; null: nothing. Half precision runs
   * on everything that our kernels are compiled for.
   */
  @Nullable String lacks(Precision precision) {
    boolean older = precision == Precision.TF32 || precision == Precision.BF16;
    if (older && capability < AMPERE) {
      return "%s computes in %s from compute capability 8.0 on, and this one has %d.%d: choose fp32 or fp16"
          .formatted(name(), precision.label(), capability / 10, capability % 10);
    }
    long version = cudnn_h.cudnnGetVersion();
    if (precision == Precision.BF16 && version < BFLOAT16_STACKS) {
      return "cuDNN has recurrent stacks in bf16 from 9.13 on, and this is %d.%d.%d: choose fp16 or tf32, or install a newer one"
          .formatted(version / 10_000, version / 100 % 100, version % 100);
    }
    return null;
  }

  /** The name that Gatun's options use. */
  String name() {
    return "cuda:" + index;
  }

  /** CUDA keeps the current device for each thread of the system. */
  void makeCurrent() {
    Calls.runtime(cudart_h.cudaSetDevice(index), "cudaSetDevice");
  }

  /** As {@link #makeCurrent}, but what is freed is freed even if that fails. */
  void makeCurrentToFree() {
    if (cudart_h.cudaSetDevice(index) != cudart_h.cudaSuccess()) {
      cudart_h.cudaGetLastError(); // must not fail the next call too
    }
  }

  /** Free and all memory of the current device, in bytes. */
  static long[] memory() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, 2);
      Calls.runtime(cudart_h.cudaMemGetInfo(values, values.asSlice(Long.BYTES)), "cudaMemGetInfo");
      return values.toArray(ValueLayout.JAVA_LONG);
    }
  }
}
