package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;
import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentChecks;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization.Mask;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A stack of recurrent layers by our own kernels: every cell and regularisation, two calls or more
 * each step, or one for all steps of a layer and direction. Weights are read where they are.
 */
final class CellRecurrent implements Recurrent {
  private final CudaContext context;
  private final RecurrentSpec spec;
  private final RecurrentIo io;
  private final boolean training;
  private final Workspace workspace;
  private final Usage usage;
  private final CellPlan plan;
  private final CellPass[][] passes;

  /** Where each layer's input and output start, and the gradients of both; 0 for none. */
  private final PassMemory.Io[] places;

  private final CellKernels.InputMask[] inputMasks;

  /** Whether x is copied, masked and without what lies on padding. */
  private final boolean copiesInput;

  /** Whether the weights are packed: never to be read anew. */
  private final boolean shared;

  private final SequenceLengths lengths;
  private int t;
  private int n;
  private boolean ready;

  /**
   * Plans a stack.
   *
   * @param backend in use as long as a call runs
   * @param workspace the plan's own, closed with it
   * @param stack whose weights are read where they are; shared ones are for inference only
   * @param shape how all steps of a layer are one launch; null: each step is some
   */
  CellRecurrent(
      CudaContext context,
      Usage backend,
      Workspace workspace,
      StackPlan stack,
      @Nullable PersistentShape shape) {
    this.context = context;
    this.workspace = workspace;
    spec = stack.spec();
    io = stack.io();
    usage = new Usage("the recurrent stack", backend);
    training = stack.mode() == Mode.TRAINING;
    // A gradient of zero times what lies on padding would be NaN if that is.
    copiesInput =
        training && (io.lengths() != null || spec.regularization().variationalInput() > 0);
    shared = stack.mask() == null;
    try {
      CellKernels kernels = new CellKernels(context, training ? stack.mask() : null);
      lengths = new SequenceLengths(context, io.lengths(), Math.toIntExact(io.x().dim(1)));
      Products products = new Products(context, workspace, false);
      Products ofSteps = new Products(context, workspace, true);
      plan = new CellPlan(workspace, kernels, products, ofSteps, stack, shape);
      places = places();
      inputMasks = new CellKernels.InputMask[spec.layers()];
      Arrays.setAll(inputMasks, this::inputMask);
      passes = new CellPass[spec.layers()][spec.directions()];
      for (int layer = 0; layer < spec.layers(); layer++) {
        for (int direction = 0; direction < spec.directions(); direction++) {
          passes[layer][direction] =
              CellPass.of(new PassMemory(plan, layer, direction, places[layer]));
        }
      }
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  /** In inference two outputs take turns; so do the gradients between layers. */
  private PassMemory.Io[] places() {
    RecurrentIo.Gradients gradients = training ? io.gradients() : null;
    int width = spec.outputSize();
    int top = spec.layers() - 1;
    PassMemory.Io[] all = new PassMemory.Io[spec.layers()];
    long[] outputs = new long[spec.layers()];
    long[] turns = new long[2];
    long x = copiesInput ? plan.reals(true, plan.maxRows, spec.inputSize()) : address(io.x());
    for (int layer = 0; layer <= top; layer++) {
      boolean reuses = !training && layer > 1;
      outputs[layer] =
          layer == top
              ? address(io.y())
              : reuses ? outputs[layer - 2] : plan.reals(true, plan.maxRows, width);
      if (training && layer > 0 && layer <= 2) {
        turns[layer & 1] = plan.reals(true, plan.maxRows, width);
      }
    }
    for (int layer = 0; layer <= top; layer++) {
      long dTop = addressOrNull(gradients == null ? null : gradients.dy());
      long dBottom = addressOrNull(gradients == null ? null : gradients.dx());
      all[layer] =
          new PassMemory.Io(
              layer == 0 ? x : outputs[layer - 1],
              outputs[layer],
              layer == top ? dTop : turns[(layer + 1) & 1],
              layer == 0 ? dBottom : turns[layer & 1]);
    }
    return all;
  }

  /** Nothing: the weights are read where they are. */
  @Override
  public void refresh() {
    if (shared) {
      throw new IllegalStateException("shared weights stay as they were when they were packed");
    }
    usage.check();
  }

  @Override
  public void forward(int t, int n) {
    usage.enter();
    try {
      ready = false;
      RecurrentChecks.forward(io, t, n);
      context.enter();
      plan.checkMemory();
      lengths.read(t, n); // only to refuse what is out of range: the kernels read the device's
      this.t = t;
      this.n = n;
      for (int layer = 0; layer < spec.layers(); layer++) {
        prepareInput(layer);
        for (CellPass pass : passes[layer]) {
          pass.forward(t, n);
        }
      }
      ready = training;
    } finally {
      usage.exit();
    }
  }

  /** Dropout of the output below, and the mask of the input, in place but for the first layer. */
  private void prepareInput(int layer) {
    long x = places[layer].x();
    if (layer == 0) {
      if (copiesInput) {
        plan.kernels.maskInput(inputMasks[0], t, n, address(io.x()), x);
      }
      return;
    }
    if (training && spec.dropout() > 0) {
      plan.kernels.dropout((long) t * n * spec.outputSize(), x, spec.dropout(), layer - 1);
    }
    if (masksInput()) {
      plan.kernels.maskInput(inputMasks[layer], t, n, x, x);
    }
  }

  private boolean masksInput() {
    return training && spec.regularization().variationalInput() > 0;
  }

  private CellKernels.InputMask inputMask(int layer) {
    return new CellKernels.InputMask(
        layer,
        spec.inputSize(layer),
        spec.regularization().variationalInput(),
        Mask.INPUT.first(0),
        addressOrNull(io.lengths()));
  }

  @Override
  public void backward() {
    usage.enter();
    try {
      if (!ready) {
        throw new IllegalStateException(
            training
                ? "backward needs a forward before it, once for each"
                : "this plan is for inference: backward needs one for training");
      }
      ready = false;
      context.enter();
      plan.checkMemory();
      for (int layer = spec.layers() - 1; layer >= 0; layer--) {
        for (int direction = 0; direction < spec.directions(); direction++) {
          passes[layer][direction].backward(t, n, direction > 0);
        }
        finishInputGradient(layer, places[layer].dx());
      }
    } finally {
      usage.exit();
    }
  }

  private void finishInputGradient(int layer, long dx) {
    if (dx != 0 && masksInput()) {
      plan.kernels.maskInput(inputMasks[layer], t, n, dx, dx);
    }
    if (layer > 0 && spec.dropout() > 0) {
      plan.kernels.dropout((long) t * n * spec.outputSize(), dx, spec.dropout(), layer - 1);
    }
  }

  @Override
  public long bytes() {
    return workspace.bytes();
  }

  @Override
  public void close() {
    if (usage.close()) {
      workspace.close();
    }
  }
}
