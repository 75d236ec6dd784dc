package dev.gatun.backend.cpu;

import dev.gatun.backend.Activation;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentChecks;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.Gradients;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A stack of recurrent layers on the CPU: passes over packed rows, layer by layer. */
final class CpuRecurrent implements Recurrent {
  /**
   * The second cache of a core, as most have it. With recurrent weights of 3 to 16 MB two threads
   * are 0 to 11 % faster in inference by columns than by sequences; in training an LSTM of 512
   * units is 4 to 14 % slower and the others are within 5 % (docs/decisions/0005).
   */
  private static final long CACHE_BYTES = 1 << 20;

  private final CpuBackend backend;
  private final RecurrentSpec spec;
  private final CpuRecurrentWeights weights;

  /** The flat block that {@link #refresh} packs; null where the weights are shared. */
  private final @Nullable Tensor block;

  private final RecurrentIo io;
  private final boolean training;

  /** The key of each layer's output. */
  private final List<MaskKey> masks = new ArrayList<>();

  private final Workspace workspace;
  private final Sequences sequences;
  private final Pass[][] passes;
  private final PackedRows packedRows;

  /** [rows, D*out] for each layer: its output, what the next layer reads, and dL/d(output). */
  private final long[] output;

  private final long[] dropped;
  private final long dOutput;
  private final long dInput;
  private boolean ready;

  /** How the present call's work is divided. */
  private boolean byColumns;

  private final Usage usage;

