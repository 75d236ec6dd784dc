package dev.gatun.backend.cpu;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.backend.Regularization;
import dev.gatun.backend.WeightType;
import dev.gatun.kernels.Elementwise;
import dev.gatun.tensor.Workspace;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The weights of one layer and direction as its kernels read them. */
final class PassWeights {
  /** W' [C, G*H]. */
  final PackedMatrix input;

  /** W [G*H, C]; null unless the input's gradient is wanted. */
  final @Nullable PackedMatrix inputBack;

  /**
   * The gates that read h itself: all, but not the candidate of a GRU that resets before. As W'
   * [out, rows] and, in training, as it is.
   */
  final Pair recurrent;

  /** The candidate's gate of a GRU that resets before; null for other cells. */
  final @Nullable Pair candidate;

  /** W_r [P, H]; null without a projection. */
  final @Nullable Pair projection;

  /** [G*H] what joins the input's share: both biases where the cell adds them; 0 without. */
  final long inputBias;

  /** [G*H] what joins the state's share where that is kept apart; zeros without biases. */
  final long recurrentBias;

  /** [G*H] and [H], the gains of layer normalisation and the shift of c; 0 without. */
  final long inputNorm;

  final long recurrentNorm;
  final long cellNorm;
  final long cellNormBias;

  /** [3H], the peepholes of i, f and o; 0 without. */
  final long peephole;

  /** R as it is [rows, out], where a mask is applied to it for each call; else 0. */
  private final long connections;

  /** The masked R, and scratch for its gradient; 0 without. */
  final long droppedConnections;

  private final int gateRows;
  private final int hidden;
  private final int out;
  private final int recurrentRows;
  private final boolean bias;

  /** Bytes from the start of the flat block to each kind of weight that there is. */
  private final Map<Weight, Long> offsets = new EnumMap<>(Weight.class);

  /**
   * Reserves them.
   *
   * @param training whether matrices are also packed for backward
   * @param inputGradient whether the input's is
   */
  PassWeights(
      Workspace workspace,
      RecurrentSpec spec,
      int layer,
      int direction,
      WeightType type,
      boolean training,
      boolean inputGradient) {
    for (Weight kind : Weight.values()) {
      WeightView view = spec.weight(kind, layer, direction);
      if (view != null) {
        offsets.put(kind, 4 * view.offset());
      }
    }
    gateRows = spec.gateRows();
    out = spec.stateSize();
    bias = spec.bias();
    boolean resetBefore = spec.cell() == Cell.GRU_RESET_BEFORE;
    hidden = spec.hiddenSize();
    Regularization how = spec.regularization();
    boolean norm = how.layerNorm();
    boolean cellState = spec.cell().hasCellState();
    inputNorm = norm ? workspace.real(gateRows).address() : 0;
    recurrentNorm = norm ? workspace.real(gateRows).address() : 0;
    cellNorm = norm && cellState ? workspace.real(hidden).address() : 0;
    cellNormBias = norm && cellState ? workspace.real(hidden).address() : 0;
    peephole = spec.options().peephole() ? workspace.real(3L * hidden).address() : 0;
    boolean drops = training && how.dropConnect() > 0;
    connections = drops ? workspace.real(gateRows, out).address() : 0;
    droppedConnections = drops ? workspace.real(gateRows, out).address() : 0;
    int c = spec.inputSize(layer);
    recurrentRows = resetBefore ? gateRows - hidden : gateRows;
    input = new PackedMatrix(workspace, c, gateRows, type);
    inputBack = inputGradient ? new PackedMatrix(workspace, gateRows, c, type) : null;
    recurrent = new Pair(workspace, recurrentRows, out, type, training);
    candidate = resetBefore ? new Pair(workspace, hidden, out, type, training) : null;
    projection =
        spec.projectionSize() > 0 ? new Pair(workspace, out, hidden, type, training) : null;
    inputBias = bias || norm ? workspace.real(gateRows).address() : 0;
    recurrentBias = spec.cell() == Cell.GRU ? workspace.real(gateRows).address() : 0;
  }

  /** The address of a weight in the flat block at {@code block}; 0 if there is none. */
  long at(long block, Weight kind) {
    Long offset = offsets.get(kind);
    return offset == null ? 0 : block + offset;
  }

  /** Copies and packs all from the flat block. */
  void pack(long block) {
    input.packTransposed(at(block, Weight.INPUT));
    if (inputBack != null) {
      inputBack.packPlain(at(block, Weight.INPUT));
    }
    if (connections != 0) {
      Elementwise.copy((long) gateRows * out, at(block, Weight.RECURRENT), connections);
    } else {
      packState(at(block, Weight.RECURRENT));
    }
    if (projection != null) {
      projection.pack(at(block, Weight.PROJECTION));
    }
    if (bias) {
      Elementwise.copy(gateRows, at(block, Weight.INPUT_BIAS), inputBias);
      long second = at(block, Weight.RECURRENT_BIAS);
      if (recurrentBias != 0) {
        Elementwise.copy(gateRows, second, recurrentBias);
      } else {
        Elementwise.add(gateRows, second, inputBias);
      }
    }
    copy(block, Weight.INPUT_NORM, gateRows, inputNorm);
    copy(block, Weight.RECURRENT_NORM, gateRows, recurrentNorm);
    copy(block, Weight.CELL_NORM, hidden, cellNorm);
    copy(block, Weight.CELL_NORM_BIAS, hidden, cellNormBias);
    copy(block, Weight.PEEPHOLE, 3 * hidden, peephole);
  }

  private void copy(long block, Weight kind, int count, long to) {
    long from = at(block, kind);
    if (from != 0) {
      Elementwise.copy(count, from, to);
    }
  }

  private void packState(long state) {
    recurrent.pack(state);
    if (candidate != null) {
      candidate.pack(state + 4L * recurrentRows * out);
    }
  }

  /** Packs the recurrent weights with a mask on them, for one call. */
  void dropConnections(Regularizer masks) {
    masks.connections((long) gateRows * out, connections, droppedConnections);
    packState(droppedConnections);
  }

  /** A weight [rows, columns], packed for forward and, in training, for backward. */
  static final class Pair {
    private final PackedMatrix forward;
    private final @Nullable PackedMatrix back;

    private Pair(Workspace workspace, int rows, int columns, WeightType type, boolean training) {
      forward = new PackedMatrix(workspace, columns, rows, type);
      back = training ? new PackedMatrix(workspace, rows, columns, type) : null;
    }

    private void pack(long weight) {
      forward.packTransposed(weight);
      if (back != null) {
        back.packPlain(weight);
      }
    }

    /** Its transpose [columns, rows], which rows of states are multiplied by. */
    PackedMatrix forward() {
      return forward;
    }

    /** Itself, which rows of gradients are multiplied by; in training only. */
    PackedMatrix back() {
      return Objects.requireNonNull(back);
    }
  }
}
