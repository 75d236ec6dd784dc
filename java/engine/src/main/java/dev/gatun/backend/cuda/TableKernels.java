package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** What tables of embeddings need beside lookups; loaded when first asked for. */
final class TableKernels {
  private final CudaContext context;
  private @Nullable KernelCall mark;
  private @Nullable KernelCall limit;

  TableKernels(CudaContext context) {
    this.context = context;
  }

  void limit(int rows, Tensor ids, double maxNorm, Tensor table, Tensor marks) {
    if (rows == 0) {
      return;
    }
    if (mark == null || limit == null) {
      KernelLibrary library = KernelLibrary.of(context.device(), "tables.cu");
      mark = new KernelCall(context, library, "markRows", 4);
      limit = new KernelCall(context, library, "limitRows", 7);
    }
    int v = Math.toIntExact(table.dim(0));
    mark.set(0, (long) rows).set(1, v).set(2, address(ids)).set(3, address(marks)).run(rows);
    limit
        .set(0, (long) rows)
        .set(1, Math.toIntExact(table.dim(1)))
        .set(2, v)
        .set(3, address(ids))
        .set(4, address(marks))
        .set(5, maxNorm)
        .set(6, address(table));
    limit.run(Math.min(rows, 65_535), 1, KernelCall.BLOCK);
  }
}
