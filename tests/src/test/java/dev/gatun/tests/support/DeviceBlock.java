package dev.gatun.tests.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.bindings.generated.cudart.cudart_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Device memory of floats, as CUDA's own calls give it. */
public final class DeviceBlock implements AutoCloseable {
  private final MemorySegment pointer;
  public final long bytes;

  public DeviceBlock(long bytes) {
    this.bytes = bytes;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment place = arena.allocate(ValueLayout.ADDRESS);
      assertEquals(0, cudart_h.cudaMalloc(place, bytes), "cudaMalloc");
      pointer = place.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** A block that holds these values. */
  public static DeviceBlock of(float... values) {
    DeviceBlock block = new DeviceBlock((long) Float.BYTES * values.length);
    block.put(0, values);
    return block;
  }

  /** A block that holds these, rounded. */
  public static DeviceBlock of(double[] values) {
    return of(floats(values));
  }

  public static float[] floats(double[] values) {
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = (float) values[i];
    }
    return rounded;
  }

  public MemorySegment at(long offset) {
    return MemorySegment.ofAddress(pointer.address() + offset);
  }

  public MemorySegment pointer() {
    return pointer;
  }

  /** Writes from a byte on. */
  public DeviceBlock put(long offset, float... values) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
      int status =
          cudart_h.cudaMemcpy(at(offset), host, host.byteSize(), cudart_h.cudaMemcpyHostToDevice());
      assertEquals(0, status, "cudaMemcpy to the device");
    }
    return this;
  }

  /** Reads from a byte on. */
  public float[] get(long offset, int count) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(ValueLayout.JAVA_FLOAT, count);
      int status =
          cudart_h.cudaMemcpy(host, at(offset), host.byteSize(), cudart_h.cudaMemcpyDeviceToHost());
      assertEquals(0, status, "cudaMemcpy from the device");
      return host.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /** All of it. */
  public float[] get() {
    return get(0, Math.toIntExact(bytes / Float.BYTES));
  }

  public double[] doubles() {
    float[] values = get();
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  @Override
  public void close() {
    assertEquals(0, cudart_h.cudaFree(pointer), "cudaFree");
  }
}
