package dev.gatun.backend.reference;

import dev.gatun.backend.Activation;

/** Activations of a row in double precision. */
final class Activated {
  private Activated() {}

  /** The activation of the first {@code n} numbers, in place. */
  static void forward(Activation activation, int n, double[] v) {
    if (activation == Activation.SOFTMAX) {
      softmax(n, v);
      return;
    }
    for (int k = 0; k < n; k++) {
      v[k] = value(activation, v[k]);
    }
  }

  private static double value(Activation activation, double x) {
    return switch (activation) {
      case TANH -> Math.tanh(x);
      case RELU -> Math.max(0, x);
      case SIGMOID -> ReferenceCell.sigmoid(x);
      case LEAKY_RELU -> x > 0 ? x : Activation.LEAK * x;
      case ELU -> x > 0 ? x : Math.expm1(x);
      case IDENTITY -> x;
      case SOFTMAX -> throw new IllegalArgumentException("softmax is of a whole row");
    };
  }

  private static void softmax(int n, double[] v) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < n; k++) {
      largest = Math.max(largest, v[k]);
    }
    double sum = 0;
    for (int k = 0; k < n; k++) {
      v[k] = Math.exp(v[k] - largest);
      sum += v[k];
    }
    for (int k = 0; k < n; k++) {
      v[k] /= sum;
    }
  }

  /** From the activated row y and dL/dy, in place, to dL/dx. Kinks have the slope below them. */
  static void backward(Activation activation, int n, double[] y, double[] dy) {
    double sum = 0;
    for (int k = 0; activation == Activation.SOFTMAX && k < n; k++) {
      sum += y[k] * dy[k];
    }
    for (int k = 0; k < n; k++) {
      dy[k] =
          switch (activation) {
            case TANH -> dy[k] * (1 - y[k] * y[k]);
            case RELU -> y[k] > 0 ? dy[k] : 0;
            case SIGMOID -> dy[k] * y[k] * (1 - y[k]);
            case LEAKY_RELU -> y[k] > 0 ? dy[k] : Activation.LEAK * dy[k];
            case ELU -> y[k] > 0 ? dy[k] : dy[k] * (y[k] + 1);
            case IDENTITY -> dy[k];
            case SOFTMAX -> y[k] * (dy[k] - sum);
          };
    }
  }
}
