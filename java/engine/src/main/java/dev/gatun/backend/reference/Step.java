package dev.gatun.backend.reference;

import dev.gatun.backend.RecurrentSpec;

/** What backward needs of one step of one sequence in one layer and direction. */
final class Step {
  private static final double[] NONE = {};

  /** The input [C]. */
  final double[] x;

  /** The gates after their activations [G*H]. */
  final double[] gates;

  /**
   * LSTM: h before the projection. GRU: the recurrent product of n before the reset. GRU
   * reset-before: r * h. [H]
   */
  final double[] inner;

  /** The new state [P or H]. */
  final double[] h;

  /** The new cell state [H]. */
  final double[] c;

  /** The h that R sees: hBefore times stateMask. [P or H] */
  final double[] hSeen;

  /** What is left of the h before, where states decay. [P or H] */
  final double[] hFaded;

  /** Variational dropout's factor of h [P or H]. */
  final double[] stateMask;

  /** Recurrent dropout's factor of the candidate [H]. */
  final double[] candidateMask;

  /** How much of the new c [H] and h [P or H] zoneout takes. */
  final double[] freshCell;

  final double[] freshState;

  /** With layer normalisation W x, R h [G*H] and c [H] normalised, and 1 / deviation. */
  final double[] aHat;

  final double[] uHat;
  final double[] cHat;

  /** LSTM: c before zoneout, and tanh of what h sees of it. [H] */
  final double[] cNew;

  final double[] squashed;

  /** The state before this step: the h of another step, or h0. */
  double[] hBefore = NONE;

  /** The cell state before this step: the c of another step, or c0. */
  double[] cBefore = NONE;

  Step(RecurrentSpec spec, int layer) {
    x = new double[spec.inputSize(layer)];
    gates = new double[spec.gateRows()];
    inner = new double[spec.hiddenSize()];
    h = new double[spec.stateSize()];
    c = new double[spec.hiddenSize()];
    hSeen = new double[spec.stateSize()];
    hFaded = new double[spec.stateSize()];
    stateMask = new double[spec.stateSize()];
    candidateMask = new double[spec.hiddenSize()];
    freshCell = new double[spec.hiddenSize()];
    freshState = new double[spec.stateSize()];
    boolean norm = spec.regularization().layerNorm();
    aHat = norm ? new double[spec.gateRows() + 1] : NONE;
    uHat = norm ? new double[spec.gateRows() + 1] : NONE;
    cHat = norm ? new double[spec.hiddenSize() + 1] : NONE;
    cNew = new double[spec.hiddenSize()];
    squashed = new double[spec.hiddenSize()];
  }

  long bytes() {
    long states = 4L * h.length + 6L * c.length;
    long hats = (long) aHat.length + uHat.length + cHat.length;
    return Double.BYTES * (x.length + gates.length + states + hats);
  }
}
