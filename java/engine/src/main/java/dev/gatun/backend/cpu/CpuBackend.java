package dev.gatun.backend.cpu;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Checks;
import dev.gatun.backend.CtcIo;
import dev.gatun.backend.ElementLoss;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
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
import dev.gatun.bindings.OpenBlas;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Species;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.HostMemory;
import dev.gatun.tensor.Memory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import java.util.List;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The CPU backend: float32, Vector API kernels for everything but the large products, which are
 * OpenBLAS's unless {@link ProductChoice} says otherwise. Results have the same bits for any number
 * of threads: work is divided by shape.
 */
public final class CpuBackend implements Backend {
  private final Checks checks = new Checks(DType.F32);
  private final RecurrentChecks recurrentChecks = new RecurrentChecks(DType.F32);
  private final Usage usage = new Usage("the backend cpu");
  private final LongFunction<HostMemory> allocator;
  private final Team team;
  private final Products products;
  private final FlatOps flat;
  private final RowOps rows;
  private final CtcOps ctc;

  /**
   * Starts a context with its own team.
   *
   * @param threads threads that work on an operation, the calling one included, at least 1
   * @throws dev.gatun.bindings.LibraryUnavailableException if OpenBLAS cannot be loaded
   * @throws IllegalArgumentException for fewer threads, or if {@code gatun.products} is no choice
   */
  public CpuBackend(int threads) {
    this(threads, null, HostMemory::allocate);
  }

  /**
   * As {@link #CpuBackend(int)}, for updates on behalf of a device.
   *
   * @param allocator gives host memory, zeroed and aligned as {@link HostMemory}
   */
  public CpuBackend(int threads, LongFunction<HostMemory> allocator) {
    this(threads, null, allocator);
    WarmUp.updates();
  }

