package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Gates;
import dev.gatun.backend.MaskKey;
import dev.gatun.data.Batch;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A model ready to run: every activation, gradient and scratch buffer is reserved for the largest
 * time T and batch N, calls take any t &lt;= T and n &lt;= N and allocate nothing (but a few
 * objects the first time they see a {@link Batch} object). Tensors are laid out for the t and n of
 * the last call: a dense prefix. For one thread at a time.
 */
public final class Plan implements AutoCloseable {
  private final ModelSpec model;
  final Backend backend;
  private final PlanSpec spec;
  final Usage usage;
  private final Workspace workspace;
  private final Workspace host = Workspace.host(DType.F64);
  final LayerStack layers;
  private final Tensor input;
  private final @Nullable Tensor inputGradient;
  private final @Nullable Tensor lengths;
  private final Tensor hostStep;
  private final Tensor step;
  final @Nullable BoundLoss loss;
  private final CarriedState state = new CarriedState();
  private final BatchBindings bindings;
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
    this.backend = backend;
    this.spec = spec;
    Usage on = parameters.usageBy(backend);
    usage = new Usage("the plan", on);
    workspace = backend.workspace();
    layers = new LayerStack(parameters);
    on.enter();
    try {
      Signal in = model.input();
      input = workspace.tensor(in.dtype(backend.real()), in.shape(spec.maxTime(), spec.maxBatch()));
      inputGradient = spec.inputGradient(in, workspace);
      lengths = spec.ragged() ? workspace.tensor(DType.I32, spec.maxBatch()) : null;
      step = workspace.tensor(DType.I64, 1);
      hostStep = host.tensor(DType.I64, 1);
      MaskKey mask = new MaskKey(owner.seed(), 0, step);
      layers.plan(
          model,
          new PlanContext(
              backend,
              workspace,
              spec,
              in,
              in,
              input,
              inputGradient,
              lengths,
              parameters.layer(0),
              mask,
              shared),
          state);
      this.loss =
          loss == null
              ? null
              : new BoundLoss(loss, model.output(), spec, backend, workspace, host, layers);
      bindings = new BatchBindings(input, lengths, this.loss, layers.top().decoderInputs());
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    } finally {
      on.exit();
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
      stage(data, weight);
      if (data.carried() < data.time()) {
        state.runAhead(layers, data, lengths, backend, workspace);
      }
      compute(data.time(), data.size());
      if (!spec.trains()) {
        state.settle(backend);
      }
    } finally {
      usage.exit();
    }
  }

  /**
   * Records {@link #forward(Batch, double)}, {@link #backward} and more: {@link Backend#record}.
   *
   * @param data a batch of equal lengths, as the recording's first
   * @param weight as for {@link #forward(Batch, double)}
   * @param then asks the backend for more in the same recording, as an optimizer's update
   * @return for the caller to close, before this
   * @throws IllegalArgumentException if the batch is ragged
   * @throws dev.gatun.backend.DeviceException as {@link Backend#record}; the plan can be used on
   * @throws IllegalStateException in a plan for inference or without a loss
   */
  public StepRecording record(Batch data, double weight, Runnable then) {
    if (!spec.trains() || loss == null) {
      throw new IllegalStateException("only a plan for training, with a loss, has steps to record");
    }
    usage.enterAlone();
    try {
      return new StepRecording(this, data, weight, then);
    } finally {
      usage.exit();
    }
  }

  void stage(Batch data, double weight) {
    int t = data.time();
    int n = data.size();
    state.settle(backend);
    if (data.continues()) {
      CarriedState.checkContinues(model, n, batch);
    } else {
      resetState();
    }
    bindings.check(data);
    spec.checkSizes(t, n);
    bindings.copy(data, backend);
    if (loss != null) {
      loss.prepare(data, weight);
    }
  }

  void compute(int t, int n) {
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
    spec.checkSizes(t, n);
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
    layers.forward(t, n);
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
      goBack();
    } finally {
      usage.exit();
    }
  }

  void goBack() {
    backwardDue = false;
    layers.backward(time, batch);
    state.settle(backend);
  }

  /**
   * The last batch's loss: its sum divided by the positions given; 0, with gradients of zero, where
   * no position is valid. This and {@link #impossible} alone wait for a device.
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

  /** The sequences so far that no alignment was possible for ({@link CtcLoss}); else 0. */
  public long impossible() {
    return loss == null ? 0 : loss.impossible();
  }

  /** Sets the step that dropout masks depend on: to be different for each forward in training. */
  public void setStep(long value) {
    setStep(value, value);
  }

  /** The same with the update's own number, which has several forwards, for what goes by that. */
  public void setStep(long value, long update) {
    usage.enterAlone();
    try {
      hostStep.setLong(0, value);
      backend.copy(hostStep, step);
      layers.setStep(update);
    } finally {
      usage.exit();
    }
  }

  /** Starts the next {@link #forward(int, int)} from zero states. */
  public void resetState() {
    usage.enterAlone();
    try {
      state.reset(backend);
    } finally {
      usage.exit();
    }
  }

  /**
   * The carried states by layer and name, in the backend's memory: the last forward's, and what a
   * continuing one starts from. Dense for {@link #batch} sequences.
   */
  public SequencedMap<String, Tensor> state() {
    return state.named();
  }

  /** What layers looked at in the last forward, by layer and name: {@link LayerPlan#observed}. */
  public SequencedMap<String, Tensor> observed() {
    return layers.observed();
  }

  /** {@link LayerPlan#gates} of all layers, counted from below; nothing but on a reference. */
  public List<Gates> gates() {
    return layers.gates();
  }

  /** Declares that {@link #state} was written for n sequences: the next batch may continue them. */
  public void restoredState(int n) {
    spec.checkSizes(1, n);
    batch = n;
  }

  /** Whether the parameters have changed since the last forward, so that the next packs them. */
  public boolean refreshDue() {
    return layers.refreshDue();
  }

  /** Takes over what a recording's run has left: backward is done too. */
  void ran(int t, int n) {
    time = t;
    batch = n;
    backwardDue = false;
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
    return layers.top().output();
  }

  /** dL/doutput, written by the loss or the caller; null in a plan for inference. */
  public @Nullable Tensor outputGradient() {
    return layers.top().outputGradient();
  }

  /** The steps of the last forward's output: {@link #time}, or fewer after a stride. */
  public int outputTime() {
    return layers.time(time);
  }

  /** The valid steps of each sequence of the output, I32 [N]; null: all have as many. */
  public @Nullable Tensor outputLengths() {
    return layers.lengths();
  }

  /** All bytes that this plan holds. */
  public long bytes() {
    return workspace.bytes() + host.bytes() + layers.bytes();
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
    layers.close();
    workspace.close();
    host.close();
  }
}
