package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;
import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.AttentionSpec.Score;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** Attention by the kernels of {@code attention.cu}: a query or a key for each block. */
final class CudaAttention implements Attention {
  /** Fields of the struct {@code Attention}, 8 bytes each; the sizes of a call from the 15th. */
  private static final int FIELDS = 20;

  private final Work work;
  private final RowKernels rows;
  private final AttentionSpec spec;
  private final AttentionIo io;
  private final Workspace workspace;
  private final @Nullable Tensor dVectors;
  private final MemorySegment fields = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, FIELDS);
  private final KernelCall forward;
  private final KernelCall queries;
  private final KernelCall keys;

  CudaAttention(
      CudaContext context, Work work, RowKernels rows, AttentionSpec spec, AttentionIo io) {
    this.work = work;
    this.rows = rows;
    this.spec = spec;
    this.io = io;
    KernelLibrary library = KernelLibrary.of(context.device(), "attention.cu");
    forward = new KernelCall(context, library, "attentionForward", fields, 1);
    queries = new KernelCall(context, library, "attentionQueries", fields, 1);
    keys = new KernelCall(context, library, "attentionKeys", fields, 1);
    workspace = new Workspace(bytes -> DeviceMemory.allocate(context, bytes), DType.F32);
    try {
      dVectors = reserve();
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  /** Sets what does not change from call to call. */
  private @Nullable Tensor reserve() {
    set(0, addressOrNull(io.queries()));
    set(1, address(io.keys()));
    set(2, address(io.values()));
    set(3, addressOrNull(io.lengths()));
    set(4, addressOrNull(io.vector()));
    set(5, address(io.weights()));
    set(6, address(io.context()));
    fields.setAtIndex(ValueLayout.JAVA_DOUBLE, 13, spec.scale());
    set(17, io.width());
    set(18, io.depth());
    set(19, spec.score() == Score.ADDITIVE ? 1 : 0);
    AttentionIo.Gradients d = io.gradients();
    if (d == null) {
      return null;
    }
    set(7, address(d.dContext()));
    set(8, addressOrNull(d.dQueries()));
    set(9, addressOrNull(d.dKeys()));
    set(10, addressOrNull(d.dValues()));
    set(11, address(workspace.real(spec.maxQueries(), spec.maxBatch(), spec.maxKeys())));
    Tensor shares =
        d.dVector() == null ? null : workspace.real(spec.maxQueries(), spec.maxBatch(), io.width());
    set(12, addressOrNull(shares));
    return shares;
  }

  private void set(int field, long value) {
    fields.setAtIndex(ValueLayout.JAVA_LONG, field, value);
  }

  private void sizes(int tq, int tk, int n) {
    io.check(spec, tq, tk, n);
    set(14, tq);
    set(15, tk);
    set(16, n);
  }

  @Override
  public void forward(int tq, int tk, int n) {
    sizes(tq, tk, n);
    try (Work _ = work.enter()) {
      forward.set(fields).run(tq * n, 1, KernelCall.BLOCK);
    }
  }

  @Override
  public void backward(int tq, int tk, int n) {
    AttentionIo.Gradients d = io.given();
    sizes(tq, tk, n);
    try (Work _ = work.enter()) {
      queries.set(fields).run(tq * n, 1, KernelCall.BLOCK);
      if (d.dKeys() != null || d.dValues() != null) {
        keys.set(fields).run(tk * n, 1, KernelCall.BLOCK);
      }
      if (dVectors != null && d.dVector() != null) {
        rows.columnSums(tq * n, io.width(), dVectors, d.dVector());
      }
    }
  }

  @Override
  public long bytes() {
    return workspace.bytes();
  }

  @Override
  public void close() {
    workspace.close();
  }
}
