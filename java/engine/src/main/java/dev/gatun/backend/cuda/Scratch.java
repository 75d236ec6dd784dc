package dev.gatun.backend.cuda;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Workspace;
import java.lang.foreign.MemorySegment;

/**
 * Memory of a plan whose size a library decides. It is reserved for the plan's largest shape;
 * should a smaller one ask for more, it grows, and what was there is freed with the workspace.
 */
final class Scratch {
  private final Workspace workspace;
  private MemorySegment segment = MemorySegment.NULL;
  private long bytes;

  Scratch(Workspace workspace) {
    this.workspace = workspace;
  }

  /** Reserves; what it held is lost if it grows. */
  void atLeast(long needed) {
    if (needed > bytes) {
      long words = (needed + Long.BYTES - 1) / Long.BYTES;
      segment = MemorySegment.ofAddress(DeviceMemory.address(workspace.tensor(DType.I64, words)));
      bytes = needed;
    }
  }

  /** Where it starts; C's null pointer if nothing has been reserved. */
  MemorySegment segment() {
    return segment;
  }
}
