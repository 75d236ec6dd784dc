package dev.gatun.backend.cpu;

import dev.gatun.backend.CellOptions;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.PeepholeLstm;
import dev.gatun.kernels.RegularLstm;

/** LSTM with peepholes, a limit of c or both, and perhaps with masks inside its cell. */
final class PeepholeLstmPass extends LstmPass {
  /** i, f and o. */
  private static final int PEEPHOLES = 3;

  private final boolean peephole;
  private final float limit;

  /** [rows, H]: c before zoneout; 0 where there is none, or no backward. */
  private final long cNew;

  /** [maxBatch, H]: dL/dc by way of h. */
  private final long dCell;

  /**
   * [maxBatch, 3H]: the gradients of the peepholes, for each sequence alone, in the order of its
   * steps, so that they do not depend on the threads.
   */
  private final long dPeephole;

  PeepholeLstmPass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    CellOptions options = plan.spec().options();
    peephole = options.peephole();
    limit = (float) options.limit();
    boolean zones = plan.spec().regularization().zoneoutCell() > 0;
    cNew = training && zones ? plan.perRow(hidden) : 0;
    dCell = training ? plan.perSequence(hidden) : 0;
    dPeephole = training && peephole ? plan.perSequence(PEEPHOLES * hidden) : 0;
  }

  /** The block of a gate in a row of pre-activations: 0 i, 1 f, 3 o. */
  private long gate(long gates, int number) {
    return gates + 4L * number * hidden;
  }

  /** Adds what a gate sees of c to its pre-activation; peephole 0 of i, 1 of f, 2 of o. */
  private void show(int number, long c, long gate) {
    if (peephole) {
      Elementwise.addProduct(hidden, gate(weights.peephole, number), c, gate);
    }
  }

  /** From a gate's gradient to that of the c it saw, and of its peephole. */
  private void showBack(int number, int rank, long c, long dGate, long dc) {
    if (peephole) {
      long sum = dPeephole + 4L * PEEPHOLES * rank * hidden;
      long weight = gate(weights.peephole, number);
      PeepholeLstm.peepholeBackward(hidden, weight, c, dGate, dc, gate(sum, number));
    }
  }

  @Override
  void cellRow(Rows rows, int i, long cNext, long saved, long h) {
    long gates = rows.gates[i];
    long previous = cPrevious(rows, i);
    show(0, previous, gates);
    show(1, previous, gate(gates, 1));
    long squashed = training ? saved : h;
    long fresh = cNew != 0 ? cNew + 4L * rows.row[i] * hidden : training ? cNext : squashed;
    long mask = regular.candidate(rows, i);
    long taken = regular.freshCell(rows, i);
    PeepholeLstm.state(hidden, gates, mask, taken, limit, previous, fresh, cNext);
    show(2, fresh, gate(gates, 3));
    PeepholeLstm.output(hidden, gates, fresh, squashed, h);
  }

  @Override
  void startBackward(int rank) {
    super.startBackward(rank);
    if (peephole) {
      int width = PEEPHOLES * hidden;
      Elementwise.fill(width, dPeephole + 4L * rank * width, 0f);
    }
  }

  @Override
  void cellRowBack(Rows rows, int i, long saved, long dh, long dc) {
    int rank = rows.rank[i];
    int row = rows.row[i];
    long gates = rows.gates[i];
    long previous = cPrevious(rows, i);
    long fresh = cNew != 0 ? cNew + 4L * row * hidden : cell(row);
    long dNew = dCell + 4L * rank * hidden;
    RegularLstm.outputBackward(hidden, gates, saved, dh, gates, dNew);
    showBack(2, rank, fresh, gate(gates, 3), dNew);
    long mask = regular.candidate(rows, i);
    long taken = regular.freshCell(rows, i);
    if (limit < Float.POSITIVE_INFINITY) {
      PeepholeLstm.limitBackward(hidden, limit, fresh, taken, dc, dNew);
    }
    RegularLstm.stateBackward(hidden, gates, mask, taken, previous, dNew, gates, dc);
    showBack(0, rank, previous, gates, dc);
    showBack(1, rank, previous, gate(gates, 1), dc);
  }

  @Override
  void gateGradients(Products products, long block) {
    super.gateGradients(products, block);
    if (peephole) {
      int width = PEEPHOLES * hidden;
      long to = weight(block, Weight.PEEPHOLE);
      products.columnSum(sequences.batch(), width, dPeephole, width, to);
    }
  }
}
