package dev.gatun.backend.cpu;

import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Gru;

/** GRU whose reset gate acts after the recurrent product, so that both products are kept apart. */
final class GruPass extends Pass {
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
  void stepForward(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      rows.scratch[i] = recurrentGates(rows, i);
      Elementwise.copy(gateRows, weights.recurrentBias, rows.scratch[i]);
    }
    weights.recurrent.forward().multiplyAdd(active, rows.hPrevious, rows.scratch);
    for (int i = 0; i < active; i++) {
      Gru.forward(hidden, rows.gates[i], rows.scratch[i], rows.hPrevious[i], rows.h[i]);
    }
  }

  @Override
  void stepBackward(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      long recurrent = recurrentGates(rows, i);
      long dh = rows.dh[i];
      rows.scratch[i] = recurrent;
      long gates = rows.gates[i];
      Gru.backward(hidden, gates, recurrent, rows.hPrevious[i], dh, gates, recurrent, dh);
    }
    weights.recurrent.back().multiplyAdd(active, rows.scratch, rows.dh);
  }

  @Override
  void recurrentGradients(Products products, long block) {
    previousStateGradient(
        products, gateRows, recurrentGates, gateRows, weight(block, Weight.RECURRENT));
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
