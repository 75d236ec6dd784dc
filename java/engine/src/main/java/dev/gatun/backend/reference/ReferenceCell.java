package dev.gatun.backend.reference;

/** One layer and direction: a step forward and a step back. Equations: docs/equations.md. */
abstract class ReferenceCell {
  /** H. */
  final int size;

  /** W x + b_W of all gates. */
  final Affine input;

  /** R h + b_R of all gates. */
  final Affine recurrent;

  /** The input product [G*H]. */
  final double[] a;

  /** The recurrent product [G*H]. */
  final double[] u;

  /** dL/da. */
  final double[] da;

  /** dL/du. */
  final double[] du;

  ReferenceCell(LayerWeights weights) {
    size = weights.spec().hiddenSize();
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
      case TANH -> new SimpleCell(weights, false);
      case RELU -> new SimpleCell(weights, true);
    };
  }

  /** Computes gates, h and c of a step from its x, hBefore and cBefore. */
  abstract void forward(Step step);

  /**
   * Back-propagates through one step and adds to the weights' gradients.
   *
   * @param dh on entry dL/dh of this step, on return of the step before
   * @param dc likewise dL/dc; only an LSTM touches it
   * @param dx dL/dx, added to
   */
  abstract void backward(Step step, double[] dh, double[] dc, double[] dx);

  static double sigmoid(double v) {
    return 1 / (1 + Math.exp(-v));
  }
}
