package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;
import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.PoolingIo;
import dev.gatun.backend.RowPooling;

/** Pooling over time: a feature of a sequence for each thread. */
final class CudaPooling implements RowPooling {
  private final Work work;
  private final PoolingIo io;
  private final KernelCall forward;
  private final KernelCall backward;

  CudaPooling(CudaContext context, Work work, PoolingIo io) {
    this.work = work;
    this.io = io;
    KernelLibrary library = KernelLibrary.of(context.device(), "pooling.cu");
    forward = new KernelCall(context, library, "pool", 7);
    backward = new KernelCall(context, library, "poolBackward", 7);
  }

  @Override
  public void forward(int t, int n) {
    io.check(t, n);
    try (Work _ = work.enter()) {
      forward.set(0, (long) t).set(1, (long) n).set(2, (long) io.width());
      forward.set(3, address(io.x())).set(4, addressOrNull(io.lengths()));
      forward.set(5, address(io.y())).set(6, addressOrNull(io.chosen()));
      forward.run((long) n * io.width());
    }
  }

  @Override
  public void backward(int t, int n) {
    io.check(t, n);
    long dy = address(io.gradientIn());
    long dx = address(io.gradientOut());
    try (Work _ = work.enter()) {
      backward.set(0, (long) t).set(1, (long) n).set(2, (long) io.width());
      backward.set(3, addressOrNull(io.lengths())).set(4, addressOrNull(io.chosen()));
      backward.set(5, dy).set(6, dx).run((long) t * n * io.width());
    }
  }
}
