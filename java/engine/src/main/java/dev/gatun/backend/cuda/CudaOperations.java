package dev.gatun.backend.cuda;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.BatchNormIo;
import dev.gatun.backend.BatchNormalization;
import dev.gatun.backend.Checks;
import dev.gatun.backend.CtcChecks;
import dev.gatun.backend.CtcIo;
import dev.gatun.backend.ElementLoss;
import dev.gatun.backend.Feedback;
import dev.gatun.backend.FeedbackIo;
import dev.gatun.backend.InputDecay;
import dev.gatun.backend.InputDecayIo;
import dev.gatun.backend.LayerOperations;
import dev.gatun.backend.LossOperations;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.PoolingIo;
import dev.gatun.backend.PoolingKind;
import dev.gatun.backend.RowActivation;
import dev.gatun.backend.RowPooling;
import dev.gatun.backend.UnfoldIo;
import dev.gatun.backend.UnfoldSpec;
import dev.gatun.backend.Unfolding;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/** Layers and losses on a device. */
abstract class CudaOperations implements LayerOperations, LossOperations {
  private static final String KERNELS = "ops.cu";

  final Checks checks = new Checks(DType.F32);
  private final CtcChecks ctcChecks = new CtcChecks(DType.F32);
  final Usage usage;
  final CudaContext context;
  final Work work;
  final Transfers transfers;
  final RowKernels rows;
  private final TableKernels tables;

  /** Factors of products, as they are rounded. */
  final Workspace rounded;

  private final LinearOps linear;

  CudaOperations(String name, Device device, CudaOptions options) {
    usage = new Usage("the backend " + name);
    context = new CudaContext(device, options.precision(), options.masks());
    work = new Work("the backend " + name, usage, context);
    rounded = new Workspace(bytes -> DeviceMemory.allocate(context, bytes), DType.F32);
    Transfers opened = null;
    try {
      KernelLibrary.loadAll(device);
      KernelLibrary library = KernelLibrary.of(device, KERNELS);
      opened = new Transfers(context, library);
      transfers = opened;
      rows = new RowKernels(context, library, !options.ownCells());
      tables = new TableKernels(context);
      linear = new LinearOps(new Products(context, rounded, false), rows);
    } catch (RuntimeException | Error e) {
      context.close();
      if (opened != null) {
        opened.close();
      }
      throw e;
    }
  }

  final void free() {
    context.close();
    transfers.close();
    rows.close();
    rounded.close();
  }

  @Override
  public void linear(int count, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor y) {
    checks.linear(count, x, weight, bias, y);
    try (Work _ = work.enter()) {
      linear.forward(count, x, weight, bias, y);
    }
  }

  @Override
  public void linearBackward(
      int count,
      Tensor x,
      Tensor weight,
      Tensor dy,
      @Nullable Tensor dx,
      Tensor dWeight,
      @Nullable Tensor dBias) {
    checks.linearBackward(count, x, weight, dy, dx, dWeight, dBias);
    try (Work _ = work.enter()) {
      linear.backward(count, x, weight, dy, dx, dWeight, dBias);
    }
  }

  @Override
  public void embedding(int count, Tensor ids, Tensor table, Tensor y) {
    checks.embedding(count, ids, table, y);
    try (Work _ = work.enter()) {
      rows.embedding(count, ids, table, y);
    }
  }

  @Override
  public void embeddingBackward(int count, Tensor ids, Tensor dy, Tensor dTable, int padding) {
    checks.embeddingBackward(count, ids, dy, dTable);
    try (Work _ = work.enter()) {
      rows.embeddingBackward(count, ids, dy, dTable, padding);
    }
  }

  @Override
  public void limitRows(int count, Tensor ids, double maxNorm, Tensor table, Tensor marks) {
    checks.limitRows(count, ids, maxNorm, table, marks);
    try (Work _ = work.enter()) {
      tables.limit(count, ids, maxNorm, table, marks);
    }
  }

  @Override
  public void dropout(long size, Tensor x, Tensor y, double rate, MaskKey key) {
    checks.dropout(size, x, y, rate, key);
    try (Work _ = work.enter()) {
      rows.dropout(size, x, y, rate, key);
    }
  }

  @Override
  public void copyColumns(
      int count, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    checks.copyColumns(count, from, fromColumn, to, toColumn, columns);
    try (Work _ = work.enter()) {
      rows.copyColumns(count, from, fromColumn, to, toColumn, columns);
    }
  }

  @Override
  public Feedback feedback(FeedbackIo io) {
    io.check(DType.F32);
    try (Work _ = work.enter()) {
      return new CudaFeedback(context, work, io);
    }
  }

  @Override
  public RowActivation activation(Activation function, ActivationIo io) {
    io.check(DType.F32);
    try (Work _ = work.enter()) {
      return new CudaActivation(context, work, function, io);
    }
  }

  @Override
  public Attention attention(AttentionSpec spec, AttentionIo io) {
    io.check(spec, DType.F32);
    try (Work _ = work.enter()) {
      return new CudaAttention(context, work, rows, spec, io);
    }
  }

  @Override
  public BatchNormalization batchNorm(double epsilon, double momentum, BatchNormIo io) {
    io.check(epsilon, momentum, DType.F32);
    try (Work _ = work.enter()) {
      return new CudaBatchNorm(context, work, epsilon, momentum, io);
    }
  }

  @Override
  public Unfolding unfold(UnfoldSpec spec, UnfoldIo io) {
    io.check(spec, DType.F32);
    try (Work _ = work.enter()) {
      return new CudaUnfolding(context, work, spec, io);
    }
  }

  @Override
  public RowPooling pooling(PoolingKind kind, PoolingIo io) {
    io.check(kind, DType.F32);
    try (Work _ = work.enter()) {
      return new CudaPooling(context, work, io);
    }
  }

  @Override
  public InputDecay inputDecay(InputDecayIo io) {
    io.check(DType.F32);
    try (Work _ = work.enter()) {
      return new CudaInputDecay(context, work, rows, io);
    }
  }

  @Override
  public void addColumns(
      int count, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    checks.addColumns(count, from, fromColumn, to, toColumn, columns);
    try (Work _ = work.enter()) {
      rows.addColumns(count, from, fromColumn, to, toColumn, columns);
    }
  }

  @Override
  public void softmaxCrossEntropy(
      int count,
      Tensor logits,
      Tensor targets,
      @Nullable Tensor weights,
      double smoothing,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dLogits) {
    checks.softmaxCrossEntropy(count, logits, targets, weights, smoothing, scale, loss, dLogits);
    try (Work _ = work.enter()) {
      rows.softmaxCrossEntropy(count, logits, targets, weights, smoothing, scale, loss, dLogits);
    }
  }

  @Override
  public void hardest(int count, Tensor logits, Tensor targets, double fraction, Tensor kept) {
    checks.hardest(count, logits, targets, fraction, kept);
    try (Work _ = work.enter()) {
      rows.hardest(count, logits, targets, fraction, kept);
    }
  }

  @Override
  public void elementLoss(
      ElementLoss rule,
      int count,
      Tensor prediction,
      Tensor target,
      @Nullable Tensor rowWeights,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dPrediction) {
    checks.elementLoss(rule, count, prediction, target, rowWeights, scale, loss, dPrediction);
    try (Work _ = work.enter()) {
      rows.elementLoss(rule, count, prediction, target, rowWeights, scale, loss, dPrediction);
    }
  }

  @Override
  public void ctc(int t, int n, CtcIo io) {
    ctcChecks.check(t, n, io);
    try (Work _ = work.enter()) {
      rows.ctc(t, n, io);
    }
  }
}
