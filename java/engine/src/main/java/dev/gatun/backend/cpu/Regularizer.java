package dev.gatun.backend.cpu;

import dev.gatun.backend.CellOptions;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.backend.Regularization.Mask;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Philox;

/**
 * The masks of one pass. Those that change with the step are drawn row by row where they are used,
 * again in backward, which costs less than to keep them: 0.6 ns an element at 512 bits.
 */
final class Regularizer {
  private final Regularization rates;
  private final Sequences sequences;
  private final boolean training;
  private final int direction;
  private final int hidden;
  private final int out;
  private final int inputSize;

  /** [max(H, out)] each: factors of what is not masked, and zoneout's in inference. */
  private final long ones;

  private final long freshCells;
  private final long freshStates;

  /** [maxBatch, C] and [maxBatch, out], the masks that all steps share; 0 for none. */
  private final long inputMask;

  private final long stateMask;

  /** [rows, C] and [rows, out], masked input and h of the step before; 0 where there is no mask. */
  private final long maskedInput;

  private final long maskedState;

  /** [maxBatch, out]: dL/d of the masked h, and what zoneout passes back in one step. */
  private final long dMasked;

  private final long dKept;
  private long seed;
  private long counterHigh;

  Regularizer(PassPlan plan, int layer, int direction) {
    RecurrentSpec spec = plan.spec();
    this.direction = direction;
    rates = spec.regularization();
    sequences = plan.sequences();
    training = plan.training();
    hidden = spec.hiddenSize();
    out = spec.stateSize();
    inputSize = spec.inputSize(layer);
    ones = constant(plan, 1);
    freshCells = constant(plan, 1 - rates.zoneoutCell());
    freshStates = constant(plan, 1 - rates.zoneoutHidden());
    boolean input = training && rates.variationalInput() > 0;
    inputMask = input ? plan.perSequence(inputSize) : 0;
    maskedInput = input ? plan.perRow(inputSize) : 0;
    boolean state = masksState(plan.spec(), training);
    stateMask = state ? plan.perSequence(out) : 0;
    maskedState = state ? plan.perRow(out) : 0;
    dMasked = state ? plan.perSequence(out) : 0;
    dKept = training && zonesState() ? plan.perSequence(out) : 0;
  }

  /** Whether LSTM and GRU need cells that take masks or are normalised. */
  static boolean changesCell(RecurrentSpec spec) {
    Regularization rates = spec.regularization();
    return rates.layerNorm() || rates.recurrentDropout() > 0 || rates.zoneoutCell() > 0;
  }

  /** Whether R sees another h than the cell. */
  static boolean masksState(RecurrentSpec spec, boolean training) {
    return training && spec.regularization().variationalHidden() > 0;
  }

  /** Whether no cell needs factors. */
  static boolean plain(RecurrentSpec spec) {
    return spec.regularization().equals(Regularization.NONE)
        && spec.options().equals(CellOptions.NONE);
  }

  private long constant(PassPlan plan, double value) {
    if (plain(plan.spec())) {
      return 0;
    }
    long address = plan.floats(hidden);
    Elementwise.fill(hidden, address, (float) value);
    return address;
  }

  /** Draws the masks that all steps share, and those of the recurrent weights. */
  void begin(MaskKey key, PassWeights weights) {
    seed = key.seed();
    counterHigh = key.counterHigh();
    draw(Mask.INPUT, inputMask, inputSize, rates.variationalInput());
    draw(Mask.STATE, stateMask, out, rates.variationalHidden());
    if (rates.dropConnect() > 0) {
      weights.dropConnections(this);
    }
  }

  /** One row for each rank: the mask counts by sequence. */
  private void draw(Mask mask, long to, int width, double rate) {
    for (int rank = 0; to != 0 && rank < sequences.batch(); rank++) {
      long first = mask.first(direction) + (long) sequences.sequence(rank) * width;
      float kept = (float) (1 / (1 - rate));
      Philox.mask(width, first, to + 4L * rank * width, kept, 1 - rate, seed, counterHigh);
    }
  }

  /** Applies the mask of the recurrent weights, or of their gradients. */
  void connections(long count, long from, long to) {
    double keep = 1 - rates.dropConnect();
    Philox.dropout(count, Mask.CONNECTION.first(direction), from, to, keep, seed, counterHigh);
  }

  boolean masksInput() {
    return inputMask != 0;
  }

  boolean masksState() {
    return stateMask != 0;
  }

