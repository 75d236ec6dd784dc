package dev.gatun.backend.cpu;

import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.kernels.RegularLstm;
import org.jspecify.annotations.Nullable;

/** LSTM with masks inside its cell, and perhaps layer normalisation. */
final class RegularLstmPass extends LstmPass {
  /** Null without layer normalisation. */
  private final @Nullable Norms norms;

  /** [maxBatch, H]: dL/dc by way of h. */
  private final long dCell;

  RegularLstmPass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    norms = plan.spec().regularization().layerNorm() ? new Norms(plan) : null;
    dCell = training ? plan.perSequence(hidden) : 0;
  }

  /** What layer normalisation needs: the gates hold W x, normalised, and then its gradient. */
  private final class Norms {
    private final RowNorm input;
    private final RowNorm recurrent;
    private final RowNorm cell;

    /** [rows, 4H] in training, [maxBatch, 4H] in inference: R h, normalised; then its gradient. */
    private final long share;

    /** [rows, 4H]: activations, then gradients of pre-activations; 0 in inference. */
    private final long active;

    /** [rows, H]: c, normalised; 0 in inference. */
    private final long hat;

    private Norms(PassPlan plan) {
      // The two biases have one gradient: it is added up once.
      input = new RowNorm(plan, gateRows, weights.inputNorm, bias);
      recurrent = new RowNorm(plan, gateRows, weights.recurrentNorm, false);
      cell = new RowNorm(plan, hidden, weights.cellNorm, bias);
      share = training ? plan.perRow(gateRows) : plan.perSequence(gateRows);
      active = training ? plan.perRow(gateRows) : 0;
      hat = training ? plan.perRow(hidden) : 0;
    }

    private long share(Rows rows, int i) {
      return share + 4L * (training ? rows.row[i] : rows.rank[i]) * gateRows;
    }

    /** Where the activations of a row are. */
    private long active(Rows rows, int i) {
      return training ? active + 4L * rows.row[i] * gateRows : rows.gates[i];
    }

    /** The pre-activations from both products. */
    private void combine(Rows rows, int i) {
      int row = rows.row[i];
      input.normalize(row, rows.gates[i]);
      recurrent.normalize(row, share(rows, i));
      input.scaleShift(rows.gates[i], weights.inputBias, active(rows, i));
      recurrent.addScaled(share(rows, i), active(rows, i));
    }

    private void combineBack(Rows rows, int i) {
      int row = rows.row[i];
      int rank = rows.rank[i];
      long d = active(rows, i);
      input.backward(row, rank, d, rows.gates[i], rows.gates[i]);
      recurrent.backward(row, rank, d, share(rows, i), share(rows, i));
    }
  }

  @Override
  void prepareForward(Rows rows, int active) {
    super.prepareForward(rows, active);
    for (int i = 0; norms != null && i < active; i++) {
      rows.share[i] = norms.share(rows, i);
    }
  }

  @Override
  void multiplyState(Rows rows, int active, int chunk, int chunks) {
    if (norms == null) {
      super.multiplyState(rows, active, chunk, chunks);
    } else {
      weights.recurrent.forward().multiply(active, rows.hSeen, rows.share, chunk, chunks, false);
    }
  }

  @Override
  void cellRow(Rows rows, int i, long cNext, long saved, long h) {
    if (norms != null) {
      norms.combine(rows, i);
    }
    long gates = norms == null ? rows.gates[i] : norms.active(rows, i);
    long squashed = training ? saved : h;
    long cNew = norms == null || !training ? squashed : norms.hat + 4L * rows.row[i] * hidden;
    long mask = regular.candidate(rows, i);
    long fresh = regular.freshCell(rows, i);
    RegularLstm.state(hidden, gates, mask, fresh, cPrevious(rows, i), cNew, cNext);
    if (norms != null) {
      norms.cell.normalize(rows.row[i], cNew);
      norms.cell.scaleShift(cNew, weights.cellNormBias, squashed);
    }
    RegularLstm.output(hidden, gates, squashed, squashed, h);
  }

  @Override
  void startBackward(int rank) {
    super.startBackward(rank);
    if (norms != null) {
      norms.input.startBackward(rank);
      norms.recurrent.startBackward(rank);
      norms.cell.startBackward(rank);
    }
  }

  @Override
  void cellRowBack(Rows rows, int i, long saved, long dh, long dc) {
    long gates = norms == null ? rows.gates[i] : norms.active(rows, i);
    long dNew = dCell + 4L * rows.rank[i] * hidden;
    RegularLstm.outputBackward(hidden, gates, saved, dh, gates, dNew);
    if (norms != null) {
      int row = rows.row[i];
      norms.cell.backward(row, rows.rank[i], dNew, norms.hat + 4L * row * hidden, dNew);
    }
    long mask = regular.candidate(rows, i);
    long fresh = regular.freshCell(rows, i);
    RegularLstm.stateBackward(hidden, gates, mask, fresh, cPrevious(rows, i), dNew, gates, dc);
    if (norms != null) {
      norms.combineBack(rows, i);
    }
  }

  @Override
  void prepareBackward(Rows rows, int active) {
    super.prepareBackward(rows, active);
    for (int i = 0; norms != null && i < active; i++) {
      rows.share[i] = norms.share(rows, i);
    }
  }

  @Override
  void multiplyStateBack(Rows rows, int active, int chunk, int chunks) {
    if (norms == null) {
      super.multiplyStateBack(rows, active, chunk, chunks);
    } else {
      weights.recurrent.back().multiply(active, rows.share, rows.dhSeen, chunk, chunks, false);
    }
  }

  @Override
  void gateGradients(Products products, long block) {
    if (norms == null) {
      super.gateGradients(products, block);
      return;
    }
    previousStateGradient(products, gateRows, norms.share, gateRows, recurrentGradient(block));
    int batch = sequences.batch();
    long inputBias = weight(block, Weight.INPUT_BIAS);
    norms.input.collect(products, batch, weight(block, Weight.INPUT_NORM), inputBias);
    norms.recurrent.collect(products, batch, weight(block, Weight.RECURRENT_NORM), 0);
    long cellGain = weight(block, Weight.CELL_NORM);
    norms.cell.collect(products, batch, cellGain, weight(block, Weight.CELL_NORM_BIAS));
    if (bias) {
      norms.input.collectShift(products, batch, weight(block, Weight.RECURRENT_BIAS));
    }
  }
}
