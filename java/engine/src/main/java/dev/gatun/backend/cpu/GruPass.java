package dev.gatun.backend.cpu;

import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.kernels.Gru;

/** GRU whose reset gate acts after the recurrent product, so that both products are kept apart. */
class GruPass extends Pass {
  /** [rows, 3H]: the state's share of the gates; in backward its gradient. */
  private final long recurrentGates;

  private final boolean perRow;

  GruPass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    perRow = training;
    recurrentGates = perRow ? plan.perRow(gateRows) : plan.perSequence(gateRows);
  }

  /** The recurrent share of a row: its own in training, its sequence's where nothing is saved. */
  private long recurrentGates(Rows rows, int i) {
    int at = perRow ? rows.row[i] : rows.rank[i];
    return recurrentGates + 4L * at * gateRows;
  }

  @Override
  void prepareForward(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      rows.scratch[i] = recurrentGates(rows, i);
    }
  }

  @Override
  void product(int stage, Rows rows, int active, int chunk, int chunks) {
    weights
        .recurrent
        .forward()
        .multiply(active, rows.hSeen, rows.scratch, shareStart(), chunk, chunks);
  }

  /** What the state's share starts from, [3H]. */
  long shareStart() {
    return weights.recurrentBias;
  }

  @Override
  void cell(int stage, Rows rows, int from, int to) {
    for (int i = from; i < to; i++) {
      cellRow(rows, i, rows.scratch[i]);
    }
  }

  /** One row's new h. */
  void cellRow(Rows rows, int i, long recurrent) {
    Gru.forward(hidden, rows.gates[i], recurrent, rows.hPrevious[i], rows.h[i]);
  }

  @Override
  void prepareBackward(Rows rows, int active) {
    prepareForward(rows, active);
  }

  @Override
  void cellBack(int stage, Rows rows, int from, int to) {
    for (int i = from; i < to; i++) {
      cellRowBack(rows, i, rows.scratch[i]);
    }
  }

  /** One row back: the gradients of both shares, and of h but for what goes through R. */
  void cellRowBack(Rows rows, int i, long recurrent) {
    long gates = rows.gates[i];
    long dh = rows.dh[i];
    Gru.backward(hidden, gates, recurrent, rows.hPrevious[i], dh, gates, recurrent, dh);
  }

  @Override
  void productBack(int stage, Rows rows, int active, int chunk, int chunks) {
    weights.recurrent.back().multiply(active, rows.scratch, rows.dhSeen, chunk, chunks, true);
  }

  @Override
  void recurrentGradients(Products products, long block) {
    previousStateGradient(products, gateRows, recurrentGates, gateRows, recurrentGradient(block));
    recurrentBiasGradient(products, block);
  }

  /** The gradient of b_R. */
  void recurrentBiasGradient(Products products, long block) {
    if (bias) {
      products.columnSum(
          sequences.rows(),
          gateRows,
          recurrentGates,
          gateRows,
          weight(block, Weight.RECURRENT_BIAS));
    }
  }
}
