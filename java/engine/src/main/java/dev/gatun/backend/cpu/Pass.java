package dev.gatun.backend.cpu;

import dev.gatun.backend.Cell;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.kernels.Elementwise;
import dev.gatun.tensor.Workspace;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One layer and direction of a stack. {@link PassWorker}s run through time, a block of steps after
 * the other: first the input's share of the block's gates, then its steps. Backward leaves the
 * gradients of the pre-activations where the gates were; the weight gradients are products over all
 * rows.
 */
abstract class Pass {
  final int hidden;

  /** The width of h: P, or H without a projection. */
  final int out;

  final int gateRows;
  final int inputSize;
  final boolean bias;
  final boolean training;
  final Sequences sequences;

  /**
   * Rows of the input's share of the gates that are computed at once, before the steps that use
   * them, so that they are still in the second cache level then; enough rows that reading the
   * weights costs little.
   */
  static final int BLOCK_ROWS = 128;

  /**
   * In training [rows, G*H]: the input's share, then activations, then gradients of
   * pre-activations; 0 in inference.
   */
  final long gates;

  /** Addresses of this pass's tensors for the current call. */
  final PassIo io = new PassIo();

  /** 0 * maxBatch floats of the widest state, for sequences without an initial one. */
  final long zeros;

  /** The team that the parts run on. */
  private final Team team;

  private final boolean reverse;
  private boolean addsToInput;

  /** The packed weights, which other stacks may read too. */
  final PassWeights weights;

  /** The masks; those of plain cells do nothing. */
  final Regularizer regular;

  /** How h fades before each step; null: it does not. */
  final @Nullable StateDecay decay;

  /** Whether the cell passes a part of h on beside R, as a GRU does. */
  final boolean carries;

  /** Whether the input's share starts from the bias. */
  private final boolean addsBias;

  private final boolean lastDirection;
  private final long dhNext;
  private final long dBias;
  private final long hPrevious;
  private final List<Rows> parts;
  private final PassWorker[] workers;
  private final Lockstep lockstep;
  private int together;
  private final Team.Task forwardTask = this::forwardPart;
  private final Team.Task backwardTask = this::backwardPart;

