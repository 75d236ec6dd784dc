package dev.gatun.backend;

/** A recurrent cell. Equations and gate orders are in docs/equations.md. */
public enum Cell {
  /** Long short-term memory, gates i, f, g, o. */
  LSTM(4),
  /** Gated recurrent unit, gates r, z, n, reset applied after the recurrent product. */
  GRU(3),
  /** Gated recurrent unit, gates r, z, n, reset applied to h before the recurrent product. */
  GRU_RESET_BEFORE(3),
  /** h' = tanh(W x + R h + b). */
  TANH(1),
  /** h' = max(0, W x + R h + b). */
  RELU(1);

  private final int gates;

  Cell(int gates) {
    this.gates = gates;
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
