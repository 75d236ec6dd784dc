package dev.gatun.backend.cuda;

import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.tensor.HostMemory;
import java.lang.foreign.MemorySegment;

/**
 * A copy on the host of what a block of device memory holds, for values that the host must know
 * when it asks for work, such as the lengths of sequences: it need not wait for the device. What
 * the host uploads goes into both; what the device writes itself is read back when next asked for.
 */
final class Mirror implements AutoCloseable {
  private final CudaContext owner;
  private final MemorySegment block;
  private final HostMemory copy;
  private boolean stale = true;

  /**
   * A mirror of a block.
   *
   * @param owner whose stream writes it
   */
  Mirror(CudaContext owner, MemorySegment block, long bytes) {
    this.owner = owner;
    this.block = block;
    copy = HostMemory.allocate(bytes);
  }

  /**
   * What the block holds.
   *
   * @param context reads it back if it must
   */
  synchronized MemorySegment values(CudaContext context) {
    if (stale && copy.bytes() > 0) {
      if (owner != context) {
        owner.synchronize();
      }
      Calls.runtime(
          cudart_h.cudaMemcpyAsync(
              copy.segment(),
              block,
              copy.bytes(),
              cudart_h.cudaMemcpyDeviceToHost(),
              context.stream()),
          "cudaMemcpyAsync from " + context.device().name());
      context.synchronize();
    }
    stale = false;
    return copy.segment();
  }

  /** The host has uploaded values to an offset in bytes. */
  synchronized void uploaded(MemorySegment values, long offset) {
    copy.segment().asSlice(offset, values.byteSize()).copyFrom(values);
  }

  /** The device has been asked to write the block. */
  synchronized void overwritten() {
    stale = true;
  }

  @Override
  public void close() {
    copy.close();
  }
}
