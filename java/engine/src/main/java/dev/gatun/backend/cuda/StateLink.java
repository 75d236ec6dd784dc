package dev.gatun.backend.cuda;

import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Where one state, h or c, of a run of steps comes from and goes to; the null pointer for what is
 * not there. All are [rows, n, width].
 *
 * @param rows L*D of what the run computes
 * @param n sequences
 * @param width P or H
 * @param first before the first step, read
 * @param last after the last step, written
 * @param dLast dL/dlast, read
 * @param dMasked room for dL/dlast without the sequences that have ended
 * @param dFirst dL/dfirst, written
 */
record StateLink(
    int rows,
    int n,
    int width,
    MemorySegment first,
    MemorySegment last,
    MemorySegment dLast,
    MemorySegment dMasked,
    MemorySegment dFirst) {

  /** Of a cell without c. */
  static final StateLink NONE =
      new StateLink(
          0,
          0,
          0,
          MemorySegment.NULL,
          MemorySegment.NULL,
          MemorySegment.NULL,
          MemorySegment.NULL,
          MemorySegment.NULL);

  /** The address of a tensor's element; the null pointer for no tensor. */
  static MemorySegment at(@Nullable Tensor tensor, long element) {
    return tensor == null
        ? MemorySegment.NULL
        : MemorySegment.ofAddress(DeviceMemory.address(tensor) + element * tensor.dtype().bytes());
  }
}
