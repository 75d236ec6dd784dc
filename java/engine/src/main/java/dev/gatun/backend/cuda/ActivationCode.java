package dev.gatun.backend.cuda;

import dev.gatun.backend.Activation;
import org.jspecify.annotations.Nullable;

/** What gatun.cuh calls activations. */
final class ActivationCode {
  private ActivationCode() {}

  /** 0 for none. */
  static int of(@Nullable Activation activation) {
    return switch (activation) {
      case null -> 0;
      case TANH -> 0;
      case RELU -> 1;
      case SIGMOID -> 2;
      case SOFTMAX -> 3;
      case LEAKY_RELU -> 4;
      case ELU -> 5;
      case IDENTITY -> 6;
    };
  }
}
