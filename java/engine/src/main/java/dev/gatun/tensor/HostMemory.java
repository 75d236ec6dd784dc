package dev.gatun.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Off-heap memory of the host, zeroed, aligned to a cache line, usable from every thread. */
public final class HostMemory extends Memory {
  /** Bytes of a cache line and of the widest vector: rows that start here never straddle lines. */
  public static final int ALIGNMENT = 64;

  private final MemorySegment segment;
  private final Runnable release;
  private final boolean pinned;
  private boolean closed;

  private HostMemory(long bytes, MemorySegment segment, Runnable release, boolean pinned) {
    super(bytes);
    this.segment = segment;
    this.release = release;
    this.pinned = pinned;
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
    Arena arena = Arena.ofShared();
    try {
      MemorySegment segment = arena.allocate(Math.max(bytes, 1), ALIGNMENT);
      return new HostMemory(bytes, segment, arena::close, false);
    } catch (OutOfMemoryError e) {
      arena.close();
      OutOfMemoryError named =
          new OutOfMemoryError("no host memory for a block of " + bytes + " bytes");
      named.initCause(e);
      throw named;
    }
  }

  /**
   * Takes over memory that a device's library has pinned: copies between it and the device need no
   * other memory in between.
   *
   * @param segment zeroed, aligned to {@link #ALIGNMENT}
   * @param release frees it, called once
   */
  public static HostMemory pinned(MemorySegment segment, Runnable release) {
    return new HostMemory(segment.byteSize(), segment, release, true);
  }

  /** Whether it is {@link #pinned(MemorySegment, Runnable)}. */
  public boolean isPinned() {
    return pinned;
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
      release.run();
    }
  }
}
