package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;
import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.BatchNormIo;
import dev.gatun.backend.BatchNormalization;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Batch normalisation by the kernels of {@code batchnorm.cu}. */
final class CudaBatchNorm implements BatchNormalization {
  /** Fields of the struct {@code BatchNorm}, 8 bytes each. */
  private static final int FIELDS = 21;

  /** Columns that a block sums. */
  private static final int COLUMNS = 32;

  private final Work work;
  private final BatchNormIo io;
  private final MemorySegment fields = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, FIELDS);
  private final KernelCall moments;
  private final KernelCall normalize;
  private final KernelCall sums;
  private final KernelCall backward;

  CudaBatchNorm(CudaContext context, Work work, double epsilon, double momentum, BatchNormIo io) {
    this.work = work;
    this.io = io;
    KernelLibrary library = KernelLibrary.of(context.device(), "batchnorm.cu");
    moments = new KernelCall(context, library, "batchMoments", fields, 1);
    normalize = new KernelCall(context, library, "batchNormalize", fields, 1);
    sums = new KernelCall(context, library, "batchSums", fields, 1);
    backward = new KernelCall(context, library, "batchBackward", fields, 1);
    set(0, address(io.x()));
    set(1, addressOrNull(io.lengths()));
    set(2, address(io.scale()));
    set(3, address(io.shift()));
    set(4, address(io.mean()));
    set(5, address(io.variance()));
    set(6, address(io.y()));
    for (int row = 0; row < BatchNormIo.SCRATCH_ROWS; row++) {
      set(7 + row, address(io.scratch()) + 4L * row * io.width());
    }
    BatchNormIo.Gradients d = io.gradients();
    if (d != null) {
      set(11, address(d.dy()));
      set(12, addressOrNull(d.dx()));
      set(13, address(d.dScale()));
      set(14, address(d.dShift()));
    }
    fields.setAtIndex(ValueLayout.JAVA_DOUBLE, 15, epsilon);
    fields.setAtIndex(ValueLayout.JAVA_DOUBLE, 16, momentum);
    set(19, io.width());
    set(20, d == null ? 0 : 1);
  }

  private void set(int field, long value) {
    fields.setAtIndex(ValueLayout.JAVA_LONG, field, value);
  }

  private void sizes(int t, int n) {
    io.check(t, n);
    set(17, t);
    set(18, n);
  }

  private int columnBlocks() {
    return Math.ceilDiv(io.width(), COLUMNS);
  }

  @Override
  public void forward(int t, int n) {
    sizes(t, n);
    try (Work _ = work.enter()) {
      moments.set(fields).run(columnBlocks(), 1, KernelCall.BLOCK);
      normalize.set(fields).run((long) t * n * io.width());
    }
  }

  @Override
  public void backward(int t, int n) {
    BatchNormIo.Gradients d = io.given();
    sizes(t, n);
    try (Work _ = work.enter()) {
      sums.set(fields).run(columnBlocks(), 1, KernelCall.BLOCK);
      if (d.dx() != null) {
        backward.set(fields).run((long) t * n * io.width());
      }
    }
  }
}
