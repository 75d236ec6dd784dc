package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/**
 * The recurrent stacks of a context: by cuDNN where it can express one, else by our own kernels.
 */
final class Stacks {
  private final CudaContext context;
  private final Usage usage;
  private final CudaOptions options;
  private final Transfers transfers;
  private final Shared shared;

  /**
   * What a context and those that were forked from it have in common.
   *
   * @param layouts where weights lie
   * @param choices what stacks are computed by, where that is measured
   */
  record Shared(StackLayouts layouts, StackChoices choices) {}

  /**
   * Stacks of a context.
   *
   * @param usage of the backend, which stays open while one works
   */
  Stacks(
      CudaContext context, Usage usage, CudaOptions options, Transfers transfers, Shared shared) {
    this.context = context;
    this.usage = usage;
    this.options = options;
    this.transfers = transfers;
    this.shared = shared;
  }

  Shared shared() {
    return shared;
  }

  StackChoices choices() {
    return shared.choices;
  }

  StackLayouts.Layout layout(RecurrentSpec spec) {
    return shared.layouts.of(context, spec);
  }

  /** An empty one, in the context's memory. */
  Workspace workspace() {
    return new Workspace(bytes -> DeviceMemory.allocate(context, bytes), DType.F32);
  }

  boolean isRecording() {
    return context.isRecording();
  }

  /** Whether what computes a stack is measured. */
  boolean measures() {
    return !options.ownCells() && RnnAlgorithm.measured(options.algorithms());
  }

  /** Does what plans of this context do beside their calls. */
  void work(Runnable what) {
    usage.enter();
    try {
      context.enter();
      what.run();
    } finally {
      usage.exit();
    }
  }

  /** Plans a stack. */
  Recurrent compile(StackPlan plan) {
    RecurrentSpec spec = plan.spec();
    int t = Math.toIntExact(plan.io().x().dim(0));
    PersistentShape persistent = persistent(plan);
    if (persistent != null) {
      return cells(plan, persistent);
    }
    if (options.ownCells() || plan.io().decay() != null) {
      return open(plan, StackMethod.OWN_CELLS, false);
    }
    StackShape shape = StackShape.of(context, plan);
    if (!shape.ours()) {
      checkSizes(spec, Math.min(t, RnnDescriptor.MOST_STEPS), plan.io().x().dim(1));
    }
    if (measures()) {
      return new MeasuredRecurrent(this, plan, shape);
    }
    if (shape.ours()) {
      return open(plan, StackMethod.OWN_CELLS, false);
    }
    RnnAlgorithm set = RnnAlgorithm.set(spec, plan.mode(), t, context.device().capability());
    return open(plan, StackMethod.of(set, shape.separate()), false);
  }

  /** What computes a shape here; measured if nobody knows. */
  StackMethod choose(StackShape shape) {
    return choices().of(shape, context, dropped -> measure(shape, dropped));
  }

  private MethodTimes measure(StackShape shape, StringBuilder dropped) {
    try (StackTrial trial = new StackTrial(this, context, transfers, shape)) {
      return trial.run(dropped);
    }
  }

  /**
   * Plans a stack a way that {@link StackMethod#takes} it.
   *
   * @param strict whether what cuDNN or the device does not support is an error
   */
  Recurrent open(StackPlan plan, StackMethod method, boolean strict) {
    if (method == StackMethod.OWN_CELLS) {
      return cells(plan, null);
    }
    if (method == StackMethod.PERSISTENT_CELLS) {
      String obstacle = PersistentShape.obstacle(plan, context);
      if (obstacle != null && strict) {
        throw new DeviceException(obstacle);
      }
      return cells(plan, obstacle == null ? PersistentShape.of(plan, context) : null);
    }
    return new CudnnRecurrent(context, usage, workspace(), plan, method, strict);
  }

  private Recurrent cells(StackPlan plan, @Nullable PersistentShape shape) {
    return new CellRecurrent(context, usage, workspace(), plan, shape);
  }

  /** How all steps of a layer are one launch, where the setting asks for it and it can be. */
  private @Nullable PersistentShape persistent(StackPlan plan) {
    if (CellSteps.setting() == CellSteps.STEPWISE) {
      return null;
    }
    String obstacle = PersistentShape.obstacle(plan, context);
    if (obstacle == null) {
      return PersistentShape.of(plan, context);
    }
    System.getLogger(Stacks.class.getName())
        .log(System.Logger.Level.INFO, "no persistent cells: {0}, for {1}", obstacle, plan.spec());
    return null;
  }

  /** cuDNN counts the elements of a tensor by an int: those of sequences and those of states. */
  private static void checkSizes(RecurrentSpec spec, long t, long n) {
    long width = Math.max(spec.inputSize(), spec.outputSize());
    long states = (long) spec.layers() * spec.directions() * spec.hiddenSize();
    long most = Integer.MAX_VALUE / Math.max(t * width, states);
    if (n > most) {
      throw new IllegalArgumentException(
          ("recurrent: of %d steps with %d features, and states of %d, cuDNN counts the 2^31 - 1"
                  + " elements of at most %d sequences, not %d: lower the batch%s")
              .formatted(t, width, states, most, n, most > 0 ? "" : ", the steps or the width"));
    }
  }

  /** Packs what lies as {@link #layout} says. */
  RecurrentWeights pack(RecurrentSpec spec, Tensor weights, WeightType type) {
    if (type != WeightType.FLOAT32) {
      throw new IllegalArgumentException(
          "pack: a GPU keeps weights in fp32 only, not in %s: choose fp32, or the backend cpu"
              .formatted(type.label()));
    }
    StackLayouts.Layout layout = layout(spec);
    Workspace workspace = workspace();
    try {
      Tensor block = workspace.real(weights.size());
      transfers.copy(weights, block);
      StackWeights stack = new StackWeights(block, layout, null);
      if (!options.ownCells() && layout.places() != null) {
        WeightSpace space = CudnnRecurrent.pack(context, workspace, stack);
        stack = new StackWeights(block, layout, space);
      }
      context.synchronize(); // other contexts read it without asking this one
      return new CudaRecurrentWeights(workspace, spec, stack);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }
}
