package dev.gatun.backend.reference;

/** Cho et al. 2014 with the reset after the recurrent product, as cuDNN; gates r, z, n. */
final class GruCell extends ReferenceCell {
  GruCell(LayerWeights weights) {
    super(weights);
  }

  @Override
  void forward(Step step) {
    shares(step);
    for (int k = 0; k < size; k++) {
      double r = sigmoid(a[k] + u[k]);
      double z = sigmoid(a[size + k] + u[size + k]);
      double n = Math.tanh(a[2 * size + k] + r * u[2 * size + k]);
      step.gates[k] = r;
      step.gates[size + k] = z;
      step.gates[2 * size + k] = n;
      step.inner[k] = u[2 * size + k];
      step.h[k] = (1 - z) * step.candidateMask[k] * n + z * step.hBefore[k];
    }
  }

  @Override
  void backward(Step step, double[] dh, double[] dc, double[] dx) {
    for (int k = 0; k < size; k++) {
      double r = step.gates[k];
      double z = step.gates[size + k];
      double n = step.gates[2 * size + k];
      double kept = step.candidateMask[k];
      double dan = dh[k] * (1 - z) * kept * (1 - n * n);
      da[k] = dan * step.inner[k] * r * (1 - r);
      da[size + k] = dh[k] * (step.hBefore[k] - kept * n) * z * (1 - z);
      da[2 * size + k] = dan;
      du[k] = da[k];
      du[size + k] = da[size + k];
      du[2 * size + k] = dan * r;
      dh[k] *= z;
    }
    sharesBack(step, dx);
  }
}
