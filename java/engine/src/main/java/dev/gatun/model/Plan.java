package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.MaskKey;
import dev.gatun.data.Batch;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A model ready to run: every activation, gradient and scratch buffer is reserved for the largest
 * time T and batch N, calls take any t &lt;= T and n &lt;= N and allocate nothing (but a few
 * objects the first time they see a {@link Batch} object). Tensors are laid out for the t and n of
 * the last call: a dense prefix. For one thread at a time.
 */
public final class Plan implements AutoCloseable {
  /** Layer numbers of masks that each layer has to itself; {@link MaskKey} allows 2^23 in all. */
  private static final int MASKS_PER_LAYER = 1024;

  private final ModelSpec model;
  private final ParameterSet parameters;
  private final Backend backend;
  private final PlanSpec spec;
  private final Usage usage;
  private final Workspace workspace;
  private final Workspace host = Workspace.host(DType.F64);
  private final LayerPlan[] layers;
  private final Tensor input;
  private final @Nullable Tensor inputGradient;
  private final @Nullable Tensor lengths;
  private final Tensor hostStep;
  private final Tensor step;
  private final @Nullable BoundLoss loss;
  private final SequencedMap<String, Tensor> state = new LinkedHashMap<>();
  private final Tensor[] stateTensors;
  private final BatchBindings bindings;
  private long seenVersion;
  private boolean backwardDue;
  private int time;
  private int batch;

  /** On the model's own parameters and backend. */
  Plan(Model model, PlanSpec spec, @Nullable Loss loss) {
    this(model, model.parameters(), model.backend(), spec, loss, null);
  }

  /** For a session, on weights that others have too. */
  Plan(Model model, FrozenWeights shared, Backend context, PlanSpec spec) {
    this(model, shared.parameters(), context, spec, null, shared);
  }

  private Plan(
      Model owner,
      ParameterSet parameters,
      Backend backend,
      PlanSpec spec,
      @Nullable Loss loss,
      @Nullable FrozenWeights shared) {
    this.model = owner.spec();
    this.parameters = parameters;
    this.backend = backend;
    this.spec = spec;
    Usage on = parameters.usageBy(backend);
    usage = new Usage("the plan", on);
    workspace = backend.workspace();
    layers = new LayerPlan[model.stages().size()];
    on.enter();
    try {
      Signal in = model.input();
      input = workspace.tensor(in.dtype(backend.real()), in.shape(spec.maxTime(), spec.maxBatch()));
      inputGradient = inputGradient(in);
      lengths = spec.ragged() ? workspace.tensor(DType.I32, spec.maxBatch()) : null;
      step = workspace.tensor(DType.I64, 1);
      hostStep = host.tensor(DType.I64, 1);
      planLayers(owner.seed(), shared);
      stateTensors = state.values().toArray(Tensor[]::new);
      LayerPlan top = layers[layers.length - 1];
      this.loss =
          loss == null
              ? null
              : new BoundLoss(loss, model.output(), spec, backend, workspace, host, top);
      bindings = new BatchBindings(input, lengths, this.loss);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    } finally {
      on.exit();
    }
  }

  private @Nullable Tensor inputGradient(Signal in) {
    if (!spec.inputGradient()) {
      return null;
    }
    if (in.isTokens()) {
      throw new IllegalArgumentException("tokens have no gradient: the model takes " + in);
    }
    return workspace.real(in.shape(spec.maxTime(), spec.maxBatch()));
  }

  private void planLayers(long seed, @Nullable FrozenWeights shared) {
    Tensor x = input;
    Tensor dx = inputGradient;
    for (int i = 0; i < layers.length; i++) {
      ModelSpec.Stage stage = model.stages().get(i);
      String name = stage.layer().name();
      layers[i] =
          stage
              .layer()
              .plan(
                  new PlanContext(
                      backend,
                      workspace,
                      spec,
                      stage.input(),
                      stage.output(),
                      x,
                      dx,
                      lengths,
                      parameters.layer(i),
                      new MaskKey(seed, i * MASKS_PER_LAYER, step),
                      shared));
      x = layers[i].output();
      dx = layers[i].outputGradient();
      layers[i].state().forEach((key, tensor) -> state.put(name + "." + key, tensor));
    }
  }

  /** Runs a batch by itself: as {@link #forward(Batch, double)} with its own weight. */
  public void forward(Batch data) {
    forward(data, weight(data));
  }

  /** What a batch counts in its loss's mean: {@link Loss#weight}; its targets without a loss. */
  public double weight(Batch data) {
    return loss == null ? data.targetCount() : loss.weight(data);
  }

  /**
   * Runs a batch, and the loss where there is one. State is carried if the batch says that it
   * continues the one before, else it starts at zero.
   *
   * @param data the inputs, lengths and, with a loss, targets; copied
   * @param weight what the loss is divided by: the sum of {@link #weight} of all batches whose
   *     gradients one update adds up
   * @throws IllegalArgumentException if the batch is larger than the plan or of another kind
   */
  public void forward(Batch data, double weight) {
    usage.enterAlone();
    try {
      runBatch(data, weight);
    } finally {
      usage.exit();
    }
  }

  private void runBatch(Batch data, double weight) {
    int t = data.time();
    int n = data.size();
    if (data.continues()) {
      checkContinues(n);
    } else {
      resetState();
    }
    if (data.ragged() && lengths == null) {
      throw new IllegalArgumentException(
          "the batch has sequences of different lengths and the plan was made for equal ones");
    }
    checkSizes(t, n);
    bindings.copy(data, backend);
    if (lengths != null && !data.ragged()) {
      backend.fill(lengths, t);
    }
    if (loss != null) {
      loss.prepare(data, weight);
    }
    run(t, n);
    if (loss != null) {
      loss.forward(t, n);
    }
    backwardDue = true;
  }

