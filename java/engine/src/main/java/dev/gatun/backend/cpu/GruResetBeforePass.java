package dev.gatun.backend.cpu;

import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.GruResetBefore;
import dev.gatun.kernels.PackedGemm;

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

  private final long packedResets;
  private final long packedCandidate;
  private final long packedResetsBack;
  private final long packedCandidateBack;
  private final long biasSum;

  GruResetBeforePass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    resetRows = 2 * hidden;
    resetState = plan.perRow(hidden);
    recurrentGates = plan.perSequence(gateRows);
    dResetState = training ? plan.perSequence(hidden) : 0;
    packedResets = plan.floats(PackedGemm.packedFloats(out, resetRows));
    packedCandidate = plan.floats(PackedGemm.packedFloats(out, hidden));
    packedResetsBack = training ? plan.floats(PackedGemm.packedFloats(resetRows, out)) : 0;
    packedCandidateBack = training ? plan.floats(PackedGemm.packedFloats(hidden, out)) : 0;
    biasSum = bias ? plan.floats(gateRows) : 0;
  }

  @Override
  void packState(long block) {
    long resets = weight(block, Weight.RECURRENT);
    long candidate = resets + 4L * resetRows * out;
    packTransposed(resets, resetRows, out, packedResets);
    packTransposed(candidate, hidden, out, packedCandidate);
    if (training) {
      packPlain(resets, resetRows, out, packedResetsBack);
      packPlain(candidate, hidden, out, packedCandidateBack);
    }
    if (bias) {
      Elementwise.copy(gateRows, weight(block, Weight.INPUT_BIAS), biasSum);
      Elementwise.add(gateRows, weight(block, Weight.RECURRENT_BIAS), biasSum);
    }
  }

  @Override
  long inputBias() {
    return biasSum;
  }

  @Override
  void stepForward(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      rows.scratch[i] = recurrentGates + 4L * rows.rank[i] * gateRows;
    }
    PackedGemm.multiplySet(
        active, rows.hPrevious, 0, packedResets, rows.scratch, 0, out, resetRows);
    for (int i = 0; i < active; i++) {
      long reset = resetState + 4L * rows.row[i] * hidden;
      GruResetBefore.forwardGates(hidden, rows.gates[i], rows.scratch[i], rows.hPrevious[i], reset);
      rows.dh[i] = reset;
      rows.scratch[i] += 4L * resetRows;
    }
    PackedGemm.multiplySet(active, rows.dh, 0, packedCandidate, rows.scratch, 0, out, hidden);
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
    PackedGemm.multiplySet(
        active, rows.gates, 0, packedCandidateBack, rows.scratch, 0, hidden, out);
    for (int i = 0; i < active; i++) {
      rows.gates[i] -= 4L * resetRows;
      long gates = rows.gates[i];
      GruResetBefore.backwardReset(
          hidden, gates, rows.hPrevious[i], rows.scratch[i], gates, rows.dh[i]);
    }
    PackedGemm.multiplyAdd(active, rows.gates, 0, packedResetsBack, rows.dh, 0, resetRows, out);
  }

  @Override
  void recurrentGradients(Products products, long block) {
    long dResets = weight(block, Weight.RECURRENT);
    long dCandidate = dResets + 4L * resetRows * out;
    int rows = sequences.rows();
    previousStateGradient(products, resetRows, gates, gateRows, dResets);
    products.weightGradient(
        rows, hidden, out, gates + 4L * resetRows, gateRows, resetState, hidden, dCandidate);
    addBiasGradient(block);
  }
}
