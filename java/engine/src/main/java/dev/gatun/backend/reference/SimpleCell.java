package dev.gatun.backend.reference;

import java.util.Arrays;

/** Elman 1990: h' = tanh or max(0, .) of W x + R h + b. */
final class SimpleCell extends ReferenceCell {
  private final boolean relu;

  SimpleCell(LayerWeights weights, boolean relu) {
    super(weights);
    this.relu = relu;
  }

  @Override
  void forward(Step step) {
    input.apply(step.x, a, 0);
    recurrent.apply(step.hBefore, u, 0);
    for (int k = 0; k < size; k++) {
      step.h[k] = relu ? Math.max(0, a[k] + u[k]) : Math.tanh(a[k] + u[k]);
    }
  }

  @Override
  void backward(Step step, double[] dh, double[] dc, double[] dx) {
    for (int k = 0; k < size; k++) {
      double h = step.h[k];
      double slope = relu ? (h > 0 ? 1 : 0) : 1 - h * h;
      da[k] = dh[k] * slope;
    }
    input.back(da, 0, step.x, dx);
    Arrays.fill(dh, 0);
    recurrent.back(da, 0, step.hBefore, dh);
  }
}
