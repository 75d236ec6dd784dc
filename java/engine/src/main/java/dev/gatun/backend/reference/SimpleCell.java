package dev.gatun.backend.reference;

import dev.gatun.backend.Activation;
import java.util.Arrays;
import java.util.Objects;

/** Elman 1990: h' = an activation of W x + R h + b. */
final class SimpleCell extends ReferenceCell {
  private final Activation activation;

  SimpleCell(LayerWeights weights) {
    super(weights);
    activation = Objects.requireNonNull(weights.spec().cell().activation());
  }

  @Override
  void forward(Step step) {
    shares(step);
    for (int k = 0; k < size; k++) {
      step.gates[k] = a[k] + u[k];
    }
    Activated.forward(activation, size, step.gates);
    System.arraycopy(step.gates, 0, step.h, 0, size);
  }

  @Override
  void backward(Step step, double[] dh, double[] dc, double[] dx) {
    System.arraycopy(dh, 0, da, 0, size);
    Activated.backward(activation, size, step.gates, da);
    System.arraycopy(da, 0, du, 0, size);
    Arrays.fill(dh, 0);
    sharesBack(step, dx);
  }
}
