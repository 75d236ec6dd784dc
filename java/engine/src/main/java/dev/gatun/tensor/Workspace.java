package dev.gatun.tensor;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** Owns the tensors of one plan: everything is freed together, last allocated first. */
public final class Workspace implements AutoCloseable {
  private final LongFunction<? extends Memory> allocator;
  private final DType real;
  private final Deque<Memory> blocks = new ArrayDeque<>();
  private long bytes;

  /**
   * Creates an empty workspace.
   *
   * @param allocator allocates zeroed memory of a size in bytes
   * @param real the type of {@link #real}'s tensors
   */
  public Workspace(LongFunction<? extends Memory> allocator, DType real) {
    this.allocator = allocator;
    this.real = real;
  }

  /** A workspace in host memory. */
  public static Workspace host(DType real) {
    return new Workspace(HostMemory::allocate, real);
  }

  /** A zeroed tensor that lives until this workspace is closed. */
  public Tensor tensor(DType dtype, long... shape) {
    Memory memory = allocator.apply(Tensor.bytesOf(dtype, shape));
    blocks.push(memory);
    bytes += memory.bytes();
    return Tensor.of(memory, dtype, shape);
  }

  /** A zeroed tensor of the backend's real type. */
  public Tensor real(long... shape) {
    return tensor(real, shape);
  }

  /** The bytes reserved so far. */
  public long bytes() {
    return bytes;
  }

  /** Frees everything; if freeing a block fails, the others are freed before that is thrown. */
  @Override
  public void close() {
    @Nullable RuntimeException failure = null;
    while (!blocks.isEmpty()) {
      try {
        blocks.pop().close();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
