package dev.gatun.backend.cpu;

import dev.gatun.backend.Activation;

/** The simple recurrent layer with an activation other than tanh and ReLU. */
final class ActivationPass extends SimplePass {
  private final Activation activation;

  ActivationPass(PassPlan plan, int layer, int direction, Activation activation) {
    super(plan, layer, direction);
    this.activation = activation;
  }

  @Override
  void activate(long x, long h) {
    Activated.forward(activation, hidden, x, h);
  }

  @Override
  void activateBack(long h, long dh, long dx) {
    Activated.backward(activation, hidden, h, dh, dx);
  }
}
