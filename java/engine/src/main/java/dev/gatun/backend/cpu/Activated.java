package dev.gatun.backend.cpu;

import dev.gatun.backend.Activation;
import dev.gatun.kernels.Activations;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.SimpleRnn;
import dev.gatun.kernels.Softmax;

/** Activations of one row of n float32 values at an address. */
final class Activated {
  private Activated() {}

  /** y = activation of x; y may be x. */
  static void forward(Activation activation, long n, long x, long y) {
    switch (activation) {
      case TANH -> Activations.tanh(n, x, y);
      case RELU -> SimpleRnn.relu(n, x, y);
      case SIGMOID -> Activations.sigmoid(n, x, y);
      case SOFTMAX -> Softmax.forward(n, x, y);
      case LEAKY_RELU -> SimpleRnn.leakyRelu(n, (float) Activation.LEAK, x, y);
      case ELU -> Activations.elu(n, x, y);
      case IDENTITY -> Elementwise.copy(n, x, y);
    }
  }

  /** dL/dx from dL/dy and y; dx may be either. */
  static void backward(Activation activation, long n, long y, long dy, long dx) {
    switch (activation) {
      case TANH -> SimpleRnn.tanhBackward(n, y, dy, dx);
      case RELU -> SimpleRnn.reluBackward(n, y, dy, dx);
      case SIGMOID -> SimpleRnn.sigmoidBackward(n, y, dy, dx);
      case SOFTMAX -> Softmax.backward(n, y, dy, dx);
      case LEAKY_RELU -> SimpleRnn.leakyReluBackward(n, (float) Activation.LEAK, y, dy, dx);
      case ELU -> SimpleRnn.eluBackward(n, y, dy, dx);
      case IDENTITY -> Elementwise.copy(n, dy, dx);
    }
  }
}
