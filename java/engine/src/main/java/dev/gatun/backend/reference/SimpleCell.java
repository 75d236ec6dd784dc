package dev.gatun.backend.reference;

/** Elman 1990: h' = tanh or max(0, .) of W x + R h + b. */
final class SimpleCell extends ReferenceCell {
  private final boolean relu;

  SimpleCell(LayerWeights weights, boolean relu) {
    super(weights);
    this.relu = relu;
  }

  @Override
  void forward(Step step) {
    shares(step);
    for (int k = 0; k < size; k++) {
      step.gates[k] = relu ? Math.max(0, a[k] + u[k]) : Math.tanh(a[k] + u[k]);
      step.h[k] = step.gates[k];
    }
  }

  @Override
  void backward(Step step, double[] dh, double[] dc, double[] dx) {
    for (int k = 0; k < size; k++) {
      double h = step.gates[k];
      double slope = relu ? (h > 0 ? 1 : 0) : 1 - h * h;
      da[k] = dh[k] * slope;
      du[k] = da[k];
      dh[k] = 0;
    }
    sharesBack(step, dx);
  }
}
