package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;

import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The loss scale of a context that computes in half precision, on the device: no step waits for it.
 * It starts, falls and rises as PyTorch's GradScaler: half after an update with a gradient that is
 * not finite, twice after 2000 without.
 */
final class LossScale implements AutoCloseable {
  private static final double FIRST = 65_536;

  /** F64 [2]: the scale, and the updates without such a gradient since it changed. */
  private final Tensor state;

  /** F32 [3]: 0 and 1, and 1 / scale since the last rounding of gradients. */
  private final Tensor factors;

  private final KernelCall adjust;

  /** Starts one. */
  LossScale(CudaContext context) {
    DeviceMemory memory = DeviceMemory.allocate(context, 2 * Double.BYTES);
    state = Tensor.of(memory, DType.F64, 2);
    DeviceMemory other = null;
    try {
      other = DeviceMemory.allocate(context, 3 * Float.BYTES);
      factors = Tensor.of(other, DType.F32, 3);
      adjust =
          new KernelCall(
              context, KernelLibrary.of(context.device(), Rounding.KERNELS), "adjustLossScale", 2);
      try (Arena arena = Arena.ofConfined()) {
        upload(context, state, arena.allocateFrom(ValueLayout.JAVA_DOUBLE, FIRST, 0));
        upload(context, factors, arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0, 1, 1));
        context.synchronize(); // before the values are freed
      }
    } catch (RuntimeException | Error e) {
      memory.close();
      if (other != null) {
        other.close();
      }
      throw e;
    }
  }

  private static void upload(CudaContext context, Tensor to, MemorySegment values) {
    Calls.runtime(
        cudart_h.cudaMemcpyAsync(
            StateLink.at(to, 0),
            values,
            values.byteSize(),
            cudart_h.cudaMemcpyHostToDevice(),
            context.stream()),
        "cudaMemcpyAsync of the loss scale");
  }

  /** F64 [2], for checkpoints. */
  Tensor state() {
    return state;
  }

  /** The scale; waits for the device. */
  double read(Transfers transfers) {
    try (Workspace host = Workspace.host(DType.F64)) {
      Tensor copy = host.real(state.size());
      transfers.copy(state, copy);
      return copy.get(0);
    }
  }

  /** Where the device finds 0. */
  long zero() {
    return address(factors);
  }

  /** Where it finds 1. */
  long one() {
    return address(factors) + Float.BYTES;
  }

  /** Where it finds 1 / scale. */
  long inverse() {
    return address(factors) + 2 * Float.BYTES;
  }

  /** Takes note of an update. */
  void adjust(Tensor control) {
    adjust.set(0, address(control)).set(1, address(state)).run(1, 1, KernelCall.BLOCK);
  }

  @Override
  public void close() {
    try {
      state.memory().close();
    } finally {
      factors.memory().close();
    }
  }
}
