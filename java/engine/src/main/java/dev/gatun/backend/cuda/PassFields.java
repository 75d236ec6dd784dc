package dev.gatun.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The struct {@code Pass} of cells.cuh, field after field; each has 8 bytes. */
final class PassFields {
  /** As many as the struct has. */
  static final int COUNT = 65;

  private final MemorySegment values = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, COUNT);
  private int next;

  /** An address or a number. */
  PassFields add(long value) {
    values.setAtIndex(ValueLayout.JAVA_LONG, next++, value);
    return this;
  }

  PassFields add(boolean value) {
    return add(value ? 1 : 0);
  }

  /** A mask that begins with element {@code first}. */
  PassFields addMask(long first, double rate) {
    return add(first).add(CellKernels.threshold(rate)).add(Double.doubleToRawLongBits(rate));
  }

  /** The whole struct. */
  MemorySegment segment() {
    if (next != COUNT) {
      throw new IllegalStateException(next + " of " + COUNT + " fields of a pass are set");
    }
    return values;
  }
}
