package dev.gatun.tests.support;

import dev.gatun.backend.Backend;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.backend.WeightLayout;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A recurrent plan with all its tensors. */
public final class Stack implements AutoCloseable {
  /** The optional tensors. */
  public enum Part {
    LENGTHS,
    INITIAL,
    DY,
    D_LAST,
    DX,
    D_INITIAL
  }

  private static final long MASK_SEED = 0x5EED_0000_1234L;
  private static final int MASK_LAYER = 7;

  public final Backend backend;
  public final RecurrentSpec spec;

  /** Where the weights lie in their block, and their gradients in theirs. */
  public final WeightLayout layout;

  public final Tensor weights;
  public final RecurrentIo io;
  public final RecurrentIo.Gradients gradients;

  /** I64 [1], the step of the dropout masks. */
  public final Tensor maskStep;

  public final Recurrent plan;
  private final Workspace workspace;

  /** A plan with every optional tensor. */
  public static Stack full(Backend backend, RecurrentSpec spec, int t, int n) {
    return new Stack(backend, spec, t, n, Mode.TRAINING, EnumSet.allOf(Part.class));
  }

  /** A plan with every optional tensor whose first layer's states decay. */
  public static Stack decayed(Backend backend, RecurrentSpec spec, int t, int n) {
    return new Stack(backend, spec, t, n, Mode.TRAINING, EnumSet.allOf(Part.class), true);
  }

  /** A plan with some of the optional tensors. */
  public Stack(Backend backend, RecurrentSpec spec, int t, int n, Mode mode, Set<Part> parts) {
    this(backend, spec, t, n, mode, parts, false);
  }

  /** The same, whose first layer's states may decay. */
  public Stack(
      Backend backend,
      RecurrentSpec spec,
      int t,
      int n,
      Mode mode,
      Set<Part> parts,
      boolean decays) {
    this.backend = backend;
    this.spec = spec;
    workspace = backend.workspace();
    layout = backend.layout(spec);
    weights = workspace.real(layout.size());
    maskStep = workspace.tensor(DType.I64, 1);
    Tensor lengths = parts.contains(Part.LENGTHS) ? workspace.tensor(DType.I32, n) : null;
    if (lengths != null) {
      backend.fill(lengths, t);
    }
    gradients =
        new RecurrentIo.Gradients(
            parts.contains(Part.DY) ? workspace.real(t, n, spec.outputSize()) : null,
            parts.contains(Part.D_LAST) ? state(n) : null,
            parts.contains(Part.DX) ? workspace.real(t, n, spec.inputSize()) : null,
            parts.contains(Part.D_INITIAL) ? state(n) : null,
            workspace.real(layout.size()));
    io =
        new RecurrentIo(
            workspace.real(t, n, spec.inputSize()),
            lengths,
            parts.contains(Part.INITIAL) ? state(n) : null,
            workspace.real(t, n, spec.outputSize()),
            state(n),
            mode == Mode.TRAINING ? gradients : null,
            decays ? decay(t, n, mode) : null);
    plan = backend.recurrent(spec, weights, io, mode, new MaskKey(MASK_SEED, MASK_LAYER, maskStep));
  }

  private RecurrentIo.Decay decay(int t, int n, Mode mode) {
    Tensor gradient = mode == Mode.TRAINING ? workspace.real(t, n, spec.stateSize()) : null;
    return new RecurrentIo.Decay(workspace.real(t, n, spec.stateSize()), gradient);
  }

  private RecurrentIo.State state(int n) {
    long rows = (long) spec.layers() * spec.directions();
    return new RecurrentIo.State(
        workspace.real(rows, n, spec.stateSize()),
        spec.cell().hasCellState() ? workspace.real(rows, n, spec.hiddenSize()) : null);
  }

  /**
   * Sets weights as PyTorch initialises them (uniform in 1 / sqrt(H), which keeps the spectral
   * radius of the recurrent ones below 1) and random inputs, initial states and seeds of backward.
   */
  public Stack randomize(RandomGenerator random) {
    double bound = 1 / Math.sqrt(spec.hiddenSize());
    for (WeightView view : layout.weights()) {
      Numbers.fill(backend, random, weight(view), bound);
    }
    given()
        .forEach(
            (name, tensor) -> Numbers.fill(backend, random, tensor, name.equals("x") ? 1.5 : 0.8));
    if (io.decay() != null) {
      set("z", Arrays.stream(read("z")).map(Math::abs).toArray());
    }
    plan.refresh();
    return this;
  }

