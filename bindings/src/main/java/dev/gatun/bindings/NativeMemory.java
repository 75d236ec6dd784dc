package dev.gatun.bindings;

import java.lang.foreign.MemorySegment;

/** The one segment through which kernels reach memory by absolute address. */
public final class NativeMemory {
  /**
   * The whole address space. Kernels index it with absolute addresses: one constant segment folds
   * away at every call site, where a segment that is passed in costs up to four times the loop once
   * a site has seen several kinds. Nothing here is bounds-checked, so public operations validate
   * sizes before they call a kernel.
   */
  public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private NativeMemory() {}
}
