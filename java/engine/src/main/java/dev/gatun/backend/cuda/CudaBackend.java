package dev.gatun.backend.cuda;

import dev.gatun.backend.Backend;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Precision;
import dev.gatun.backend.Recording;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentChecks;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.backend.WeightLayout;
import dev.gatun.backend.WeightOperations;
import dev.gatun.backend.WeightType;
import dev.gatun.backend.cpu.CpuBackend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Memory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import java.util.List;
import java.util.SequencedMap;

/**
 * The GPU backend: float32 with products and stacks of a {@link Precision}, one stream of one
 * device. Operations return when they have been asked for, not when they are done; the host waits
 * only when a tensor is copied to its memory. Results have the same bits from run to run.
 *
 * <p>Another context's writes are seen by this one if they were asked for before this was forked
 * from it, or through {@link #copy}.
 */
public final class CudaBackend extends CudaOperations implements Backend {
  private final RecurrentChecks recurrentChecks = new RecurrentChecks(DType.F32);
  private final String name;
  private final CudaOptions options;
  private final Stacks stacks;

  /**
   * Opens a context on a device.
   *
   * @param name what it was asked for by: {@code cuda} or {@code cuda:1}
   * @param device CUDA's number of it, below the number of devices
   * @param options what it computes in, and with
   * @throws DeviceException if {@link CudaDevices#missing} names something, the device refuses, it
   *     or cuDNN lacks the precision, or a kernel does not compile for it
   * @throws dev.gatun.backend.SettingException if a setting of cuDNN's is unknown
   */
  public CudaBackend(String name, int device, CudaOptions options) {
    RnnAlgorithm.checkSetting();
    CellSteps.setting(); // refuses an unknown one before there is a stack
    this(
        name,
        Device.open(device, options.precision()),
        options,
        new Stacks.Shared(new StackLayouts(), new StackChoices()));
  }

  private CudaBackend(String name, Device device, CudaOptions options, Stacks.Shared shared) {
    super(name, device, options);
    this.name = name;
    this.options = options;
    stacks = new Stacks(context, work.usage(), options, transfers, shared);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    return "%s: %s, %s, %s%s (unverified)"
        .formatted(
            name,
            context.device().kind(),
            precision().label(),
            CudaDevices.libraries(),
            stacks.measures() ? ", algorithms measured" : "");
  }

  /** The way of each shape of stack that has been planned, where that is measured. */
  @Override
  public String choices() {
    return stacks.measures() ? stacks.choices().record() : "";
  }

  /** Where it is measured; stacks that are planned already follow with their next forward. */
  @Override
  public void reproduce(String choices) {
    try (Work _ = work.enter()) {
      if (stacks.measures()) {
        stacks.choices().reproduce(choices, context);
      }
    }
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
      return new CudaBackend(name, context.device(), options, stacks.shared());
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
      rows.fill(tensor, value);
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
      StackWeights read = new StackWeights(weights, layout, null);
      return stacks.compile(new StackPlan(spec, read, io, mode, mask));
    }
  }

  @Override
  public RecurrentWeights pack(RecurrentSpec spec, Tensor weights, WeightType type) {
    StackLayouts.Layout layout = layoutOf(spec);
    recurrentChecks.pack(layout.weights(), weights);
    try (Work _ = work.enter()) {
      return stacks.pack(spec, weights, type);
    }
  }

  @Override
  public Recurrent recurrent(RecurrentWeights weights, RecurrentIo io) {
    if (!(weights instanceof CudaRecurrentWeights packed)) {
      throw new IllegalArgumentException("recurrent: the weights were packed by another backend");
    }
    recurrentChecks.plan(packed.spec(), io);
    try (Work _ = work.enter()) {
      return stacks.compile(
          new StackPlan(packed.spec(), packed.values(), io, Mode.INFERENCE, null));
    }
  }

  @Override
  public void prepareUpdate(Tensor gradients, double maxNorm, Tensor control) {
    checks.prepareUpdate(gradients, maxNorm, control);
    try (Work _ = work.enter()) {
      rows.prepareUpdate(gradients, maxNorm, control);
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
  public WeightOperations weights() {
    try (Work _ = work.enter()) {
      return new CudaWeightOperations(context, work, workspace());
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
      free();
    }
  }
}
