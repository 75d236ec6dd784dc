package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;
import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.UnfoldIo;
import dev.gatun.backend.UnfoldSpec;
import dev.gatun.backend.UnfoldSpec.Padding;
import dev.gatun.backend.Unfolding;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Windows over time by the kernels of {@code unfold.cu}: an element for each thread. */
final class CudaUnfolding implements Unfolding {
  /** Fields of the struct {@code Unfold}, 8 bytes each. */
  private static final int FIELDS = 14;

  private final Work work;
  private final UnfoldSpec spec;
  private final UnfoldIo io;
  private final MemorySegment fields = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, FIELDS);
  private final KernelCall forward;
  private final KernelCall backward;

  CudaUnfolding(CudaContext context, Work work, UnfoldSpec spec, UnfoldIo io) {
    this.work = work;
    this.spec = spec;
    this.io = io;
    KernelLibrary library = KernelLibrary.of(context.device(), "unfold.cu");
    forward = new KernelCall(context, library, "unfold", fields, 1);
    backward = new KernelCall(context, library, "unfoldBackward", fields, 1);
    set(0, address(io.x()));
    set(1, addressOrNull(io.lengths()));
    set(2, address(io.columns()));
    set(3, addressOrNull(io.windows()));
    set(4, addressOrNull(io.dColumns()));
    set(5, addressOrNull(io.dx()));
    set(6, spec.kernel());
    set(7, spec.stride());
    set(8, spec.left());
    set(9, spec.padding() == Padding.VALID ? 1 : 0);
    set(10, io.width());
  }

  private void set(int field, long value) {
    fields.setAtIndex(ValueLayout.JAVA_LONG, field, value);
  }

  private void sizes(int t, int n) {
    io.check(spec, t, n);
    set(11, t);
    set(12, n);
    set(13, spec.time(t));
  }

  @Override
  public void forward(int t, int n) {
    sizes(t, n);
    try (Work _ = work.enter()) {
      forward.set(fields).run((long) spec.time(t) * n * io.width() * spec.kernel());
    }
  }

  @Override
  public void backward(int t, int n) {
    io.gradientOut();
    sizes(t, n);
    try (Work _ = work.enter()) {
      backward.set(fields).run((long) t * n * io.width());
    }
  }
}
