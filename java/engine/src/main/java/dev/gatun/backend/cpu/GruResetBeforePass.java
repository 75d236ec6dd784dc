package dev.gatun.backend.cpu;

import dev.gatun.kernels.GruResetBefore;
import java.util.Objects;

/** GRU whose reset gate acts on h before the candidate's product: two products each step. */
final class GruResetBeforePass extends Pass {
  /** The rows of r and z in the recurrent weights; those of n follow. */
  private final int resetRows;

  /** [rows, H]: r * h of the step before. */
  private final long resetState;

  /** [maxBatch, 3H]: the state's share of the gates in one step. */
  private final long recurrentGates;

  /** [maxBatch, H]: the gradient of resetState. */
  private final long dResetState;

  GruResetBeforePass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    resetRows = 2 * hidden;
    resetState = plan.perRow(hidden);
    recurrentGates = plan.perSequence(gateRows);
    dResetState = training ? plan.perSequence(hidden) : 0;
  }

  @Override
  void stepForward(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      rows.scratch[i] = recurrentGates + 4L * rows.rank[i] * gateRows;
    }
    weights.recurrent.forward().multiplySet(active, rows.hSeen, rows.scratch);
    for (int i = 0; i < active; i++) {
      long reset = resetState + 4L * rows.row[i] * hidden;
      GruResetBefore.forwardGates(hidden, rows.gates[i], rows.scratch[i], rows.hSeen[i], reset);
      rows.dh[i] = reset;
      rows.scratch[i] += 4L * resetRows;
    }
    candidate().forward().multiplySet(active, rows.dh, rows.scratch);
    for (int i = 0; i < active; i++) {
      long recurrent = rows.scratch[i] - 4L * resetRows;
      GruResetBefore.forwardState(hidden, rows.gates[i], recurrent, rows.hPrevious[i], rows.h[i]);
    }
  }

  @Override
  void stepBackward(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      long gates = rows.gates[i];
      long dh = rows.dh[i];
      GruResetBefore.backwardState(hidden, gates, rows.hPrevious[i], dh, gates, dh);
      rows.scratch[i] = dResetState + 4L * rows.rank[i] * hidden;
      rows.gates[i] += 4L * resetRows;
    }
    candidate().back().multiplySet(active, rows.gates, rows.scratch);
    for (int i = 0; i < active; i++) {
      rows.gates[i] -= 4L * resetRows;
      long gates = rows.gates[i];
      GruResetBefore.backwardReset(
          hidden, gates, rows.hSeen[i], rows.scratch[i], gates, rows.dhSeen[i]);
    }
    weights.recurrent.back().multiplyAdd(active, rows.gates, rows.dhSeen);
  }

  private PassWeights.Pair candidate() {
    return Objects.requireNonNull(weights.candidate);
  }

  @Override
  void recurrentGradients(Products products, long block) {
    long dResets = recurrentGradient(block);
    long dCandidate = dResets + 4L * resetRows * out;
    int rows = sequences.rows();
    previousStateGradient(products, resetRows, gates, gateRows, dResets);
    products.weightGradient(
        rows, hidden, out, gates + 4L * resetRows, gateRows, resetState, hidden, dCandidate);
    addBiasGradient(block);
  }
}
