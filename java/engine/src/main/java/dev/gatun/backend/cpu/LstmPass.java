package dev.gatun.backend.cpu;

import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Lstm;
import java.util.Objects;

/** LSTM, with or without a projection of h. */
class LstmPass extends Pass {
  private final boolean projected;

  /** [rows, H] each: the state c, tanh(c), and o * tanh(c) where a projection follows. */
  private final long c;

  private final long tanhC;
  private final long unprojected;

  /** [rows, P]: dL/dh as a whole, for the projection's gradient. */
  private final long dProjected;

  /** [maxBatch, H] each: the gradient of c carried back, and of o * tanh(c) before projecting. */
  private final long dcNext;

  private final long dUnprojected;

  LstmPass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    projected = plan.spec().projectionSize() > 0;
    c = plan.perRow(hidden);
    tanhC = training ? plan.perRow(hidden) : 0;
    unprojected = projected ? plan.perRow(hidden) : 0;
    dProjected = projected && training ? plan.perRow(out) : 0;
    dcNext = training ? plan.perSequence(hidden) : 0;
    dUnprojected = projected && training ? plan.perSequence(hidden) : 0;
  }

  @Override
  int products() {
    return projected ? 2 : 1;
  }

  @Override
  void prepareForward(Rows rows, int active) {
    for (int i = 0; projected && i < active; i++) {
      rows.scratch[i] = unprojected + 4L * rows.row[i] * hidden;
    }
  }

  @Override
  void product(int stage, Rows rows, int active, int chunk, int chunks) {
    if (stage == 0) {
      multiplyState(rows, active, chunk, chunks);
    } else {
      projection().forward().multiply(active, rows.scratch, rows.h, chunk, chunks, false);
    }
  }

  @Override
  void cell(int stage, Rows rows, int from, int to) {
    for (int i = from; i < to; i++) {
      long at = 4L * rows.row[i] * hidden;
      long h = projected ? rows.scratch[i] : rows.h[i];
      long saved = training ? tanhC + at : 0;
      cellRow(rows, i, c + at, saved, h);
    }
  }

  /** The state's share of the gates. */
  void multiplyState(Rows rows, int active, int chunk, int chunks) {
    weights.recurrent.forward().multiply(active, rows.hSeen, rows.gates, chunk, chunks, true);
  }

  /** One row's new c, tanh of it (0: not wanted) and h before a projection. */
  void cellRow(Rows rows, int i, long cNext, long saved, long h) {
    Lstm.forward(hidden, rows.gates[i], cPrevious(rows, i), cNext, saved, h);
  }

  private PassWeights.Pair projection() {
    return Objects.requireNonNull(weights.projection);
  }

  final long cPrevious(Rows rows, int i) {
    return rows.previous[i] < 0
        ? initial(io.c0, rows.rank[i], hidden)
        : c + 4L * rows.previous[i] * hidden;
  }

  /** Where c of a packed row is. */
  final long cell(int row) {
    return c + 4L * row * hidden;
  }

  @Override
  void saveLast(int rank, int row) {
    long from = row < 0 ? initial(io.c0, rank, hidden) : c + 4L * row * hidden;
    Elementwise.copy(hidden, from, io.cn + stateOffset(rank, hidden));
  }

  @Override
  void startBackward(int rank) {
    Elementwise.copy(hidden, initial(io.dcn, rank, hidden), dcNext + 4L * rank * hidden);
  }

  @Override
  void prepareBackward(Rows rows, int active) {
    for (int i = 0; projected && i < active; i++) {
      rows.scratch[i] = dUnprojected + 4L * rows.rank[i] * hidden;
    }
  }

  @Override
  void cellBack(int stage, Rows rows, int from, int to) {
    boolean keepsProjected = projected && stage == 0;
    for (int i = from; i < to; i++) {
      if (keepsProjected) {
        Elementwise.copy(out, rows.dh[i], dProjected + 4L * rows.row[i] * out);
      } else {
        long dh = projected ? rows.scratch[i] : rows.dh[i];
        long dc = dcNext + 4L * rows.rank[i] * hidden;
        long saved = tanhC + 4L * rows.row[i] * hidden;
        cellRowBack(rows, i, saved, dh, dc);
      }
    }
  }

  /** One row back: the gates' gradients, from dh before a projection; dc of the step before. */
  void cellRowBack(Rows rows, int i, long saved, long dh, long dc) {
    long gates = rows.gates[i];
    Lstm.backward(hidden, gates, gates, cPrevious(rows, i), saved, dh, dc);
  }

  @Override
  void productBack(int stage, Rows rows, int active, int chunk, int chunks) {
    if (projected && stage == 0) {
      projection().back().multiply(active, rows.dh, rows.scratch, chunk, chunks, false);
    } else {
      multiplyStateBack(rows, active, chunk, chunks);
    }
  }

  /** From the gates' gradients to that of the h they saw. */
  void multiplyStateBack(Rows rows, int active, int chunk, int chunks) {
    weights.recurrent.back().multiply(active, rows.gates, rows.dhSeen, chunk, chunks, false);
  }

  @Override
  void finishBackward(int rank) {
    if (io.dc0 != 0) {
      Elementwise.copy(hidden, dcNext + 4L * rank * hidden, io.dc0 + stateOffset(rank, hidden));
    }
  }

  @Override
  void recurrentGradients(Products products, long block) {
    gateGradients(products, block);
    if (projected) {
      products.weightGradient(
          sequences.rows(),
          out,
          hidden,
          dProjected,
          out,
          unprojected,
          hidden,
          weight(block, Weight.PROJECTION));
    }
  }

  /** The gradients of R and the biases. */
  void gateGradients(Products products, long block) {
    previousStateGradient(products, gateRows, gates, gateRows, recurrentGradient(block));
    addBiasGradient(block);
  }
}
