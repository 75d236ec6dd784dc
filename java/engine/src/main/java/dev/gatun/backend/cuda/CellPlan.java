package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;

import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/** What the passes of one stack share: sizes, kernels, and scratch that they use in turns. */
final class CellPlan {
  final RecurrentSpec spec;
  final RecurrentIo io;
  final boolean training;
  final CellKernels kernels;
  final Products products;

  /** Those of a step, whose weights are rounded once for all steps. */
  final Products stepProducts;

  /** How all steps of a layer are one launch; null where each step is some. */
  final @Nullable PersistentShape persistent;

  /** T and N, the largest of a call, and T * N. */
  final int maxTime;

  final int maxBatch;
  final long maxRows;

  /** G*H. */
  final int gateRows;

  /** [rows, G*H]: W x, later its gradient; 0 where each pass keeps its own. */
  final long input;

  /** [N, G*H]: R h of a step; 0 where each pass keeps its own. */
  final long recurrent;

  /** [rows, G*H]: dL/da where the recurrent products' gradient is another, or the order is. */
  final long dInput;

  /** [rows, G*H]: dL/d(R h) before its normalisation; 0 where there is none. */
  final long dRecurrent;

  /** [N, H] and [N, P or H]: scratch of a step backwards, as the fields of a pass. */
  final long dh;

  final long dc;
  final long dInner;
  final long dCell;
  final long dSeen;

  /** [rows, P] and [rows, H], likewise. */
  final long dOut;

  final long dNormed;

  /** [G*H, P or H]: the gradient of masked recurrent weights. */
  final long dMasked;

  private final Workspace workspace;
  private final StackWeights weights;

  /** Reserves the scratch. */
  CellPlan(
      Workspace workspace,
      CellKernels kernels,
      Products products,
      Products stepProducts,
      StackPlan stack,
      @Nullable PersistentShape persistent) {
    this.workspace = workspace;
    this.kernels = kernels;
    this.products = products;
    this.stepProducts = stepProducts;
    this.persistent = persistent;
    spec = stack.spec();
    weights = stack.weights();
    io = stack.io();
    training = stack.mode() == Mode.TRAINING;
    maxTime = Math.toIntExact(io.x().dim(0));
    maxBatch = Math.toIntExact(io.x().dim(1));
    maxRows = Math.multiplyExact(maxTime, maxBatch); // what cuBLAS counts rows by
    gateRows = spec.gateRows();
    int size = spec.hiddenSize();
    boolean normed = spec.regularization().layerNorm();
    boolean lstm = spec.cell() == Cell.LSTM;
    boolean projected = spec.projectionSize() > 0;
    input = training && normed ? 0 : reals(true, maxRows, gateRows);
    recurrent = training && normed ? 0 : reals(true, maxBatch, gateRows);
    dInput = training && normed ? reals(true, maxRows, gateRows) : input;
    dRecurrent = reals(training && normed, maxRows, gateRows);
    dh = reals(training, maxBatch, spec.stateSize());
    dc = reals(training && lstm, maxBatch, size);
    boolean rows = spec.cell() == Cell.SOFTMAX;
    boolean inner = rows || projected || (normed && lstm) || spec.cell() == Cell.GRU_RESET_BEFORE;
    dInner = reals(training && inner, maxBatch, size);
    dCell = reals(training && normed && lstm, maxBatch, size);
    dSeen = reals(masksState(), maxBatch, spec.stateSize());
    dOut = reals(training && projected, maxRows, spec.stateSize());
    dNormed = reals(training && normed && lstm, maxRows, size);
    dMasked = reals(masksWeights(), gateRows, spec.stateSize());
  }

  /** Whether R sees another h than the cell. */
  boolean masksState() {
    return training && spec.regularization().variationalHidden() > 0;
  }

  /** Whether recurrent weights are dropped. */
  boolean masksWeights() {
    return training && spec.regularization().dropConnect() > 0;
  }

  /** The address of zeroed floats of the plan, or 0 where they are not needed. */
  long reals(boolean needed, long rows, long columns) {
    return needed ? address(workspace.real(rows, columns)) : 0;
  }

  /**
   * Where the products of a step read weights: rounded, in a place of their own, or as they are.
   */
  long forSteps(long weight, int rows, int columns) {
    if (weight == 0 || stepProducts.weightBytes() == Float.BYTES) {
      return weight;
    }
    long bytes = (long) rows * columns * stepProducts.weightBytes();
    return address(workspace.tensor(DType.I64, Math.ceilDiv(bytes, Long.BYTES)));
  }

  /** The address of a weight, or 0 for none. */
  long weight(Weight weight, int layer, int direction) {
    return place(weights.block(), weight, layer, direction);
  }

  /** The address of a weight's gradient, or 0 for none. */
  long gradient(Weight weight, int layer, int direction) {
    RecurrentIo.Gradients gradients = io.gradients();
    return gradients == null ? 0 : place(gradients.dWeights(), weight, layer, direction);
  }

  private long place(Tensor block, Weight weight, int layer, int direction) {
    WeightView view = weights.layout().weights().weight(weight, layer, direction);
    return view == null ? 0 : address(block) + Float.BYTES * view.offset();
  }

  /** Refuses tensors whose memory has been closed since the plan was made. */
  void checkMemory() {
    kernels.checkMemory();
    address(weights.block());
    checkMemory(io);
  }

  /** As {@link #checkMemory()}, of the tensors that a stack works on. */
  static void checkMemory(RecurrentIo io) {
    address(io.x());
    DeviceMemory.addressOrNull(io.lengths());
    address(io.y());
    check(io.initial());
    check(io.last());
    if (io.decay() != null) {
      address(io.decay().exponents());
      DeviceMemory.addressOrNull(io.decay().gradient());
    }
    RecurrentIo.Gradients gradients = io.gradients();
    if (gradients != null) {
      DeviceMemory.addressOrNull(gradients.dy());
      check(gradients.dLast());
      DeviceMemory.addressOrNull(gradients.dx());
      check(gradients.dInitial());
      address(gradients.dWeights());
    }
  }

  private static void check(RecurrentIo.@Nullable State state) {
    if (state != null) {
      address(state.h());
      DeviceMemory.addressOrNull(state.c());
    }
  }
}
