package dev.gatun.backend;

/**
 * How the cells of a recurrent stack are regularised. Masks are drawn in training only; docs/
 * equations.md has the equations and which element of a mask is which.
 *
 * @param layerNorm whether W x, R h and an LSTM's c are normalised over the units of a row (Ba,
 *     Kiros and Hinton 2016), with gains, and with the biases as shifts: LSTM and {@link Cell#GRU}
 * @param zoneoutCell the probability that a unit of c keeps its value for a step (Krueger et al.
 *     2016): LSTM. In evaluation c moves by the expectation
 * @param zoneoutHidden the same of h, of any cell
 * @param variationalInput the probability of zeroing a feature of a layer's input, in all steps of
 *     a sequence alike (Gal and Ghahramani 2016)
 * @param variationalHidden the same of the h that the recurrent weights see
 * @param recurrentDropout the probability of zeroing a unit of the candidate, anew in each step
 *     (Semeniuta et al. 2016): LSTM and {@link Cell#GRU}
 * @param dropConnect the probability of zeroing a recurrent weight for a whole call (Wan et al.
 *     2013, Merity et al. 2017)
 */
public record Regularization(
    boolean layerNorm,
    double zoneoutCell,
    double zoneoutHidden,
    double variationalInput,
    double variationalHidden,
    double recurrentDropout,
    double dropConnect) {

  /** Plain cells. */
  public static final Regularization NONE = new Regularization(false, 0, 0, 0, 0, 0, 0);

  /** Layer normalisation alone. */
  public static final Regularization LAYER_NORM = new Regularization(true, 0, 0, 0, 0, 0, 0);

  /** Added to the variance before its root, as PyTorch's LayerNorm. */
  public static final double EPSILON = 1e-5;

  /** Checks that every rate is in [0, 1). */
  public Regularization {
    rate("zoneoutCell", zoneoutCell);
    rate("zoneoutHidden", zoneoutHidden);
    rate("variationalInput", variationalInput);
    rate("variationalHidden", variationalHidden);
    rate("recurrentDropout", recurrentDropout);
    rate("dropConnect", dropConnect);
  }

  private static void rate(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " " + value + " must be in [0, 1)");
    }
  }

  /** The same with or without layer normalisation. */
  public Regularization withLayerNorm(boolean normalized) {
    return new Regularization(
        normalized,
        zoneoutCell,
        zoneoutHidden,
        variationalInput,
        variationalHidden,
        recurrentDropout,
        dropConnect);
  }

  /** The same with zoneout of c (0 for cells without one) and of h. */
  public Regularization withZoneout(double cell, double hidden) {
    return new Regularization(
        layerNorm,
        cell,
        hidden,
        variationalInput,
        variationalHidden,
        recurrentDropout,
        dropConnect);
  }

  /** The same with variational dropout of the input and of h. */
  public Regularization withVariational(double input, double hidden) {
    return new Regularization(
        layerNorm, zoneoutCell, zoneoutHidden, input, hidden, recurrentDropout, dropConnect);
  }

  /** The same with dropout of the candidate. */
  public Regularization withRecurrentDropout(double rate) {
    return new Regularization(
        layerNorm,
        zoneoutCell,
        zoneoutHidden,
        variationalInput,
        variationalHidden,
        rate,
        dropConnect);
  }

  /** The same with dropped recurrent weights. */
  public Regularization withDropConnect(double rate) {
    return new Regularization(
        layerNorm,
        zoneoutCell,
        zoneoutHidden,
        variationalInput,
        variationalHidden,
        recurrentDropout,
        rate);
  }

  /** Refuses what a cell does not have. */
  void check(Cell cell) {
    boolean gated = cell == Cell.LSTM || cell == Cell.GRU;
    if (layerNorm && !gated) {
      throw new IllegalArgumentException(
          "layerNorm: only LSTM and GRU are normalised, not " + cell);
    }
    if (recurrentDropout > 0 && !gated) {
      throw new IllegalArgumentException(
          "recurrentDropout %s: only the candidate of LSTM and GRU is dropped, not of %s"
              .formatted(recurrentDropout, cell));
    }
    if (zoneoutCell > 0 && !cell.hasCellState()) {
      throw new IllegalArgumentException(
          "zoneoutCell %s: only an LSTM has a c, not %s; zoneoutHidden is for its h"
              .formatted(zoneoutCell, cell));
    }
  }

  /**
   * The masks of a layer. Each has elements of its own under the layer's {@link MaskKey}: number *
   * 2^56 + direction * 2^55 + index; what is dropped between layers has number 0.
   */
  public enum Mask {
    /** Of the input, [N, C]: sequence * C + feature, the same for both directions. */
    INPUT(1),
    /** Of the h that R sees, [N, P or H]: sequence * (P or H) + unit. */
    STATE(2),
    /** Where c is new, [T, N, H]: (step * N + sequence) * H + unit. */
    CELL_ZONEOUT(3),
    /** Where h is new, [T, N, P or H], likewise. */
    STATE_ZONEOUT(4),
    /** Of the candidate, [T, N, H], likewise. */
    CANDIDATE(5),
    /** Of R, [G*H, P or H]: row * (P or H) + column. */
    CONNECTION(6);

    private static final int NUMBER_BITS = 56;
    private static final int DIRECTION_BITS = 55;

    private final long number;

    Mask(long number) {
      this.number = number;
    }

    /** Its first element in a direction, 0 or 1. */
    public long first(int direction) {
      int of = this == INPUT ? 0 : direction;
      return number << NUMBER_BITS | (long) of << DIRECTION_BITS;
    }
  }
}
