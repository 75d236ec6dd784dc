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
  }

  long bytes() {
    return (long) Double.BYTES * (x.length + gates.length + inner.length + h.length + c.length);
  }
}
