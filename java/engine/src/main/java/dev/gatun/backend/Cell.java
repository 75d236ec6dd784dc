package dev.gatun.backend;

import org.jspecify.annotations.Nullable;

/** A recurrent cell. Equations and gate orders are in docs/equations.md. */
public enum Cell {
  /** Long short-term memory, gates i, f, g, o. */
  LSTM(4),
  /** Gated recurrent unit, gates r, z, n, reset applied after the recurrent product. */
  GRU(3),
  /** Gated recurrent unit, gates r, z, n, reset applied to h before the recurrent product. */
  GRU_RESET_BEFORE(3),
  /** h' = tanh(W x + R h + b). */
  TANH(Activation.TANH),
  /** h' = max(0, W x + R h + b). */
  RELU(Activation.RELU),
  /** h' = sigmoid(W x + R h + b). */
  SIGMOID(Activation.SIGMOID),
  /** h' = softmax(W x + R h + b) over the units. */
  SOFTMAX(Activation.SOFTMAX),
  /** h' = leaky ReLU of W x + R h + b, 0.01 below 0. */
  LEAKY_RELU(Activation.LEAKY_RELU),
  /** h' = ELU of W x + R h + b, alpha 1. */
  ELU(Activation.ELU),
  /** h' = W x + R h + b. */
  IDENTITY(Activation.IDENTITY);

  private final int gates;
  private final @Nullable Activation activation;

  Cell(int gates) {
    this.gates = gates;
    activation = null;
  }

  /** A simple one. */
  Cell(Activation activation) {
    gates = 1;
    this.activation = activation;
  }

  /** That of a simple cell; null for LSTM and GRU. */
  public @Nullable Activation activation() {
    return activation;
  }

  /** The number of gates G: weight matrices have G*H rows. */
  public int gates() {
    return gates;
  }

  /** Whether the cell carries a second state c. */
  public boolean hasCellState() {
    return this == LSTM;
  }
}