  /** As {@link #CpuBackend(int)}, with the choice of another context. */
  private CpuBackend(
      int threads, @Nullable ProductChoice choice, LongFunction<HostMemory> allocator) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads " + threads + " must be at least 1");
    }
    OpenBlas.require();
    ProductChoice engines = choice == null ? ProductChoice.ofMachine() : choice;
    this.allocator = allocator;
    team = new Team(threads, usage);
    products = new Products(team, engines);
    flat = new FlatOps(team);
    rows = new RowOps(team);
    ctc = new CtcOps(team, usage);
    WarmUp.open();
  }

  Team team() {
    return team;
  }

  Products products() {
    return products;
  }

  FlatOps flat() {
    return flat;
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public String description() {
    return "cpu: %d thread%s, %d-bit vectors, OpenBLAS %s kernels, products by %s"
        .formatted(
            team.threads(),
            team.threads() == 1 ? "" : "s",
            Species.bits(),
            OpenBlas.core(),
            products.choice());
  }

  @Override
  public String choices() {
    return products.choice().toString();
  }

  @Override
  public void reproduce(String choices) {
    usage.check();
    ProductChoice recorded = ProductChoice.parse(choices);
    if (recorded != null && ProductChoice.set() == null) {
      products.choose(recorded);
    }
  }

  @Override
  public DType real() {
    return DType.F32;
  }

  @Override
  public Usage usage() {
    return usage;
  }

  @Override
  public Memory allocate(long bytes) {
    usage.check();
    return allocator.apply(bytes);
  }

  @Override
  public Backend fork() {
    usage.check();
    return new CpuBackend(1, products.choice(), allocator);
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    checks.copy(from, to);
    if (from.dtype() == to.dtype()) {
      Columns.copyBits(from.size() * from.dtype().bytes(), from.address(), to.address());
      return;
    }
    for (long i = 0; i < from.size(); i++) {
      to.set(i, from.get(i));
    }
  }

  @Override
  public void fill(Tensor tensor, double value) {
    if (tensor.dtype() == DType.F32) {
      Elementwise.fill(tensor.size(), tensor.address(), (float) value);
      return;
    }
    for (long i = 0; i < tensor.size(); i++) {
      tensor.set(i, value);
    }
  }

  @Override
  public Recurrent recurrent(
      RecurrentSpec spec, Tensor weights, RecurrentIo io, Mode mode, MaskKey mask) {
    usage.check();
    recurrentChecks.plan(spec, weights, io, mode, mask);
    WarmUp.plan(spec, mode);
    boolean inputGradient = io.gradients() != null && io.gradients().dx() != null;
    CpuRecurrentWeights packed =
        new CpuRecurrentWeights(
            workspace(), spec, WeightType.FLOAT32, mode == Mode.TRAINING, inputGradient);
    try {
      packed.pack(weights.address());
      return new CpuRecurrent(this, packed, weights, io, mode, mask);
    } catch (RuntimeException | Error e) {
      packed.close();
      throw e;
    }
  }

  @Override
  public RecurrentWeights pack(RecurrentSpec spec, Tensor weights, WeightType type) {
    usage.check();
    recurrentChecks.pack(WeightLayout.packed(spec), weights);
    CpuRecurrentWeights packed = new CpuRecurrentWeights(workspace(), spec, type);
    packed.pack(weights.address());
    return packed;
  }

  @Override
  public Recurrent recurrent(RecurrentWeights weights, RecurrentIo io) {
    usage.check();
    if (!(weights instanceof CpuRecurrentWeights packed)) {
      throw new IllegalArgumentException("recurrent: the weights were packed by another backend");
    }
    recurrentChecks.plan(packed.spec(), io);
    WarmUp.plan(packed.spec(), Mode.INFERENCE);
    return new CpuRecurrent(this, packed, null, io, Mode.INFERENCE, null);
  }

  @Override
  public void linear(int count, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor y) {
    checks.linear(count, x, weight, bias, y);
    if (count == 0) {
      return;
    }
    int o = (int) weight.dim(0);
    int k = (int) weight.dim(1);
    products.forward(count, o, k, x.address(), weight.address(), addressOf(bias), y.address());
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
    if (count == 0) {
      return;
    }
    int o = (int) weight.dim(0);
    int k = (int) weight.dim(1);
    products.weightGradient(count, o, k, dy.address(), o, x.address(), k, dWeight.address());
    if (dBias != null) {
      products.columnSum(count, o, dy.address(), o, dBias.address());
    }
    if (dx != null) {
      products.inputGradient(count, o, k, dy.address(), weight.address(), dx.address(), false);
    }
  }

  @Override
  public void embedding(int count, Tensor ids, Tensor table, Tensor y) {
    checks.embedding(count, ids, table, y);
    rows.gather(count, ids.address(), (int) table.dim(1), table.address(), y.address());
  }

  @Override
  public void embeddingBackward(int count, Tensor ids, Tensor dy, Tensor dTable) {
    checks.embeddingBackward(count, ids, dy, dTable);
    rows.scatterAdd(count, ids.address(), (int) dTable.dim(1), dy.address(), dTable.address());
  }

  @Override
  public void dropout(long size, Tensor x, Tensor y, double rate, MaskKey key) {
    checks.dropout(size, x, y, rate, key);
    flat.dropout(size, x.address(), y.address(), rate, key);
  }

  @Override
  public void copyColumns(
      int count, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    checks.copyColumns(count, from, fromColumn, to, toColumn, columns);
    Columns.copy(count, from, fromColumn, to, toColumn, columns);
  }

  @Override
  public RowActivation activation(Activation function, ActivationIo io) {
    io.check(DType.F32);
    return new CpuActivation(team, usage, function, io);
  }

  @Override
  public void addColumns(
      int count, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    checks.addColumns(count, from, fromColumn, to, toColumn, columns);
    Columns.add(count, from, fromColumn, to, toColumn, columns);
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
    double factor = scale.get(0);
    // It writes to memory that close frees.
    usage.enter();
    try {
      double sum =
          rows.softmaxCrossEntropy(
              count,
              (int) logits.dim(-1),
              logits.address(),
              targets.address(),
              addressOf(weights),
              smoothing,
              addressOf(dLogits),
              (float) factor);
      loss.set(0, sum * factor);
    } finally {
      usage.exit();
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
    double factor = scale.get(0);
    double sum =
        rows.elementLoss(
            rule,
            count,
            (int) prediction.dim(-1),
            prediction.address(),
            target.address(),
            addressOf(rowWeights),
            addressOf(dPrediction),
            (float) factor);
    loss.set(0, sum * factor);
  }

  @Override
  public void ctc(int t, int n, CtcIo io) {
    ctc.run(t, n, io);
  }

  @Override
  public void prepareUpdate(Tensor gradients, double maxNorm, Tensor control) {
    checks.prepareUpdate(gradients, maxNorm, control);
    flat.prepareUpdate(gradients, maxNorm, control);
  }

  @Override
  public Updater updater(UpdateRule rule, UpdateTensors tensors, List<UpdatePart> parts) {
    checks.updater(rule, tensors, parts);
    usage.check();
    return new CpuUpdater(team, usage, rule, tensors, parts);
  }

  private static long addressOf(@Nullable Tensor tensor) {
    return tensor == null ? 0 : tensor.address();
  }

  @Override
  public void close() {
    if (usage.close()) {
      WarmUp.close();
      team.close();
      products.close();
      rows.close();
      ctc.close();
    }
  }
}