  /** Sets the lengths. */
  public Stack lengths(int... values) {
    Tensor lengths = io.lengths();
    if (lengths == null) {
      throw new IllegalStateException("this stack has no lengths");
    }
    Host.write(
        backend, lengths.view(0, values.length), Arrays.stream(values).asDoubleStream().toArray());
    return this;
  }

  /** Sets the step of the masks. */
  public Stack step(long step) {
    Host.write(backend, maskStep, (double) step);
    return this;
  }

  /** Sets one of {@link #given}. */
  public Stack set(String name, double... values) {
    Host.write(backend, tensor(name), values);
    return this;
  }

  /** The values of one of {@link #given} or {@link #written}. */
  public double[] read(String name) {
    return Host.read(backend, tensor(name));
  }

  /** One of the weights. */
  public Tensor weight(WeightView view) {
    return weights.view(view.offset(), view.shape());
  }

  /** The gradient of one of the weights. */
  public Tensor gradient(WeightView view) {
    return gradients.dWeights().view(view.offset(), view.shape());
  }

  /** Sets all weights, in PyTorch's order. */
  public Stack weights(double... values) {
    int at = 0;
    for (WeightView view : layout.weights()) {
      int end = at + Math.toIntExact(view.size());
      Host.write(backend, weight(view), Arrays.copyOfRange(values, at, end));
      at = end;
    }
    return this;
  }

  /** All weights, in PyTorch's order. */
  public double[] weights() {
    return joined(this::weight);
  }

  /** The gradients of all weights, in PyTorch's order. */
  public double[] dWeights() {
    return joined(this::gradient);
  }

  private double[] joined(Function<WeightView, Tensor> part) {
    return layout.weights().stream()
        .flatMapToDouble(view -> Arrays.stream(Host.read(backend, part.apply(view))))
        .toArray();
  }

  /** The real tensors that are read, but the weights, by the goldens' names. */
  public Map<String, Tensor> given() {
    Map<String, Tensor> named = new LinkedHashMap<>();
    named.put("x", io.x());
    put(named, "h0", "c0", io.initial());
    put(named, "dy", gradients.dy());
    put(named, "dhn", "dcn", gradients.dLast());
    put(named, "z", io.decay() == null ? null : io.decay().exponents());
    return named;
  }

  /** The tensors that are written, but the gradients of the weights, by the goldens' names. */
  public Map<String, Tensor> written() {
    Map<String, Tensor> named = new LinkedHashMap<>();
    named.put("y", io.y());
    put(named, "hn", "cn", io.last());
    put(named, "dx", gradients.dx());
    put(named, "dh0", "dc0", gradients.dInitial());
    put(named, "dz", io.decay() == null ? null : io.decay().gradient());
    return named;
  }

  /** One of {@link #given} or {@link #written}. */
  public Tensor tensor(String name) {
    Tensor tensor = given().getOrDefault(name, written().get(name));
    if (tensor == null) {
      throw new IllegalArgumentException("this stack has no " + name);
    }
    return tensor;
  }

  private static void put(
      Map<String, Tensor> named, String h, String c, RecurrentIo.@Nullable State state) {
    if (state != null) {
      named.put(h, state.h());
      put(named, c, state.c());
    }
  }

  private static void put(Map<String, Tensor> named, String name, @Nullable Tensor tensor) {
    if (tensor != null) {
      named.put(name, tensor);
    }
  }

  /** Copies weights, inputs, lengths, seeds and the mask's step from another stack. */
  public Stack copyGiven(Stack from) {
    weights(from.weights());
    copy(from, from.maskStep, maskStep);
    Map<String, Tensor> theirs = from.given();
    given().forEach((name, tensor) -> copy(from, theirs.get(name), tensor));
    Tensor lengths = io.lengths();
    if (lengths != null) {
      copy(from, from.io.lengths(), lengths);
    }
    plan.refresh();
    return this;
  }

  private void copy(Stack owner, @Nullable Tensor from, Tensor to) {
    if (from == null || from.size() != to.size()) {
      throw new IllegalStateException("nothing of the size of " + to + " to copy: " + from);
    }
    Host.write(backend, to, Host.read(owner.backend, from));
  }

  @Override
  public void close() {
    plan.close();
    workspace.close();
  }
}
