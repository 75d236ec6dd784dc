package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;

import dev.gatun.backend.AdadeltaRule;
import dev.gatun.backend.AdagradRule;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.LambRule;
import dev.gatun.backend.LionRule;
import dev.gatun.backend.NadamRule;
import dev.gatun.backend.RmsPropRule;
import dev.gatun.backend.SgdRule;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.List;

/** Updates by the kernels of {@code updates.cu}. */
final class CudaUpdater implements Updater {
  /** Numbers of a part in the device's table: start, end, rate, decay, row, its marks. */
  private static final int PART = 6;

  /** Blocks that look for rows with a gradient, of each part. */
  private static final int ROW_BLOCKS = 1024;

  /** Elements for each block of a part that LAMB measures, and the most blocks of a part. */
  private static final int LAMB_BLOCK = 4096;

  private static final int MOST_LAMB_BLOCKS = 128;

  private final CudaContext context;
  private final Usage usage;
  private final Workspace workspace;
  private final long size;
  private final boolean lamb;
  private final int parts;
  private final int blocks;
  private final boolean byRows;
  private final KernelCall update;
  private final KernelCall touchedRows;
  private final KernelCall lambSquares;
  private final KernelCall lambApply;

  /**
   * Makes the table of parts on the device. If it fails, it closes the workspace too.
   *
   * @param workspace in the context's memory, closed with this
   */
  CudaUpdater(
      CudaContext context,
      Usage backend,
      Transfers transfers,
      Workspace workspace,
      UpdateRule rule,
      UpdateTensors tensors,
      List<UpdatePart> given) {
    this.context = context;
    usage = new Usage("the update", backend);
    this.workspace = workspace;
    size = tensors.parameters().size();
    lamb = rule instanceof LambRule;
    List<UpdatePart> list = lamb ? given : UpdatePart.joined(given);
    parts = list.size();
    byRows = list.stream().anyMatch(part -> part.row() > 0);
    if (byRows && parts > KernelCall.MOST_ROWS) {
      workspace.close();
      throw new IllegalArgumentException(
          "a GPU updates at most %d parts by rows, not %d".formatted(KernelCall.MOST_ROWS, parts));
    }
    long largest = list.stream().mapToLong(UpdatePart::size).max().orElse(0);
    blocks = Math.clamp(Math.ceilDiv(largest, LAMB_BLOCK), 1, MOST_LAMB_BLOCKS);
    try {
      KernelLibrary library = KernelLibrary.of(context.device(), "updates.cu");
      update = new KernelCall(context, library, "update", 16);
      touchedRows = new KernelCall(context, library, "touchedRows", 2);
      lambSquares = new KernelCall(context, library, "lambSquares", 5);
      lambApply = new KernelCall(context, library, "lambApply", 6);
      long table = address(table(transfers, list));
      bind(rule, tensors, table);
      if (lamb) {
        bindLamb(tensors, table);
      }
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  private Tensor table(Transfers transfers, List<UpdatePart> list) {
    long count = Math.max(1, (long) list.size() * PART);
    Tensor table = workspace.tensor(DType.F64, count);
    try (Workspace host = Workspace.host(DType.F64)) {
      Tensor values = host.tensor(DType.F64, count);
      for (int i = 0; i < list.size(); i++) {
        UpdatePart part = list.get(i);
        long at = (long) i * PART;
        values.set(at, Double.longBitsToDouble(part.offset()));
        values.set(at + 1, Double.longBitsToDouble(part.end()));
        values.set(at + 2, part.rate());
        values.set(at + 3, part.decay());
        if (part.row() > 0) {
          long marks = address(workspace.tensor(DType.I32, part.size() / part.row()));
          values.set(at + 4, Double.longBitsToDouble(part.row()));
          values.set(at + 5, Double.longBitsToDouble(marks));
        }
      }
      transfers.copy(values, table);
    }
    return table;
  }

  private void bind(UpdateRule rule, UpdateTensors tensors, long table) {
    List<Tensor> moments = tensors.moments();
    update
        .set(0, number(rule))
        .set(1, size)
        .set(2, parts)
        .set(3, table)
        .set(4, address(tensors.parameters()))
        .set(5, address(tensors.gradients()))
        .set(9, address(tensors.control()))
        .set(14, rule.weightDecay())
        .set(15, rule.decoupled() ? 1 : 0);
    touchedRows.set(0, table).set(1, address(tensors.gradients()));
    for (int i = 0; i < 3; i++) {
      update.set(6 + i, i < moments.size() ? address(moments.get(i)) : 0L);
    }
    switch (rule) {
      case SgdRule sgd -> numbers(sgd.momentum(), sgd.nesterov() ? 1 : 0, 0, 0);
      case AdamRule adam ->
          numbers(adam.beta1(), adam.beta2(), adam.epsilon(), adam.amsgrad() ? 1 : 0);
      case NadamRule nadam ->
          numbers(nadam.beta1(), nadam.beta2(), nadam.epsilon(), nadam.momentumDecay());
      case AdagradRule adagrad -> numbers(0, 0, adagrad.epsilon(), adagrad.rateDecay());
      case AdadeltaRule adadelta -> numbers(adadelta.decay(), 0, adadelta.epsilon(), 0);
      case RmsPropRule rms ->
          numbers(rms.decay(), rms.momentum(), rms.epsilon(), rms.centered() ? 1 : 0);
      case LionRule lion -> numbers(lion.beta1(), lion.beta2(), 0, 0);
      case LambRule each -> numbers(each.beta1(), each.beta2(), each.epsilon(), 0);
    }
  }

  private void numbers(double a, double b, double epsilon, double c) {
    update.set(10, a).set(11, b).set(12, epsilon).set(13, c);
  }

  /** The kernel's numbers. */
  private static int number(UpdateRule rule) {
    return switch (rule) {
      case SgdRule _ -> 0;
      case AdamRule _ -> 1;
      case NadamRule _ -> 2;
      case AdagradRule _ -> 3;
      case AdadeltaRule _ -> 4;
      case RmsPropRule _ -> 5;
      case LionRule _ -> 6;
      case LambRule _ -> 7;
    };
  }

  private void bindLamb(UpdateTensors tensors, long table) {
    if (parts > KernelCall.MOST_ROWS) {
      throw new IllegalArgumentException(
          "LAMB on a GPU takes at most %d tensors, not %d".formatted(KernelCall.MOST_ROWS, parts));
    }
    long sums = Math.max(1, (long) parts * blocks);
    long own = address(workspace.tensor(DType.F64, sums));
    long steps = address(workspace.tensor(DType.F64, sums));
    long parameters = address(tensors.parameters());
    long gradients = address(tensors.gradients());
    for (KernelCall call : List.of(lambSquares, lambApply)) {
      call.set(0, table).set(1, parameters).set(2, gradients).set(3, own).set(4, steps);
    }
    lambApply.set(5, address(tensors.control()));
  }

  @Override
  public void step() {
    usage.enter();
    try {
      context.enter();
      if (parts > 0) {
        if (byRows) {
          touchedRows.run(ROW_BLOCKS, parts, KernelCall.BLOCK);
        }
        update.run(size);
        if (lamb) {
          lambSquares.run(blocks, parts, KernelCall.BLOCK);
          lambApply.run(blocks, parts, KernelCall.BLOCK);
        }
      }
    } finally {
      usage.exit();
    }
  }

  @Override
  public void close() {
    if (usage.close()) {
      workspace.close();
    }
  }
}