  /**
   * Plans a stack.
   *
   * @param weights closed with the stack if {@code block} is given
   * @param block what they are packed from; null where they are shared
   * @param mask null in inference
   */
  CpuRecurrent(
      CpuBackend backend,
      CpuRecurrentWeights weights,
      @Nullable Tensor block,
      RecurrentIo io,
      Mode mode,
      @Nullable MaskKey mask) {
    usage = new Usage("the recurrent stack", backend.usage());
    this.backend = backend;
    this.weights = weights;
    this.block = block;
    this.io = io;
    spec = weights.spec();
    training = mode == Mode.TRAINING;
    for (int layer = 0; mask != null && layer < spec.layers(); layer++) {
      masks.add(mask.withLayer(mask.layer() + layer));
    }
    int maxTime = (int) io.x().dim(0);
    int maxBatch = (int) io.x().dim(1);
    sequences = new Sequences(maxTime, maxBatch, backend.team().threads());
    workspace = backend.workspace();
    try {
      long rows = (long) maxTime * maxBatch;
      PassPlan plan = plan(maxTime, maxBatch);
      passes = new Pass[spec.layers()][spec.directions()];
      output = new long[spec.layers()];
      dropped = new long[spec.layers()];
      boolean drops = training && spec.dropout() > 0;
      for (int layer = 0; layer < spec.layers(); layer++) {
        for (int direction = 0; direction < spec.directions(); direction++) {
          passes[layer][direction] = newPass(plan, layer, direction);
        }
        boolean top = layer == spec.layers() - 1;
        output[layer] = top ? 0 : plan.perRow(spec.outputSize());
        dropped[layer] = top || !drops ? output[layer] : plan.perRow(spec.outputSize());
      }
      boolean stacked = training && spec.layers() > 1;
      dOutput = stacked ? workspace.real(rows, spec.outputSize()).address() : 0;
      dInput = stacked && spec.layers() > 2 ? plan.perRow(spec.outputSize()) : 0;
      packedRows = new PackedRows(backend.flat(), sequences, workspace, spec, io);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  private PassPlan plan(int maxTime, int maxBatch) {
    long rows = (long) maxTime * maxBatch;
    boolean mayBeRagged = training && io.lengths() != null;
    PassPlan.Shared shared =
        new PassPlan.Shared(
            mayBeRagged ? workspace.real(rows, spec.stateSize()).address() : 0,
            workspace.real(spec.hiddenSize()).address());
    List<Rows> parts = new ArrayList<>();
    for (int i = 0; i < backend.team().threads(); i++) {
      int capacity = (int) Math.min(rows, maxBatch + Pass.BLOCK_ROWS);
      long gates = training ? 0 : workspace.real(capacity, spec.gateRows()).address();
      long factors = Regularizer.plain(spec) ? 0 : workspace.real(2, spec.hiddenSize()).address();
      boolean masksState = Regularizer.masksState(spec, training);
      parts.add(new Rows(maxBatch, capacity, gates, factors, masksState));
    }
    return new PassPlan(
        spec,
        weights,
        training,
        maxTime,
        maxBatch,
        workspace,
        sequences,
        backend.team(),
        parts,
        io.decay(),
        shared);
  }

  private static Pass newPass(PassPlan plan, int layer, int direction) {
    if (!plan.spec().options().equals(CellOptions.NONE)) {
      return new PeepholeLstmPass(plan, layer, direction);
    }
    boolean inside = Regularizer.changesCell(plan.spec());
    return switch (plan.spec().cell()) {
      case LSTM ->
          inside
              ? new RegularLstmPass(plan, layer, direction)
              : new LstmPass(plan, layer, direction);
      case GRU ->
          inside ? new RegularGruPass(plan, layer, direction) : new GruPass(plan, layer, direction);
      case GRU_RESET_BEFORE -> new GruResetBeforePass(plan, layer, direction);
      case TANH, RELU -> new SimplePass(plan, layer, direction);
      case SIGMOID -> new ActivationPass(plan, layer, direction, Activation.SIGMOID);
      case SOFTMAX -> new ActivationPass(plan, layer, direction, Activation.SOFTMAX);
      case LEAKY_RELU -> new ActivationPass(plan, layer, direction, Activation.LEAKY_RELU);
      case ELU -> new ActivationPass(plan, layer, direction, Activation.ELU);
      case IDENTITY -> new ActivationPass(plan, layer, direction, Activation.IDENTITY);
    };
  }

  @Override
  public void refresh() {
    if (block == null) {
      throw new IllegalStateException("shared weights stay as they were when they were packed");
    }
    usage.enter();
    try {
      weights.pack(block.address());
    } finally {
      usage.exit();
    }
  }

  @Override
  public void forward(int t, int n) {
    usage.enter();
    try {
      run(t, n);
    } finally {
      usage.exit();
    }
  }

  private void run(int t, int n) {
    ready = false;
    RecurrentChecks.forward(io, t, n);
    byColumns = byColumns(n);
    sequences.set(t, n, io.lengths(), byColumns ? 1 : backend.team().threads());
    long x = packedRows.packInput();
    long y = packedRows.output();
    for (int layer = 0; layer < spec.layers(); layer++) {
      boolean top = layer == spec.layers() - 1;
      long layerOutput = top ? y : output[layer];
      for (int direction = 0; direction < spec.directions(); direction++) {
        Pass pass = passes[layer][direction];
        bindForward(pass.io, layer, direction, x, layerOutput);
        pass.forward(byColumns, training ? masks.get(layer) : null);
      }
      if (!top && dropped[layer] != output[layer]) {
        packedRows.dropout(output[layer], dropped[layer], spec.dropout(), masks.get(layer));
      }
      x = dropped[layer];
    }
    packedRows.unpackOutput();
    ready = training;
  }

  /**
   * Whether threads share the columns of every step: where there are too few sequences to divide,
   * and, in inference, where a thread's share of the recurrent weights stays in its cache better
   * than the whole.
   */
  private boolean byColumns(int n) {
    int threads = backend.team().threads();
    long recurrentBytes = 4L * spec.gateRows() * spec.stateSize();
    return threads > 1
        && (n < Sequences.MIN_PER_PART * threads || (!training && recurrentBytes > CACHE_BYTES));
  }

  private void bindForward(PassIo to, int layer, int direction, long x, long y) {
    to.x = x;
    to.y = y + 4L * direction * spec.stateSize();
    to.yStride = spec.outputSize();
    State initial = io.initial();
    to.h0 = initial == null ? 0 : state(initial.h(), layer, direction, spec.stateSize());
    to.c0 = initial == null ? 0 : state(initial.c(), layer, direction, spec.hiddenSize());
    to.hn = state(io.last().h(), layer, direction, spec.stateSize());
    to.cn = state(io.last().c(), layer, direction, spec.hiddenSize());
  }

  /** The states of one layer and direction within [L*D, n, width]. */
  private long state(@Nullable Tensor states, int layer, int direction, int width) {
    if (states == null) {
      return 0;
    }
    long pass = (long) layer * spec.directions() + direction;
    return states.address() + 4 * pass * sequences.batch() * width;
  }

  @Override
  public void backward() {
    usage.enter();
    try {
      runBack();
    } finally {
      usage.exit();
    }
  }

  private void runBack() {
    Gradients gradients = io.gradients();
    if (!ready || gradients == null) {
      throw new IllegalStateException(
          training
              ? "backward needs a forward before it, once for each"
              : "this plan is for inference: backward needs one for training");
    }
    ready = false;
    long gradientBlock = gradients.dWeights().address();
    long dy = packedRows.packOutputGradient();
    for (int layer = spec.layers() - 1; layer >= 0; layer--) {
      long dx = layer == 0 ? packedRows.inputGradient() : other(dy);
      for (int direction = 0; direction < spec.directions(); direction++) {
        Pass pass = passes[layer][direction];
        bindBackward(pass.io, gradients, layer, direction, dy, dx);
        pass.backward(byColumns, backend.products(), gradientBlock, direction > 0);
      }
      if (layer > 0 && dropped[layer - 1] != output[layer - 1]) {
        packedRows.dropout(dx, dx, spec.dropout(), masks.get(layer - 1));
      }
      dy = dx;
    }
    packedRows.unpackInputGradient();
  }

  private long other(long dy) {
    return dy == dOutput ? dInput : dOutput;
  }

  private void bindBackward(
      PassIo to, Gradients gradients, int layer, int direction, long dy, long dx) {
    to.dy = dy == 0 ? 0 : dy + 4L * direction * spec.stateSize();
    to.dx = dx;
    State last = gradients.dLast();
    to.dhn = last == null ? 0 : state(last.h(), layer, direction, spec.stateSize());
    to.dcn = last == null ? 0 : state(last.c(), layer, direction, spec.hiddenSize());
    State initial = gradients.dInitial();
    to.dh0 = initial == null ? 0 : state(initial.h(), layer, direction, spec.stateSize());
    to.dc0 = initial == null ? 0 : state(initial.c(), layer, direction, spec.hiddenSize());
  }

  @Override
  public long bytes() {
    return workspace.bytes() + (block == null ? 0 : weights.bytes());
  }

  @Override
  public void close() {
    if (usage.close()) {
      workspace.close();
      if (block != null) {
        weights.close();
      }
    }
  }
}
