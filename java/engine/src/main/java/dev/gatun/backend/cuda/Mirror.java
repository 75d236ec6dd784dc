package dev.gatun.backend.cuda;

import dev.gatun.bindings.NativeMemory;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.HostMemory;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A copy on the host of what a block of device memory holds, for values that the host must know
 * when it asks for work, such as the lengths of sequences: it need not wait for the device. What
 * the host uploads, or asks to be filled, goes into both; what the device writes otherwise is read
 * back when next asked for.
 */
final class Mirror implements AutoCloseable {
  private final CudaContext owner;
  private final MemorySegment block;
  private final HostMemory copy;
  private final String reading;
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
    reading = "cudaMemcpyAsync from " + owner.device().name();
  }

  /**
   * What the block holds.
   *
   * @param context reads it back if it must
   */
  synchronized MemorySegment values(CudaContext context) {
    if (stale && copy.bytes() > 0) {
      context.refuseInRecording("lengths that the device has written");
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
          reading);
      context.synchronize();
    }
    stale = false;
    return copy.segment();
  }

  /** The host has uploaded values to an offset in bytes. */
  synchronized void uploaded(Tensor values, long offset) {
    long bytes = values.size() * values.dtype().bytes();
    MemorySegment.copy(NativeMemory.ALL, values.address(), copy.segment(), offset, bytes);
  }

  /** The device has been asked to set every element of a tensor in the block. */
  synchronized void filled(Tensor tensor, double value) {
    if (tensor.dtype() != DType.I32) {
      stale = true; // nobody asks for others
      return;
    }
    MemorySegment values = copy.segment();
    for (long i = 0; i < tensor.size(); i++) {
      values.set(ValueLayout.JAVA_INT, tensor.byteOffset() + i * Integer.BYTES, (int) value);
    }
    stale &= tensor.size() * Integer.BYTES < copy.bytes();
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
