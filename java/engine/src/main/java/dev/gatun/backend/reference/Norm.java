package dev.gatun.backend.reference;

import dev.gatun.backend.Regularization;

/**
 * Layer normalisation of one row (Ba, Kiros and Hinton 2016): v = gain * (v - mean) / sqrt(variance
 * + eps) + shift, the variance biased.
 */
final class Norm {
  private static final int NO_SHIFT = -1;

  private final double[] weights;
  private final double[] gradients;
  private final int gain;
  private final int shift;
  private final int size;

  /**
   * Within the stack's flat block.
   *
   * @param gain the first element of the gain
   * @param shift the first element of the shift, or -1 for none
   */
  Norm(double[] weights, double[] gradients, int gain, int shift, int size) {
    this.weights = weights;
    this.gradients = gradients;
    this.gain = gain;
    this.shift = shift;
    this.size = size;
  }

  /** Normalises v in place; {@code hat} gets it before gain and shift and, last, 1 / deviation. */
  void apply(double[] v, double[] hat) {
    double mean = 0;
    for (int i = 0; i < size; i++) {
      mean += v[i] / size;
    }
    double variance = 0;
    for (int i = 0; i < size; i++) {
      variance += (v[i] - mean) * (v[i] - mean) / size;
    }
    double inverse = 1 / Math.sqrt(variance + Regularization.EPSILON);
    for (int i = 0; i < size; i++) {
      hat[i] = (v[i] - mean) * inverse;
      v[i] = hat[i] * weights[gain + i] + (shift == NO_SHIFT ? 0 : weights[shift + i]);
    }
    hat[size] = inverse;
  }

  /** From dL/d(output) to dL/d(input), in place; adds to the gradients of gain and shift. */
  void back(double[] d, double[] hat) {
    double mean = 0;
    double slope = 0;
    for (int i = 0; i < size; i++) {
      gradients[gain + i] += d[i] * hat[i];
      if (shift != NO_SHIFT) {
        gradients[shift + i] += d[i];
      }
      d[i] *= weights[gain + i];
      mean += d[i] / size;
      slope += d[i] * hat[i] / size;
    }
    for (int i = 0; i < size; i++) {
      d[i] = hat[size] * (d[i] - mean - hat[i] * slope);
    }
  }
}
