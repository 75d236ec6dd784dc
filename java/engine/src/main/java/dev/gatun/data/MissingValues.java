package dev.gatun.data;

/** What is done about missing values of a series. */
public enum MissingValues {
  /** Windows with one, in what they see or are asked for, are left out. */
  DROP,
  /** The mean of the training rows. */
  MEAN,
  /** Their median. */
  MEDIAN,
  /** Their most frequent value, of several the least. */
  MODE,
  /** The last value before; the training mean where there is none. */
  FORWARD,
  /**
   * Between the values before and after, as far as a window sees: what comes after its last row is
   * not looked at, so that a gap there is filled forward.
   */
  LINEAR,
  /**
   * The training mean, with two more inputs for each: 1 where the value is there, and log(1 + rows
   * since the one before). GRU-simple of Che et al. 2018, with the logarithm of their interval.
   */
  MASK,
  /**
   * The last value before, with the mask and the rows since: what a {@code DecayLayer} takes. GRU-D
   * of Che et al. 2018.
   */
  DECAY;

  /** Whether a window also sees a mask and the time since the last value. */
  public boolean addsInputs() {
    return this == MASK || this == DECAY;
  }
}
