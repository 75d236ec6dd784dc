package dev.gatun.tests.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.gatun.bindings.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Off-heap arrays between canaries, for kernels that take addresses. Closing checks the canaries.
 */
final class Buffers implements AutoCloseable {
  private static final int CANARY_BYTES = 64;

  private final Arena arena = Arena.ofConfined();
  private final List<MemorySegment> canaries = new ArrayList<>();
  private final Random random;

  Buffers(long seed) {
    random = new Random(seed);
  }

  /** The address of fresh bytes, only 4-byte aligned, as rows inside a tensor are. */
  private long bytes(long count) {
    MemorySegment s = arena.allocate(count + 2 * CANARY_BYTES + 4, 64).asSlice(4);
    canaries.add(s.asSlice(0, CANARY_BYTES).fill(canary(canaries.size())));
    canaries.add(s.asSlice(CANARY_BYTES + count, CANARY_BYTES).fill(canary(canaries.size())));
    return s.address() + CANARY_BYTES;
  }

  /** Differs from buffer to buffer: a kernel that copies may carry one canary over another. */
  private static byte canary(int index) {
    return (byte) (0x51 + index % 37);
  }

  /** n floats, all NaN: an element that a kernel leaves out shows. */
  long floats(int n) {
    long address = bytes(4L * n);
    for (int i = 0; i < n; i++) {
      set(address, i, Float.NaN);
    }
    return address;
  }

  long floats(float[] values) {
    long address = bytes(4L * values.length);
    MemorySegment.copy(
        values,
        0,
        NativeMemory.ALL.asSlice(address, 4L * values.length),
        JAVA_FLOAT,
        0,
        values.length);
    return address;
  }

  /** n floats uniform in (-scale, scale). */
  long random(int n, float scale) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = scale * (2 * random.nextFloat() - 1);
    }
    return floats(values);
  }

  long doubles(int n) {
    return bytes(8L * n);
  }

  long ints(int... values) {
    long address = bytes(4L * values.length);
    for (int i = 0; i < values.length; i++) {
      NativeMemory.ALL.set(JAVA_INT, address + 4L * i, values[i]);
    }
    return address;
  }

  static void set(long address, int index, float value) {
    NativeMemory.ALL.set(JAVA_FLOAT, address + 4L * index, value);
  }

  static float get(long address, int index) {
    return NativeMemory.ALL.get(JAVA_FLOAT, address + 4L * index);
  }

  static double getDouble(long address, int index) {
    return NativeMemory.ALL.get(JAVA_DOUBLE.withByteAlignment(4), address + 8L * index);
  }

  static float[] read(long address, int n) {
    return NativeMemory.ALL.asSlice(address, 4L * n).toArray(JAVA_FLOAT);
  }

  @Override
  public void close() {
    for (int c = 0; c < canaries.size(); c++) {
      for (int i = 0; i < CANARY_BYTES; i++) {
        boolean whole = canaries.get(c).get(JAVA_BYTE, i) == canary(c);
        Check.that(whole, "wrote outside its operand");
      }
    }
    arena.close();
  }
}
