package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;

import dev.gatun.backend.WeightOperations;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;

/** The kernels of {@code weights.cu}. */
final class CudaWeightOperations implements WeightOperations {
  /** The most blocks of a sum or of rows: a function of the size alone, as the order of sums is. */
  private static final int MOST_BLOCKS = 1024;

  private static final int PART = 8 * KernelCall.BLOCK;

  private final Checks checks = new Checks(DType.F32);
  private final Work work;
  private final Usage usage;
  private final Workspace workspace;
  private final KernelCall clamp;
  private final KernelCall scale;
  private final KernelCall limitRows;
  private final KernelCall penalize;
  private final KernelCall addSums;
  private final KernelCall average;

  /** F64 [{@link #MOST_BLOCKS}]: what each block has summed. */
  private final Tensor sums;

  /**
   * Loads the kernels. If it fails, it closes the workspace too.
   *
   * @param workspace in the context's memory, closed with this
   */
  CudaWeightOperations(CudaContext context, Work work, Workspace workspace) {
    this.work = work;
    this.workspace = workspace;
    usage = new Usage("operations on weights", work.usage());
    try {
      KernelLibrary library = KernelLibrary.of(context.device(), "weights.cu");
      clamp = new KernelCall(context, library, "clampValues", 3);
      scale = new KernelCall(context, library, "scaleValues", 3);
      limitRows = new KernelCall(context, library, "limitRows", 4);
      penalize = new KernelCall(context, library, "penalize", 6);
      addSums = new KernelCall(context, library, "addSums", 3);
      average = new KernelCall(context, library, "averageValues", 4);
      sums = workspace.tensor(DType.F64, MOST_BLOCKS);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  @Override
  public void clamp(Tensor x, double limit) {
    checks.clamp(x, limit);
    try (Work _ = work.enter()) {
      clamp.set(0, x.size()).set(1, address(x)).set(2, (float) limit).run(x.size());
    }
  }

  @Override
  public void scale(Tensor x, Tensor factor) {
    checks.scale(x, factor);
    try (Work _ = work.enter()) {
      scale.set(0, x.size()).set(1, address(x)).set(2, address(factor)).run(x.size());
    }
  }

  @Override
  public void limitRows(Tensor x, double limit) {
    checks.limitRows(x, limit);
    long rows = x.dim(0);
    if (x.size() == 0) {
      return;
    }
    try (Work _ = work.enter()) {
      limitRows
          .set(0, rows)
          .set(1, x.dim(1))
          .set(2, address(x))
          .set(3, limit)
          .run((int) Math.min(rows, MOST_BLOCKS), 1, KernelCall.BLOCK);
    }
  }

  @Override
  public void penalize(Tensor parameters, Tensor gradients, double l1, double l2, Tensor penalty) {
    checks.penalize(parameters, gradients, l1, l2, penalty);
    int blocks = Math.clamp((parameters.size() + PART - 1) / PART, 1, MOST_BLOCKS);
    try (Work _ = work.enter()) {
      penalize
          .set(0, parameters.size())
          .set(1, address(parameters))
          .set(2, address(gradients))
          .set(3, l1)
          .set(4, l2)
          .set(5, address(sums))
          .run(blocks, 1, KernelCall.BLOCK);
      addSums
          .set(0, (long) blocks)
          .set(1, address(sums))
          .set(2, address(penalty))
          .run(1, 1, KernelCall.BLOCK);
    }
  }

  @Override
  public void average(Tensor values, Tensor to, double weight) {
    checks.average(values, to, weight);
    try (Work _ = work.enter()) {
      average
          .set(0, values.size())
          .set(1, address(values))
          .set(2, address(to))
          .set(3, (float) weight)
          .run(values.size());
    }
  }

  @Override
  public void close() {
    if (usage.close()) {
      workspace.close();
    }
  }
}