  Pass(PassPlan plan, int layer, int direction) {
    RecurrentSpec spec = plan.spec();
    weights = plan.weights().pass(layer, direction);
    hidden = spec.hiddenSize();
    out = spec.stateSize();
    gateRows = spec.gateRows();
    inputSize = spec.inputSize(layer);
    bias = spec.bias();
    training = plan.training();
    reverse = direction == 1;
    sequences = plan.sequences();
    Workspace workspace = plan.workspace();
    gates = training ? plan.perRow(gateRows) : 0;
    team = plan.team();
    zeros = plan.zeros();
    regular = new Regularizer(plan, layer, direction);
    boolean fades = plan.decay() != null && layer == 0;
    decay = fades ? new StateDecay(plan, Objects.requireNonNull(plan.decay())) : null;
    carries = spec.cell() == Cell.GRU || spec.cell() == Cell.GRU_RESET_BEFORE;
    addsBias = bias && !spec.regularization().layerNorm();
    lastDirection = direction == spec.directions() - 1;
    dhNext = training ? workspace.real(plan.maxBatch(), out).address() : 0;
    dBias = training && bias ? plan.floats(gateRows) : 0;
    hPrevious = plan.sharedPrevious();
    parts = plan.rows();
    lockstep = new Lockstep(team.threads());
    workers = new PassWorker[parts.size()];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new PassWorker(this, i, parts.get(i), lockstep);
    }
  }

  /** The address of a weight of this pass in the flat block at {@code block}; 0 if it has none. */
  final long weight(long block, Weight kind) {
    return weights.at(block, kind);
  }

  /**
   * Products of one step. Forward alternates products and cells, beginning with a product; backward
   * cells and products, beginning with a cell.
   */
  int products() {
    return 1;
  }

  /** Cells of one forward step: as many as products, or one fewer. */
  int cells() {
    return 1;
  }

  /** Finds the addresses of a step beyond those that {@link #place} knows. */
  void prepareForward(Rows rows, int active) {}

  /** Likewise. */
  void prepareBackward(Rows rows, int active) {}

  /** A product of the step's first {@code active} rows, the columns of one chunk. */
  abstract void product(int stage, Rows rows, int active, int chunk, int chunks);

  /** What follows a product, for rows from to to-1: gates and h, and what the cell saves. */
  abstract void cell(int stage, Rows rows, int from, int to);

  /** From rows.dh, dL/dh of this step: gradients of the gates, for rows from to to-1. */
  abstract void cellBack(int stage, Rows rows, int from, int to);

  /** What follows: at last rows.dh of the step before, the columns of one chunk. */
  abstract void productBack(int stage, Rows rows, int active, int chunk, int chunks);

  /** Stores the state c of a finished row; nothing for cells without one. */
  void saveLast(int rank, int row) {}

  /** Sets the gradient of c at the end of a sequence; nothing for cells without one. */
  void startBackward(int rank) {}

  /** Stores the gradient of c0; nothing for cells without one. */
  void finishBackward(int rank) {}

  /** Accumulates the gradients of the recurrent weights and biases into the block. */
  abstract void recurrentGradients(Products products, long block);

  /**
   * Runs through time.
   *
   * @param byColumns whether the threads share the columns of every step instead of the sequences
   * @param key that of the layer's masks; null in inference
   */
  final void forward(boolean byColumns, @Nullable MaskKey key) {
    if (key != null) {
      regular.begin(key, weights);
    }
    run(byColumns, forwardTask);
  }

  private void run(boolean byColumns, Team.Task task) {
    together = byColumns ? workers.length : 1;
    if (byColumns) {
      lockstep.begin();
    }
    team.run(byColumns ? together : sequences.parts(), task);
  }

  private void forwardPart(int number) {
    workers[number].forward(together, parts.get(together == 1 ? number : 0).blockGates);
  }

  private void backwardPart(int number) {
    workers[number].backward(together);
  }

  /** Stores the last states of sequences without steps: their initial ones. */
  final void copyEmpty(int part) {
    for (int i = 0; i < sequences.size(part); i++) {
      int rank = sequences.rank(part, i);
      if (sequences.length(rank) == 0) {
        Elementwise.copy(out, initial(io.h0, rank, out), io.hn + stateOffset(rank, out));
        saveLast(rank, -1);
      }
    }
  }

  /** Whether a sequence of a part has its last step here. */
  final boolean ends(int part, int step) {
    return sequences.ragged() || step == sequences.time() - 1;
  }

  /** Stores the states of the sequences whose last step this is. */
  final void copyLast(Rows rows, int step, int active) {
    for (int i = 0; i < active; i++) {
      int rank = rows.rank[i];
      if (sequences.length(rank) == step + 1) {
        Elementwise.copy(out, rows.h[i], io.hn + stateOffset(rank, out));
        saveLast(rank, rows.row[i]);
      }
    }
  }

  final void place(Rows rows, int part, int step, int active) {
    for (int i = 0; i < active; i++) {
      int rank = sequences.rank(part, i);
      int time = time(rank, step);
      int row = sequences.offset(time) + rank;
      int previous = step == 0 ? -1 : row(rank, step - 1);
      rows.rank[i] = rank;
      rows.row[i] = row;
      rows.time[i] = time;
      rows.previous[i] = previous;
      rows.gates[i] = gates + 4L * row * gateRows;
      rows.h[i] = io.y + 4L * row * io.yStride;
      rows.hPrevious[i] =
          previous < 0 ? initial(io.h0, rank, out) : io.y + 4L * previous * io.yStride;
      rows.dh[i] = dhNext + 4L * rank * out;
    }
    if (decay != null) {
      decay.place(rows, active);
    }
  }

  /** The packed row of a sequence's step, counted in the direction of this pass. */
  final int row(int rank, int step) {
    return sequences.offset(time(rank, step)) + rank;
  }

  private int time(int rank, int step) {
    return reverse ? sequences.length(rank) - 1 - step : step;
  }

  /** The address of a sequence's initial state, or of zeros. */
  final long initial(long states, int rank, int width) {
    return states == 0 ? zeros : states + stateOffset(rank, width);
  }

  /** Bytes from the start of this pass's states to a sequence's. */
  final long stateOffset(int rank, int width) {
    return 4L * sequences.sequence(rank) * width;
  }

  /**
   * Runs backwards through time.
   *
   * @param addToInput whether dx is accumulated into
   */
  final void backward(boolean byColumns, Products products, long gradients, boolean addToInput) {
    addsToInput = addToInput;
    if (decay != null) {
      decay.clearGradient();
    }
    run(byColumns, backwardTask);
    int rows = sequences.rows();
    if (rows == 0) {
      return;
    }
    products.weightGradient(
        rows,
        gateRows,
        inputSize,
        gates,
        gateRows,
        regular.masksInput() ? regular.maskedInput() : io.x,
        inputSize,
        weight(gradients, Weight.INPUT));
    if (addsBias) {
      Elementwise.fill(gateRows, dBias, 0f);
      products.columnSum(rows, gateRows, gates, gateRows, dBias);
      Elementwise.add(gateRows, dBias, weight(gradients, Weight.INPUT_BIAS));
    }
    long dropped = weights.droppedConnections;
    long connections = dropped == 0 ? 0 : (long) gateRows * out;
    Elementwise.fill(connections, dropped, 0f);
    recurrentGradients(products, gradients);
    if (dropped != 0) {
      regular.connections(connections, dropped, dropped);
      Elementwise.add(connections, dropped, weight(gradients, Weight.RECURRENT));
    }
  }

  /** Where the gradient of the recurrent weights is added to. */
  final long recurrentGradient(long block) {
    long dropped = weights.droppedConnections;
    return dropped != 0 ? dropped : weight(block, Weight.RECURRENT);
  }

  /** For cells whose two biases are added: both have the gradient of their sum. */
  final void addBiasGradient(long block) {
    if (bias) {
      Elementwise.add(gateRows, dBias, weight(block, Weight.RECURRENT_BIAS));
    }
  }

  final void startBack(int part) {
    for (int i = 0; i < sequences.size(part); i++) {
      int rank = sequences.rank(part, i);
      Elementwise.copy(out, initial(io.dhn, rank, out), dhNext + 4L * rank * out);
      startBackward(rank);
    }
  }

  final void finishBack(int part) {
    for (int i = 0; i < sequences.size(part); i++) {
      int rank = sequences.rank(part, i);
      if (io.dh0 != 0) {
        Elementwise.copy(out, dhNext + 4L * rank * out, io.dh0 + stateOffset(rank, out));
      }
      finishBackward(rank);
      if (io.dx != 0 && lastDirection && regular.masksInput()) {
        for (int step = 0; step < sequences.length(rank); step++) {
          regular.maskInputGradient(rank, io.dx + 4L * row(rank, step) * inputSize);
        }
      }
    }
  }

  /** The input's share of the gates of a block. */
  final void multiplyInput(Rows rows, int chunk, int chunks) {
    long start = addsBias ? weights.inputBias : weights.input.zeros();
    weights.input.multiply(rows.blockRows, rows.from, rows.to, start, chunk, chunks);
  }

  /** dL/dx of a block's rows. */
  final void multiplyGradient(Rows rows, int chunk, int chunks) {
    Objects.requireNonNull(weights.inputBack)
        .multiply(rows.blockRows, rows.from, rows.to, chunk, chunks, addsToInput);
  }

  /**
   * dWeight [o, out] += dGates [rows, o]' times h of the step before.
   *
   * @param dGates gradients whose rows are {@code stride} floats apart
   */
  final void previousStateGradient(
      Products products, int o, long dGates, int stride, long dWeight) {
    if (regular.masksState() || decay != null) {
      long seen =
          regular.masksState() ? regular.maskedState() : Objects.requireNonNull(decay).faded();
      products.weightGradient(sequences.rows(), o, out, dGates, stride, seen, out, dWeight);
      return;
    }
    if (sequences.ragged()) {
      gatherPrevious();
      products.weightGradient(sequences.rows(), o, out, dGates, stride, hPrevious, out, dWeight);
      return;
    }
    int n = sequences.batch();
    int rest = (sequences.time() - 1) * n;
    long first = reverse ? 4L * rest * stride : 0;
    long others = reverse ? 0 : 4L * n * stride;
    long before = reverse ? 4L * n * io.yStride : 0;
    if (io.h0 != 0) {
      products.weightGradient(n, o, out, dGates + first, stride, io.h0, out, dWeight);
    }
    products.weightGradient(
        rest, o, out, dGates + others, stride, io.y + before, io.yStride, dWeight);
  }

  private void gatherPrevious() {
    for (int rank = 0; rank < sequences.batch(); rank++) {
      for (int step = 0; step < sequences.length(rank); step++) {
        long from =
            step == 0 ? initial(io.h0, rank, out) : io.y + 4L * row(rank, step - 1) * io.yStride;
        Elementwise.copy(out, from, hPrevious + 4L * row(rank, step) * out);
      }
    }
  }
}
