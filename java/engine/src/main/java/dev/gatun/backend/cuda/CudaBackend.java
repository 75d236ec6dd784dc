package dev.gatun.backend.cuda;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Checks;
import dev.gatun.backend.CtcChecks;
import dev.gatun.backend.CtcIo;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.ElementLoss;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Precision;
import dev.gatun.backend.Recording;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentChecks;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.RowActivation;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.backend.WeightLayout;
import dev.gatun.backend.WeightType;
import dev.gatun.backend.cpu.CpuBackend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Memory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The GPU backend: float32 with products and stacks of a {@link Precision}, one stream of one
 * device. Operations return when they have been asked for, not when they are done; the host waits
 * only when a tensor is copied to its memory. Results have the same bits from run to run.
 *
 * <p>Another context's writes are seen by this one if they were asked for before this was forked
 * from it, or through {@link #copy}.
 */
public final class CudaBackend implements Backend {
  private static final String KERNELS = "ops.cu";

  private final Checks checks = new Checks(DType.F32);
  private final RecurrentChecks recurrentChecks = new RecurrentChecks(DType.F32);
  private final CtcChecks ctcChecks = new CtcChecks(DType.F32);
  private final String name;
  private final CudaOptions options;
  private final Usage usage;
  private final Work work;
  private final CudaContext context;
  private final Transfers transfers;
  private final CudaOps ops;
  private final LinearOps linear;
  private final Stacks stacks;

  /** Factors of products, as they are rounded. */
  private final Workspace rounded;

  /**
   * Opens a context on a device.
   *
   * @param name what it was asked for by: {@code cuda} or {@code cuda:1}
   * @param device CUDA's number of it, below the number of devices
   * @param options what it computes in, and with
   * @throws DeviceException if {@link CudaDevices#missing} names something, the device refuses, or
   *     it or cuDNN lacks the precision
   */
  public CudaBackend(String name, int device, CudaOptions options) {
    this(name, Device.open(device, options.precision()), options, new StackLayouts());
  }

  private CudaBackend(String name, Device device, CudaOptions options, StackLayouts layouts) {
    this.name = name;
    this.options = options;
    usage = new Usage("the backend " + name);
    context = new CudaContext(device, options.precision(), options.masks());
    work = new Work("the backend " + name, usage, context);
    stacks = new Stacks(context, work.usage(), options.ownCells(), layouts);
    rounded = new Workspace(bytes -> DeviceMemory.allocate(context, bytes), DType.F32);
    Transfers opened = null;
    try {
      KernelLibrary library = KernelLibrary.of(device, KERNELS);
      opened = new Transfers(context, library);
      transfers = opened;
      ops = new CudaOps(context, library, !options.ownCells());
      linear = new LinearOps(new Products(context, rounded, false), ops);
    } catch (RuntimeException | Error e) {
      context.close();
      if (opened != null) {
        opened.close();
      }
      throw e;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    return "%s: %s, %s, %s (unverified)"
        .formatted(name, context.device().kind(), precision().label(), CudaDevices.libraries());
  }

  @Override
  public DType real() {
    return DType.F32;
  }

  @Override
  public Precision precision() {
    return options.precision();
  }

  @Override
  public Usage usage() {
    return usage;
  }

  @Override
  public SequencedMap<String, Tensor> state() {
    return context.state();
  }

  @Override
  public Memory allocate(long bytes) {
    try (Work _ = work.enter()) {
      return DeviceMemory.allocate(context, bytes);
    }
  }

  @Override
  public Backend fork() {
    usage.enter(); // sessions are made on any thread
    try {
      context.enter();
      context.synchronize(); // what was written so far is there for the fork
      return new CudaBackend(name, context.device(), options, stacks.layouts());
    } finally {
      usage.exit();
    }
  }

  @Override
  public Backend openHost() {
    usage.check();
    return new CpuBackend(options.threads(), bytes -> PinnedMemory.allocate(context, bytes));
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    checks.copy(from, to);
    try (Work _ = work.enter()) {
      transfers.copy(from, to);
    }
  }

  @Override
  public void fill(Tensor tensor, double value) {
    try (Work _ = work.enter()) {
      ops.fill(tensor, value);
      DeviceMemory.filled(tensor, value);
    }
  }

  @Override
  public WeightLayout layout(RecurrentSpec spec) {
    return layoutOf(spec).weights();
  }

  private StackLayouts.Layout layoutOf(RecurrentSpec spec) {
    try (Work _ = work.enter()) {
      return stacks.layout(spec);
    }
  }

  @Override
  public Recurrent recurrent(
      RecurrentSpec spec, Tensor weights, RecurrentIo io, Mode mode, MaskKey mask) {
    StackLayouts.Layout layout = layoutOf(spec);
    recurrentChecks.plan(spec, layout.weights(), weights, io, mode, mask);
    try (Work _ = work.enter()) {
      return stacks.compile(spec, new StackWeights(weights, layout, null), io, mode, mask);
    }
  }

  @Override
  public RecurrentWeights pack(RecurrentSpec spec, Tensor weights, WeightType type) {
    StackLayouts.Layout layout = layoutOf(spec);
    recurrentChecks.pack(layout.weights(), weights);
    try (Work _ = work.enter()) {
      return stacks.pack(spec, weights, type, transfers);
    }
  }

  @Override
  public Recurrent recurrent(RecurrentWeights weights, RecurrentIo io) {
    if (!(weights instanceof CudaRecurrentWeights packed)) {
      throw new IllegalArgumentException("recurrent: the weights were packed by another backend");
    }
    recurrentChecks.plan(packed.spec(), io);
    try (Work _ = work.enter()) {
      return stacks.compile(packed.spec(), packed.values(), io, Mode.INFERENCE, null);
    }
  }

  @Override
  public void linear(int rows, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor y) {
    checks.linear(rows, x, weight, bias, y);
    try (Work _ = work.enter()) {
      linear.forward(rows, x, weight, bias, y);
    }
  }

  @Override
  public void linearBackward(
      int rows,
      Tensor x,
      Tensor weight,
      Tensor dy,
      @Nullable Tensor dx,
      Tensor dWeight,
      @Nullable Tensor dBias) {
    checks.linearBackward(rows, x, weight, dy, dx, dWeight, dBias);
    try (Work _ = work.enter()) {
      linear.backward(rows, x, weight, dy, dx, dWeight, dBias);
    }
  }

  @Override
  public void embedding(int rows, Tensor ids, Tensor table, Tensor y) {
    checks.embedding(rows, ids, table, y);
    try (Work _ = work.enter()) {
      ops.embedding(rows, ids, table, y);
    }
  }

  @Override
  public void embeddingBackward(int rows, Tensor ids, Tensor dy, Tensor dTable) {
    checks.embeddingBackward(rows, ids, dy, dTable);
    try (Work _ = work.enter()) {
      ops.embeddingBackward(rows, ids, dy, dTable);
    }
  }

  @Override
  public void dropout(long size, Tensor x, Tensor y, double rate, MaskKey key) {
    checks.dropout(size, x, y, rate, key);
    try (Work _ = work.enter()) {
      ops.dropout(size, x, y, rate, key);
    }
  }

  @Override
  public void copyColumns(
      int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    checks.copyColumns(rows, from, fromColumn, to, toColumn, columns);
    try (Work _ = work.enter()) {
      ops.copyColumns(rows, from, fromColumn, to, toColumn, columns);
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
  public void addColumns(
      int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    checks.addColumns(rows, from, fromColumn, to, toColumn, columns);
    try (Work _ = work.enter()) {
      ops.addColumns(rows, from, fromColumn, to, toColumn, columns);
    }
  }

  @Override
  public void softmaxCrossEntropy(
      int rows,
      Tensor logits,
      Tensor targets,
      @Nullable Tensor weights,
      double smoothing,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dLogits) {
    checks.softmaxCrossEntropy(rows, logits, targets, weights, smoothing, scale, loss, dLogits);
    try (Work _ = work.enter()) {
      ops.softmaxCrossEntropy(rows, logits, targets, weights, smoothing, scale, loss, dLogits);
    }
  }

  @Override
  public void elementLoss(
      ElementLoss rule,
      int rows,
      Tensor prediction,
      Tensor target,
      @Nullable Tensor rowWeights,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dPrediction) {
    checks.elementLoss(rule, rows, prediction, target, rowWeights, scale, loss, dPrediction);
    try (Work _ = work.enter()) {
      ops.elementLoss(rule, rows, prediction, target, rowWeights, scale, loss, dPrediction);
    }
  }

  @Override
  public void ctc(int t, int n, CtcIo io) {
    ctcChecks.check(t, n, io);
    try (Work _ = work.enter()) {
      ops.ctc(t, n, io);
    }
  }

  @Override
  public void prepareUpdate(Tensor gradients, double maxNorm, Tensor control) {
    checks.prepareUpdate(gradients, maxNorm, control);
    try (Work _ = work.enter()) {
      ops.prepareUpdate(gradients, maxNorm, control);
    }
  }

  @Override
  public void adjustLossScale(Tensor control) {
    LossScale scale = context.lossScale();
    if (scale != null) {
      try (Work _ = work.enter()) {
        scale.adjust(control);
      }
    }
  }

  @Override
  public double lossScale() {
    LossScale scale = context.lossScale();
    try (Work _ = work.enter()) {
      return scale == null ? 1 : scale.read(transfers);
    }
  }

  @Override
  public Updater updater(UpdateRule rule, UpdateTensors tensors, List<UpdatePart> parts) {
    checks.updater(rule, tensors, parts);
    try (Work _ = work.enter()) {
      return new CudaUpdater(context, work.usage(), transfers, workspace(), rule, tensors, parts);
    }
  }

  @Override
  public boolean hasGraphs() {
    return true;
  }

  @Override
  public Recording record(Runnable recorded) {
    try (Work _ = work.enter()) {
      context.refuseInRecording("another recording");
      return Graph.capture(context, work.usage(), recorded);
    }
  }

  /** Waits for the stream and frees it; memory it allocated stays valid. */
  @Override
  public void close() {
    if (usage.close()) {
      context.close();
      transfers.close();
      ops.close();
      rounded.close();
    }
  }
}
