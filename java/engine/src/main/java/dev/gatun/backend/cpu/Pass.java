package dev.gatun.backend.cpu;

import dev.gatun.backend.Cell;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.Regularization;
import dev.gatun.kernels.Elementwise;
import dev.gatun.tensor.Workspace;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One layer and direction of a stack. The team's parts run through time on their own sequences
 * without meeting, a block of steps after the other: first the input's share of the block's gates,
 * then its steps. Backward leaves the gradients of the pre-activations where the gates were; the
 * weight gradients are products over all rows.
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

  /** Whether the cell passes a part of h on beside R, as a GRU does. */
  private final boolean carries;

  /** Whether the input's share starts from the bias. */
  private final boolean addsBias;

  private final boolean lastDirection;
  private final long dhNext;
  private final long dBias;
  private final long hPrevious;
  private final List<Rows> parts;
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
    Regularization how = spec.regularization();
    regular = new Regularizer(plan, layer, direction);
    carries = spec.cell() == Cell.GRU || spec.cell() == Cell.GRU_RESET_BEFORE;
    addsBias = bias && !how.layerNorm();
    lastDirection = direction == spec.directions() - 1;
    dhNext = training ? workspace.real(plan.maxBatch(), out).address() : 0;
    dBias = training && bias ? plan.floats(gateRows) : 0;
    hPrevious = plan.sharedPrevious();
    parts = plan.rows();
  }

  /** The address of a weight of this pass in the flat block at {@code block}; 0 if it has none. */
  final long weight(long block, Weight kind) {
    return weights.at(block, kind);
  }

  /** One step of the first {@code active} rows: gates and h, and what the cell saves. */
  abstract void stepForward(Rows rows, int active);

  /** From rows.dh, dL/dh of this step: the gates' gradients, and rows.dh of the step before. */
  abstract void stepBackward(Rows rows, int active);

  /** Stores the state c of a finished row; nothing for cells without one. */
  void saveLast(int rank, int row) {}

  /** Sets the gradient of c at the end of a sequence; nothing for cells without one. */
  void startBackward(int rank) {}

  /** Stores the gradient of c0; nothing for cells without one. */
  void finishBackward(int rank) {}

  /** Accumulates the gradients of the recurrent weights and biases into the block. */
  abstract void recurrentGradients(Products products, long block);

  /** Runs all steps; {@code key}: that of the layer's masks, not read in inference. */
  final void forward(@Nullable MaskKey key) {
    if (key != null) {
      regular.begin(key, weights);
    }
    team.run(sequences.parts(), forwardTask);
  }

  private void forwardPart(int part) {
    Rows rows = parts.get(part);
    int active = sequences.size(part);
    for (int i = 0; i < active; i++) {
      int rank = sequences.rank(part, i);
      if (sequences.length(rank) == 0) {
        Elementwise.copy(out, initial(io.h0, rank, out), io.hn + stateOffset(rank, out));
        saveLast(rank, -1);
      }
    }
    rows.blockRows = 0;
    rows.used = 0;
    for (int step = 0; step < sequences.time(); step++) {
      active = sequences.active(part, step, active);
      if (active == 0) {
        return;
      }
      if (rows.used == rows.blockRows) {
        multiplyInput(rows, part, step, active);
      }
      place(rows, part, step, active);
      System.arraycopy(rows.to, rows.used, rows.gates, 0, active);
      rows.used += active;
      regular.maskState(rows, active);
      stepForward(rows, active);
      regular.zoneState(rows, active);
      for (int i = 0; i < active; i++) {
        int rank = rows.rank[i];
        if (sequences.length(rank) == step + 1) {
          Elementwise.copy(out, rows.h[i], io.hn + stateOffset(rank, out));
          saveLast(rank, rows.row[i]);
        }
      }
    }
  }

  /** The input's share of the gates for the steps from {@code step} on that fill a block. */
  private void multiplyInput(Rows rows, int part, int step, int active) {
    int count = 0;
    int running = active;
    for (int s = step; s < sequences.time() && count < BLOCK_ROWS; s++) {
      running = sequences.active(part, s, running);
      for (int i = 0; i < running; i++) {
        int rank = sequences.rank(part, i);
        int row = row(rank, s);
        long x = io.x + 4L * row * inputSize;
        rows.from[count] = regular.maskInput(rank, row, x);
        long to = (training ? gates : rows.blockGates) + 4L * gateRows * (training ? row : count);
        rows.to[count++] = to;
        if (addsBias) {
          Elementwise.copy(gateRows, weights.inputBias, to);
        }
      }
    }
    rows.blockRows = count;
    rows.used = 0;
    weights.input.multiply(count, rows.from, rows.to, 0, weights.input.panels(), addsBias);
  }

  private void place(Rows rows, int part, int step, int active) {
    for (int i = 0; i < active; i++) {
      int rank = sequences.rank(part, i);
      int time = reverse ? sequences.length(rank) - 1 - step : step;
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
  }

  /** The packed row of a sequence's step, counted in the direction of this pass. */
  private int row(int rank, int step) {
    int time = reverse ? sequences.length(rank) - 1 - step : step;
    return sequences.offset(time) + rank;
  }

  /** The address of a sequence's initial state, or of zeros. */
  final long initial(long states, int rank, int width) {
    return states == 0 ? zeros : states + stateOffset(rank, width);
  }

  /** Bytes from the start of this pass's states to a sequence's. */
  final long stateOffset(int rank, int width) {
    return 4L * sequences.sequence(rank) * width;
  }

  /** Runs backwards through time; {@code addToInput}: dx is accumulated into. */
  final void backward(Products products, long gradients, boolean addToInput) {
    addsToInput = addToInput;
    team.run(sequences.parts(), backwardTask);
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

  private void backwardPart(int part) {
    Rows rows = parts.get(part);
    int size = sequences.size(part);
    for (int i = 0; i < size; i++) {
      int rank = sequences.rank(part, i);
      Elementwise.copy(out, initial(io.dhn, rank, out), dhNext + 4L * rank * out);
      startBackward(rank);
    }
    rows.blockRows = 0;
    int active = 0;
    for (int step = sequences.time() - 1; step >= 0; step--) {
      active = sequences.active(part, step, active);
      if (active == 0) {
        continue;
      }
      place(rows, part, step, active);
      if (io.dy != 0) {
        for (int i = 0; i < active; i++) {
          Elementwise.add(out, io.dy + 4L * rows.row[i] * io.yStride, rows.dh[i]);
        }
      }
      regular.beforeBackward(rows, active);
      stepBackward(rows, active);
      regular.afterBackward(rows, active, carries);
      if (io.dx != 0) {
        collectInputGradient(rows, active, step == 0);
      }
    }
    for (int i = 0; i < size; i++) {
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

  /** dL/dx of the steps since the last time, as soon as they fill a block or are the last. */
  private void collectInputGradient(Rows rows, int active, boolean last) {
    for (int i = 0; i < active; i++) {
      rows.from[rows.blockRows] = rows.gates[i];
      rows.to[rows.blockRows++] = io.dx + 4L * rows.row[i] * inputSize;
    }
    if (!last && rows.blockRows < BLOCK_ROWS) {
      return;
    }
    int count = rows.blockRows;
    PackedMatrix back = Objects.requireNonNull(weights.inputBack);
    back.multiply(count, rows.from, rows.to, 0, back.panels(), addsToInput);
    rows.blockRows = 0;
  }

  /**
   * dWeight [o, out] += dGates [rows, o]' times h of the step before.
   *
   * @param dGates gradients whose rows are {@code stride} floats apart
   */
  final void previousStateGradient(
      Products products, int o, long dGates, int stride, long dWeight) {
    if (regular.masksState()) {
      long seen = regular.maskedState();
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
