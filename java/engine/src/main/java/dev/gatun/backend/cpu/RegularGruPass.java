package dev.gatun.backend.cpu;

import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.kernels.LayerNorm;
import dev.gatun.kernels.RegularGru;
import org.jspecify.annotations.Nullable;

/** GRU with a mask on its candidate, and perhaps layer normalisation. */
final class RegularGruPass extends GruPass {
  /** Null without layer normalisation. */
  private final @Nullable Norms norms;

  RegularGruPass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    norms = plan.spec().regularization().layerNorm() ? new Norms(plan) : null;
  }

  /**
   * What layer normalisation needs: gates and recurrentGates hold both products, normalised, and
   * then their gradients.
   */
  private final class Norms {
    private final RowNorm input;
    private final RowNorm recurrent;

    /** [rows, 3H]: activations, then gradients of pre-activations; 0 in inference. */
    private final long active;

    /** [maxBatch, 3H]: the state's share, then its gradient; 0 in inference. */
    private final long share;

    private Norms(PassPlan plan) {
      input = new RowNorm(plan, gateRows, weights.inputNorm, bias);
      recurrent = new RowNorm(plan, gateRows, weights.recurrentNorm, bias);
      active = training ? plan.perRow(gateRows) : 0;
      share = training ? plan.perSequence(gateRows) : 0;
    }

    private long active(Rows rows, int i) {
      return training ? active + 4L * rows.row[i] * gateRows : rows.gates[i];
    }

    private long share(Rows rows, int i, long hat) {
      return training ? share + 4L * rows.rank[i] * gateRows : hat;
    }
  }

  @Override
  long shareStart() {
    return norms == null ? super.shareStart() : weights.recurrent.forward().zeros();
  }

  @Override
  void cellRow(Rows rows, int i, long recurrent) {
    long mask = regular.candidate(rows, i);
    long gates = rows.gates[i];
    if (norms == null) {
      RegularGru.forward(hidden, gates, recurrent, mask, rows.hPrevious[i], rows.h[i]);
      return;
    }
    int row = rows.row[i];
    long active = norms.active(rows, i);
    long share = norms.share(rows, i, recurrent);
    norms.input.normalize(row, gates);
    norms.input.scaleShift(gates, weights.inputBias, active);
    norms.recurrent.normalize(row, recurrent);
    norms.recurrent.scaleShift(recurrent, weights.recurrentBias, share);
    RegularGru.forward(hidden, active, share, mask, rows.hPrevious[i], rows.h[i]);
  }

  @Override
  void startBackward(int rank) {
    if (norms != null) {
      norms.input.startBackward(rank);
      norms.recurrent.startBackward(rank);
    }
  }

  @Override
  void cellRowBack(Rows rows, int i, long recurrent) {
    long mask = regular.candidate(rows, i);
    long gates = rows.gates[i];
    long h = rows.hPrevious[i];
    long dh = rows.dh[i];
    if (norms == null) {
      RegularGru.backward(hidden, gates, recurrent, mask, h, dh, gates, recurrent, dh);
      return;
    }
    int row = rows.row[i];
    int rank = rows.rank[i];
    long active = norms.active(rows, i);
    long share = norms.share(rows, i, recurrent);
    // Of the state's share the candidate's block is read again.
    long at = 8L * hidden;
    long gain = weights.recurrentNorm + at;
    LayerNorm.scaleShift(hidden, recurrent + at, gain, weights.recurrentBias + at, share + at);
    RegularGru.backward(hidden, active, share, mask, h, dh, active, share, dh);
    norms.input.backward(row, rank, active, gates, gates);
    norms.recurrent.backward(row, rank, share, recurrent, recurrent);
  }

  @Override
  void recurrentBiasGradient(Products products, long block) {
    if (norms == null) {
      super.recurrentBiasGradient(products, block);
      return;
    }
    int batch = sequences.batch();
    long inputBias = weight(block, Weight.INPUT_BIAS);
    long recurrentBias = weight(block, Weight.RECURRENT_BIAS);
    norms.input.collect(products, batch, weight(block, Weight.INPUT_NORM), inputBias);
    norms.recurrent.collect(products, batch, weight(block, Weight.RECURRENT_NORM), recurrentBias);
  }
}
