package dev.gatun.tensor;

/**
 * A block of memory with one owner. Where it lives is its type: only {@link HostMemory} has a host
 * address, so device memory can never be read as host memory.
 */
public abstract class Memory implements AutoCloseable {
  private final long bytes;

  /**
   * Creates a block.
   *
   * @param bytes its size
   */
  protected Memory(long bytes) {
    this.bytes = bytes;
  }

  /** The size in bytes. */
  public final long bytes() {
    return bytes;
  }

  /** Frees the block; further calls do nothing. */
  @Override
  public abstract void close();
}
