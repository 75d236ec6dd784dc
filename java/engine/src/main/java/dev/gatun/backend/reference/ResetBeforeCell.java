package dev.gatun.backend.reference;

import java.util.Arrays;

/**
 * Cho et al. 2014 as written: the reset scales h before the recurrent product, as ONNX's {@code
 * linear_before_reset=0}; gates r, z, n.
 */
final class ResetBeforeCell extends ReferenceCell {
  private final Affine gates;
  private final Affine candidate;
  private final double[] dInner;

  ResetBeforeCell(LayerWeights weights) {
    super(weights);
    gates = recurrent.rows(0, 2 * size);
    candidate = recurrent.rows(2 * size, size);
    dInner = new double[size];
  }

  @Override
  void forward(Step step) {
    input.apply(step.x, a, 0);
    gates.apply(step.hSeen, u, 0);
    for (int k = 0; k < size; k++) {
      step.gates[k] = sigmoid(a[k] + u[k]);
      step.gates[size + k] = sigmoid(a[size + k] + u[size + k]);
      step.inner[k] = step.gates[k] * step.hSeen[k];
    }
    candidate.apply(step.inner, u, 2 * size);
    for (int k = 0; k < size; k++) {
      double z = step.gates[size + k];
      double n = Math.tanh(a[2 * size + k] + u[2 * size + k]);
      step.gates[2 * size + k] = n;
      step.h[k] = (1 - z) * n + z * step.hBefore[k];
    }
  }

  @Override
  void backward(Step step, double[] dh, double[] dc, double[] dx) {
    for (int k = 0; k < size; k++) {
      double z = step.gates[size + k];
      double n = step.gates[2 * size + k];
      da[size + k] = dh[k] * (step.hBefore[k] - n) * z * (1 - z);
      da[2 * size + k] = dh[k] * (1 - z) * (1 - n * n);
      dh[k] *= z;
    }
    Arrays.fill(dInner, 0);
    candidate.back(da, 2 * size, step.inner, dInner);
    for (int k = 0; k < size; k++) {
      double r = step.gates[k];
      da[k] = dInner[k] * step.hSeen[k] * r * (1 - r);
      dSeen[k] += dInner[k] * r;
    }
    input.back(da, 0, step.x, dx);
    gates.back(da, 0, step.hSeen, dSeen);
  }
}