  /** Whether dL/dh goes more ways than through the cell and R. */
  boolean splitsGradient() {
    return dKept != 0 || dMasked != 0;
  }

  boolean zonesState() {
    return rates.zoneoutHidden() > 0;
  }

  /** The masked input [rows, C]. */
  long maskedInput() {
    return maskedInput;
  }

  /** The masked h of the step before [rows, out]. */
  long maskedState() {
    return maskedState;
  }

  /** Where the masked input of a packed row is. */
  long maskedInput(int row) {
    return maskedInput + 4L * row * inputSize;
  }

  /** Masks the input x of a packed row. */
  void maskInput(int rank, int row, long x) {
    Elementwise.product(inputSize, inputMask + 4L * rank * inputSize, x, maskedInput(row));
  }

  /** Masks the gradient of an input. */
  void maskInputGradient(int rank, long dx) {
    Elementwise.multiply(inputSize, inputMask + 4L * rank * inputSize, dx);
  }

  /** Finds the addresses of a step. */
  void place(Rows rows, int active) {
    for (int i = 0; stateMask != 0 && i < active; i++) {
      rows.hSeen[i] = maskedState + 4L * rows.row[i] * out;
      rows.dhSeen[i] = dMasked + 4L * rows.rank[i] * out;
    }
  }

  /** Before a step, rows from first to end-1: what R sees of h. */
  void maskState(Rows rows, int first, int end) {
    for (int i = first; i < end; i++) {
      long mask = stateMask + 4L * rows.rank[i] * out;
      Elementwise.product(out, mask, rows.hPrevious[i], rows.hSeen[i]);
    }
  }

  /** After a step: h, or the h before it. */
  void zoneState(Rows rows, int first, int end) {
    for (int i = first; i < end; i++) {
      long fresh = freshState(rows, i);
      Elementwise.mix(out, fresh, rows.h[i], rows.hPrevious[i], rows.h[i]);
    }
  }

  /** Before the step's backward: keeps what goes past the cell, leaves it what goes through. */
  void beforeBackward(Rows rows, int first, int end) {
    for (int i = first; i < end; i++) {
      if (dKept != 0) {
        Elementwise.split(out, freshState(rows, i), rows.dh[i], dKept + 4L * rows.rank[i] * out);
      }
      if (dMasked != 0) {
        Elementwise.fill(out, rows.dhSeen[i], 0f);
      }
    }
  }

  /**
   * After it: dL/dh of the step before, all ways together.
   *
   * @param carries whether the cell left a part of it in rows.dh
   */
  void afterBackward(Rows rows, int first, int end, boolean carries) {
    for (int i = first; i < end; i++) {
      long at = 4L * rows.rank[i] * out;
      long dh = rows.dh[i];
      if (dMasked != 0) {
        if (carries) {
          Elementwise.addProduct(out, stateMask + at, dMasked + at, dh);
        } else {
          Elementwise.product(out, stateMask + at, dMasked + at, dh);
        }
      }
      if (dKept != 0) {
        Elementwise.add(out, dKept + at, dh);
      }
    }
  }

  /** The factors [H] of a row's candidate, until the next call. */
  long candidate(Rows rows, int i) {
    double rate = rates.recurrentDropout();
    if (!training || rate == 0) {
      return ones;
    }
    return perStep(Mask.CANDIDATE, rows, i, hidden, rows.factors, rate, (float) (1 / (1 - rate)));
  }

  /** How much of the new c [H] of a row is taken, until the next call. */
  long freshCell(Rows rows, int i) {
    double rate = rates.zoneoutCell();
    if (!training || rate == 0) {
      return freshCells;
    }
    return perStep(Mask.CELL_ZONEOUT, rows, i, hidden, rows.factors + 4L * hidden, rate, 1f);
  }

  private long freshState(Rows rows, int i) {
    double rate = rates.zoneoutHidden();
    if (!training) {
      return freshStates;
    }
    return perStep(Mask.STATE_ZONEOUT, rows, i, out, rows.factors, rate, 1f);
  }

  private long perStep(Mask mask, Rows rows, int i, int width, long to, double rate, float kept) {
    long row = (long) rows.time[i] * sequences.batch() + sequences.sequence(rows.rank[i]);
    long first = mask.first(direction) + row * width;
    Philox.mask(width, first, to, kept, 1 - rate, seed, counterHigh);
    return to;
  }
}
