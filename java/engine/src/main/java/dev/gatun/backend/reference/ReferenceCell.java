package dev.gatun.backend.reference;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One layer and direction: a step forward and a step back. Equations: docs/equations.md. */
abstract class ReferenceCell {
  /** H. */
  final int size;

  /** P or H. */
  final int out;

  /** W x + b_W of all gates. */
  final Affine input;

  /** R h + b_R of all gates. */
  final Affine recurrent;

  private final @Nullable Norm inputNorm;
  private final @Nullable Norm recurrentNorm;

  /** The input product [G*H]. */
  final double[] a;

  /** The recurrent product [G*H]. */
  final double[] u;

  /** dL/da. */
  final double[] da;

  /** dL/du. */
  final double[] du;

  /** dL/d of the h that R sees. */
  final double[] dSeen;

  /** dL/dh that zoneout passes to the step before. */
  private final double[] dKept;

  ReferenceCell(LayerWeights weights) {
    size = weights.spec().hiddenSize();
    out = weights.spec().stateSize();
    dSeen = new double[out];
    dKept = new double[out];
    inputNorm = weights.inputNorm();
    recurrentNorm = weights.recurrentNorm();
    input = weights.input();
    recurrent = weights.recurrent();
    a = new double[weights.spec().gateRows()];
    u = new double[weights.spec().gateRows()];
    da = new double[weights.spec().gateRows()];
    du = new double[weights.spec().gateRows()];
  }

  static ReferenceCell of(LayerWeights weights) {
    return switch (weights.spec().cell()) {
      case LSTM -> new LstmCell(weights);
      case GRU -> new GruCell(weights);
      case GRU_RESET_BEFORE -> new ResetBeforeCell(weights);
      case TANH, RELU, SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY -> new SimpleCell(weights);
    };
  }

  /** Computes gates, h and c of a step from its x, hBefore, cBefore and masks. */
  final void run(Step step) {
    for (int k = 0; k < out; k++) {
      step.hSeen[k] = step.stateMask[k] * step.hBefore[k];
    }
    forward(step);
    for (int k = 0; k < out; k++) {
      step.h[k] = step.freshState[k] * step.h[k] + (1 - step.freshState[k]) * step.hBefore[k];
    }
  }

  /** The back-propagation of {@link #run}, as {@link #backward}. */
  final void runBack(Step step, double[] dh, double[] dc, double[] dx) {
    for (int k = 0; k < out; k++) {
      dKept[k] = (1 - step.freshState[k]) * dh[k];
      dh[k] *= step.freshState[k];
    }
    Arrays.fill(dSeen, 0);
    backward(step, dh, dc, dx);
    for (int k = 0; k < out; k++) {
      dh[k] += dKept[k] + step.stateMask[k] * dSeen[k];
    }
  }

  /** a and u of all gates from x and hSeen. */
  final void shares(Step step) {
    input.apply(step.x, a, 0);
    recurrent.apply(step.hSeen, u, 0);
    if (inputNorm != null && recurrentNorm != null) {
      inputNorm.apply(a, step.aHat);
      recurrentNorm.apply(u, step.uHat);
    }
  }

  /** From da and du, which it overwrites, to dx, dSeen and the gradients of the weights. */
  final void sharesBack(Step step, double[] dx) {
    if (inputNorm != null && recurrentNorm != null) {
      inputNorm.back(da, step.aHat);
      recurrentNorm.back(du, step.uHat);
    }
    input.back(da, 0, step.x, dx);
    recurrent.back(du, 0, step.hSeen, dSeen);
  }

  /** Computes gates, h and c of a step; h before zoneout. */
  abstract void forward(Step step);

  /**
   * Back-propagates through one step and adds to the weights' gradients.
   *
   * @param dh on entry dL/dh of this step before zoneout, on return of the step before but for what
   *     passed through R, which goes to dSeen
   * @param dc likewise dL/dc; only an LSTM touches it
   * @param dx dL/dx, added to
   */
  abstract void backward(Step step, double[] dh, double[] dc, double[] dx);

  static double sigmoid(double v) {
    return 1 / (1 + Math.exp(-v));
  }
}
