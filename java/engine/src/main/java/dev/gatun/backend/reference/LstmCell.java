package dev.gatun.backend.reference;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Hochreiter and Schmidhuber 1997 with forget gates (Gers et al. 2000); gates i, f, g, o. */
final class LstmCell extends ReferenceCell {
  private final @Nullable Affine projection;
  private final double[] dInner;

  LstmCell(LayerWeights weights) {
    super(weights);
    projection = weights.projection();
    dInner = new double[size];
  }

  @Override
  void forward(Step step) {
    input.apply(step.x, a, 0);
    recurrent.apply(step.hBefore, u, 0);
    for (int k = 0; k < size; k++) {
      double i = sigmoid(a[k] + u[k]);
      double f = sigmoid(a[size + k] + u[size + k]);
      double g = Math.tanh(a[2 * size + k] + u[2 * size + k]);
      double o = sigmoid(a[3 * size + k] + u[3 * size + k]);
      step.gates[k] = i;
      step.gates[size + k] = f;
      step.gates[2 * size + k] = g;
      step.gates[3 * size + k] = o;
      step.c[k] = f * step.cBefore[k] + i * g;
      step.inner[k] = o * Math.tanh(step.c[k]);
    }
    if (projection != null) {
      projection.apply(step.inner, step.h, 0);
    } else {
      System.arraycopy(step.inner, 0, step.h, 0, size);
    }
  }

  @Override
  void backward(Step step, double[] dh, double[] dc, double[] dx) {
    if (projection != null) {
      Arrays.fill(dInner, 0);
      projection.back(dh, 0, step.inner, dInner);
    } else {
      System.arraycopy(dh, 0, dInner, 0, size);
    }
    for (int k = 0; k < size; k++) {
      double i = step.gates[k];
      double f = step.gates[size + k];
      double g = step.gates[2 * size + k];
      double o = step.gates[3 * size + k];
      double tanhC = Math.tanh(step.c[k]);
      double dck = dc[k] + dInner[k] * o * (1 - tanhC * tanhC);
      da[k] = dck * g * i * (1 - i);
      da[size + k] = dck * step.cBefore[k] * f * (1 - f);
      da[2 * size + k] = dck * i * (1 - g * g);
      da[3 * size + k] = dInner[k] * tanhC * o * (1 - o);
      dc[k] = dck * f;
    }
    input.back(da, 0, step.x, dx);
    Arrays.fill(dh, 0);
    recurrent.back(da, 0, step.hBefore, dh);
  }
}