  /**
   * Runs what the caller wrote to {@link #input} (and {@link #lengths}), without a loss. State is
   * carried from the call before unless {@link #resetState} came between.
   */
  public void forward(int t, int n) {
    checkSizes(t, n);
    usage.enterAlone();
    try {
      if (batch != 0 && n != batch) {
        resetState();
      }
      run(t, n);
      backwardDue = true;
    } finally {
      usage.exit();
    }
  }

  private void run(int t, int n) {
    backwardDue = false;
    long version = parameters.version();
    if (version != seenVersion) {
      for (LayerPlan layer : layers) {
        layer.refresh();
      }
      seenVersion = version;
    }
    for (LayerPlan layer : layers) {
      layer.forward(t, n);
    }
    time = t;
    batch = n;
  }

  /**
   * Adds the gradients of the last forward to {@link ParameterSet#gradients}; without a loss, those
   * of what the caller wrote to {@link #outputGradient}. Once for each forward: what that saved is
   * overwritten.
   *
   * @throws IllegalStateException in a plan for inference, without a forward before it, or again
   *     without another forward
   */
  public void backward() {
    if (!spec.trains() || !backwardDue) {
      throw new IllegalStateException(
          spec.trains()
              ? "backward needs a forward before it, once for each"
              : "a plan for inference has no backward");
    }
    usage.enterAlone();
    try {
      backwardDue = false;
      for (int i = layers.length - 1; i >= 0; i--) {
        layers[i].backward(time, batch);
      }
    } finally {
      usage.exit();
    }
  }

  /**
   * The last batch's loss: its sum divided by the positions given; 0, with gradients of zero, where
   * no position is valid. The only call that waits for a device.
   *
   * @throws IllegalStateException in a plan without a loss
   */
  public double loss() {
    if (loss == null) {
      throw new IllegalStateException("this plan was made without a loss");
    }
    usage.enterAlone();
    try {
      return loss.value();
    } finally {
      usage.exit();
    }
  }

  /** Sets the step that dropout masks depend on: to be different for each forward in training. */
  public void setStep(long value) {
    usage.enterAlone();
    try {
      hostStep.setLong(0, value);
      backend.copy(hostStep, step);
    } finally {
      usage.exit();
    }
  }

  /** Starts the next {@link #forward(int, int)} from zero states. */
  public void resetState() {
    usage.enterAlone();
    try {
      for (Tensor tensor : stateTensors) {
        backend.fill(tensor, 0);
      }
    } finally {
      usage.exit();
    }
  }

  /**
   * The carried states by layer and name, in the backend's memory: the last forward's, and what a
   * continuing one starts from. Dense for {@link #batch} sequences.
   */
  public SequencedMap<String, Tensor> state() {
    return Collections.unmodifiableSequencedMap(state);
  }

  /**
   * Declares that the caller has written {@link #state} for n sequences, so that the next batch may
   * continue them.
   */
  public void restoredState(int n) {
    checkSizes(1, n);
    batch = n;
  }

  private void checkContinues(int n) {
    if (!model.streams()) {
      throw new IllegalArgumentException(
          "the batch continues the one before, but the model has a layer that looks ahead in time"
              + " (bidirectional): carried state has no meaning");
    }
    if (n != batch) {
      throw new IllegalArgumentException(
          "the batch continues the one before, but has %d sequences and that had %d"
              .formatted(n, batch));
    }
  }

  private void checkSizes(int t, int n) {
    if (t < 1 || t > spec.maxTime() || n < 1 || n > spec.maxBatch()) {
      throw new IllegalArgumentException(
          "%d steps of %d sequences: the plan was made for 1 to %d and 1 to %d"
              .formatted(t, n, spec.maxTime(), spec.maxBatch()));
    }
  }

  /** What it was made for. */
  public PlanSpec spec() {
    return spec;
  }

  /** The steps t of the last forward. */
  public int time() {
    return time;
  }

  /** The sequences n of the last forward. */
  public int batch() {
    return batch;
  }

  /** The model's input, I32 [T, N] or real [T, N, C]. */
  public Tensor input() {
    return input;
  }

  /** dL/dinput after backward; null unless asked for. */
  public @Nullable Tensor inputGradient() {
    return inputGradient;
  }

  /** The valid steps of each sequence, I32 [N]; null in a plan for equal lengths. */
  public @Nullable Tensor lengths() {
    return lengths;
  }

  /** The model's output, overwritten by the next forward. */
  public Tensor output() {
    return layers[layers.length - 1].output();
  }

  /** dL/doutput, written by the loss or the caller; null in a plan for inference. */
  public @Nullable Tensor outputGradient() {
    return layers[layers.length - 1].outputGradient();
  }

  /** All bytes that this plan holds. */
  public long bytes() {
    long bytes = workspace.bytes() + host.bytes();
    for (LayerPlan layer : layers) {
      bytes += layer.bytes();
    }
    return bytes;
  }

  /**
   * Frees everything but the parameters.
   *
   * @throws IllegalStateException if a call runs on another thread
   */
  @Override
  public void close() {
    if (!usage.close()) {
      return;
    }
    for (int i = layers.length - 1; i >= 0; i--) {
      // Null where planning failed half-way.
      @Nullable LayerPlan layer = layers[i];
      if (layer != null) {
        layer.close();
      }
    }
    workspace.close();
    host.close();
  }
}
