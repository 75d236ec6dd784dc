package dev.gatun.backend.cpu;

import dev.gatun.backend.Backend;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
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
public final class CpuBackend extends CpuOperations implements Backend {
  private final RecurrentChecks recurrentChecks = new RecurrentChecks(DType.F32);
  private final LongFunction<HostMemory> allocator;

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
    super(threads, choice == null ? ProductChoice.ofMachine() : choice);
    this.allocator = allocator;
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
  public void prepareUpdate(Tensor gradients, double maxNorm, Tensor control) {
    checks.prepareUpdate(gradients, maxNorm, control);
    flat.prepareUpdate(gradients, maxNorm, control);
  }

  @Override
  public WeightOperations weights() {
    usage.check();
    return new CpuWeightOperations(team, usage);
  }

  @Override
  public Updater updater(UpdateRule rule, UpdateTensors tensors, List<UpdatePart> parts) {
    checks.updater(rule, tensors, parts);
    usage.check();
    return new CpuUpdater(team, usage, rule, tensors, parts);
  }

  @Override
  public void close() {
    if (usage.close()) {
      WarmUp.close();
      free();
    }
  }
}
