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
  int products() {
    return 2;
  }

  @Override
  int cells() {
    return 2;
  }

  @Override
  void prepareForward(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      rows.scratch[i] = recurrentGates + 4L * rows.rank[i] * gateRows;
      rows.share[i] = rows.scratch[i] + 4L * resetRows;
      rows.dh[i] = resetState + 4L * rows.row[i] * hidden;
    }
  }

  @Override
  void product(int stage, Rows rows, int active, int chunk, int chunks) {
    if (stage == 0) {
      weights.recurrent.forward().multiply(active, rows.hSeen, rows.scratch, chunk, chunks, false);
    } else {
      candidate().forward().multiply(active, rows.dh, rows.share, chunk, chunks, false);
    }
  }

  @Override
  void cell(int stage, Rows rows, int from, int to) {
    for (int i = from; i < to; i++) {
      long gates = rows.gates[i];
      long share = rows.scratch[i];
      if (stage == 0) {
        GruResetBefore.forwardGates(hidden, gates, share, rows.hSeen[i], rows.dh[i]);
      } else {
        GruResetBefore.forwardState(hidden, gates, share, rows.hPrevious[i], rows.h[i]);
      }
    }
  }

  @Override
  void prepareBackward(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      rows.scratch[i] = dResetState + 4L * rows.rank[i] * hidden;
      rows.share[i] = rows.gates[i] + 4L * resetRows;
    }
  }

  @Override
  void cellBack(int stage, Rows rows, int from, int to) {
    for (int i = from; i < to; i++) {
      long gates = rows.gates[i];
      if (stage == 0) {
        long dh = rows.dh[i];
        GruResetBefore.backwardState(hidden, gates, rows.hPrevious[i], dh, gates, dh);
      } else {
        GruResetBefore.backwardReset(
            hidden, gates, rows.hSeen[i], rows.scratch[i], gates, rows.dhSeen[i]);
      }
    }
  }

  @Override
  void productBack(int stage, Rows rows, int active, int chunk, int chunks) {
    if (stage == 0) {
      candidate().back().multiply(active, rows.share, rows.scratch, chunk, chunks, false);
    } else {
      weights.recurrent.back().multiply(active, rows.gates, rows.dhSeen, chunk, chunks, true);
    }
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
