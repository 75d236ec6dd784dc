package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.bindings.generated.cudart.cudart_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One GPU.
 *
 * @param index CUDA's number of it
 * @param capability its compute capability, 90 for 9.0
 * @param multiprocessors its streaming multiprocessors
 */
record Device(int index, int capability, int multiprocessors) {
  /**
   * Asks for a device.
   *
   * @throws DeviceException if there is none of that number
   */
  static Device open(int index) {
    Calls.runtime(cudart_h.cudaSetDevice(index), "cudaSetDevice(" + index + ")");
    return look(index);
  }

  /** As {@link #open}, without taking any of its memory. */
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

  /** For people: what kind of device it is. */
  String kind() {
    return "compute capability %d.%d, %d multiprocessors"
        .formatted(capability / 10, capability % 10, multiprocessors);
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
