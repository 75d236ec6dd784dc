package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.backend.DeviceOutOfMemoryError;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.tensor.Memory;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** Memory of a GPU, zeroed, aligned to 256 bytes. */
final class DeviceMemory extends Memory {
  private final CudaContext owner;
  private final MemorySegment block;
  private @Nullable Mirror mirror;
  private boolean closed;

  private DeviceMemory(CudaContext owner, MemorySegment block, long bytes) {
    super(bytes);
    this.owner = owner;
    this.block = block;
  }

  /**
   * Allocates zeroed memory of the current device.
   *
   * @param owner the context whose stream it is written by
   * @throws OutOfMemoryError naming sizes, if the device has no more; it stays usable
   */
  static DeviceMemory allocate(CudaContext owner, long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("cannot allocate " + bytes + " bytes of device memory");
    }
    owner.refuseInRecording("an allocation of memory");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      int status = cudart_h.cudaMalloc(pointer, Math.max(bytes, 1));
      if (status == cudart_h.cudaErrorMemoryAllocation()) {
        cudart_h.cudaGetLastError();
        long[] memory = Device.memory();
        throw new DeviceOutOfMemoryError(
            "no memory on %s for a block of %d bytes: %d of %d are free"
                .formatted(owner.device().name(), bytes, memory[0], memory[1]),
            "lower the sequences or steps of a batch, the layers or their width, or update"
                + " parameters on the host (optimizer place host)");
      }
      Calls.runtime(status, "cudaMalloc of " + bytes + " bytes on " + owner.device().name());
      DeviceMemory memory = new DeviceMemory(owner, pointer.get(ValueLayout.ADDRESS, 0), bytes);
      try {
        Calls.runtime(
            cudart_h.cudaMemsetAsync(memory.block, 0, bytes, owner.stream()), "cudaMemsetAsync");
        return memory;
      } catch (DeviceException e) {
        memory.close();
        throw e;
      }
    }
  }

  /**
   * The context whose stream works with a tensor.
   *
   * @throws IllegalStateException as {@link #address}
   */
  static CudaContext owner(Tensor tensor) {
    return of(tensor).owner;
  }

  /**
   * The address of a tensor's first element on the device.
   *
   * @throws IllegalStateException if it lies elsewhere or its memory has been closed
   */
  static long address(Tensor tensor) {
    return of(tensor).block.address() + tensor.byteOffset();
  }

  /** The address of the block itself. */
  long address() {
    return block.address();
  }

  private static DeviceMemory of(Tensor tensor) {
    if (!(tensor.memory() instanceof DeviceMemory memory)) {
      throw new IllegalStateException("this tensor is not on a GPU: copy it there first");
    }
    if (memory.closed) {
      throw new IllegalStateException("the memory of this tensor has been closed");
    }
    return memory;
  }

  /** Its first byte on the device. */
  MemorySegment block() {
    return block;
  }

  /** As {@link #address}; 0, C's null pointer, for none. */
  static long addressOrNull(@Nullable Tensor tensor) {
    return tensor == null ? 0 : address(tensor);
  }

  /**
   * The copy of its memory on the host, made when first asked for; {@link Tensor#byteOffset} counts
   * in it too.
   *
   * @throws IllegalStateException as {@link #address}
   */
  static Mirror mirror(Tensor tensor) {
    address(tensor);
    return ((DeviceMemory) tensor.memory()).mirror();
  }

  private synchronized Mirror mirror() {
    Mirror made = mirror;
    if (made == null) {
      made = new Mirror(owner, block, bytes());
      mirror = made;
    }
    return made;
  }

  /** To be called after each upload to a tensor: its mirror, if it has one, follows. */
  static void uploaded(Tensor values, Tensor to) {
    Mirror known = known(to);
    if (known != null) {
      known.uploaded(values, to.byteOffset());
    }
  }

  /** To be called when the device has been asked to fill a tensor: its mirror follows. */
  static void filled(Tensor tensor, double value) {
    Mirror known = known(tensor);
    if (known != null) {
      known.filled(tensor, value);
    }
  }

  /** To be called when the device itself has been asked to write a tensor of integers. */
  static void overwritten(Tensor tensor) {
    Mirror known = known(tensor);
    if (known != null) {
      known.overwritten();
    }
  }

  private static @Nullable Mirror known(Tensor tensor) {
    DeviceMemory memory = (DeviceMemory) tensor.memory();
    synchronized (memory) {
      return memory.mirror;
    }
  }

  /** Frees the block after everything the device still does with it. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      if (mirror != null) {
        mirror.close();
      }
      owner.device().makeCurrentToFree();
      Calls.runtime(cudart_h.cudaFree(block), "cudaFree");
    }
  }
}
