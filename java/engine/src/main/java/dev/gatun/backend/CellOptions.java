package dev.gatun.backend;

/**
 * What the cells of a recurrent stack have beyond the plain ones; docs/equations.md has the
 * equations.
 *
 * @param peephole whether the gates see c through diagonal weights, i and f the c before the step
 *     and o the c after it (Gers and Schmidhuber 2000): LSTM
 * @param clip what the absolute value of c is limited to after each step (Sak et al. 2014), or 0
 *     for no limit: LSTM. The gradient through a limited unit is 0
 */
public record CellOptions(boolean peephole, double clip) {
  /** Plain cells. */
  public static final CellOptions NONE = new CellOptions(false, 0);

  /** Checks the limit. */
  public CellOptions {
    if (!(clip >= 0 && clip < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "clip %s must be a finite number of at least 0; 0 is no limit of c".formatted(clip));
    }
  }

  /** The same with or without peepholes. */
  public CellOptions withPeephole(boolean sees) {
    return new CellOptions(sees, clip);
  }

  /** The same with another limit of c, or 0 for none. */
  public CellOptions withClip(double limit) {
    return new CellOptions(peephole, limit);
  }

  /** What c is limited to; infinity where it is not. */
  public double limit() {
    return clip == 0 ? Double.POSITIVE_INFINITY : clip;
  }

  /** Refuses what a cell does not have, and what is not defined together. */
  void check(Cell cell, Regularization how) {
    if (peephole && !cell.hasCellState()) {
      throw new IllegalArgumentException("peephole: only an LSTM's gates see c, not " + cell);
    }
    if (clip != 0 && !cell.hasCellState()) {
      throw new IllegalArgumentException(
          "clip %s: only an LSTM has a c, not %s".formatted(clip, cell));
    }
    if (how.layerNorm() && !equals(NONE)) {
      throw new IllegalArgumentException(
          "layerNorm: a cell with peepholes or a limit of c is not normalised; choose one of them");
    }
  }
}
