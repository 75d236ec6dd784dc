package dev.gatun.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Off-heap memory of the host, zeroed, aligned to a cache line, usable from every thread. */
public final class HostMemory extends Memory {
  /** Bytes of a cache line and of the widest vector: rows that start here never straddle lines. */
  public static final int ALIGNMENT = 64;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;
  private boolean closed;

  private HostMemory(long bytes) {
    super(bytes);
    segment = arena.allocate(Math.max(bytes, 1), ALIGNMENT);
  }

  /**
   * Allocates zeroed memory.
   *
   * @param bytes size, at least 0
   */
  public static HostMemory allocate(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("cannot allocate " + bytes + " bytes of host memory");
    }
    try {
      return new HostMemory(bytes);
    } catch (OutOfMemoryError e) {
      OutOfMemoryError named =
          new OutOfMemoryError("no host memory for a block of " + bytes + " bytes");
      named.initCause(e);
      throw named;
    }
  }

  /**
   * The bounded, lifetime-checked segment.
   *
   * @throws IllegalStateException if the memory has been closed
   */
  public MemorySegment segment() {
    if (closed) {
      throw new IllegalStateException("the memory of this tensor has been closed");
    }
    return segment;
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
