package dev.gatun.data;

/**
 * Windows that widen over the epochs (Bengio et al. 2009, "Curriculum learning": short before
 * long). A shorter window ends at the same row and is asked the same; it begins later. The length
 * is a function of the epoch alone, so that a resumed run goes on with it.
 *
 * @param start rows of a window in the first epoch; 0: all windows are whole
 * @param growth rows by which it widens each epoch until it is whole
 */
public record Curriculum(int start, int growth) {
  /** Whole windows from the first epoch on. */
  public static final Curriculum NONE = new Curriculum(0, 1);

  /** Checks the sizes. */
  public Curriculum {
    if (start < 0 || growth < 1) {
      throw new IllegalArgumentException(
          "a first window of %d rows and a growth of %d: they must be at least 0 and 1"
              .formatted(start, growth));
    }
  }

  /** The rows that windows of an epoch see. */
  public int length(int epoch, int whole) {
    return start == 0 ? whole : (int) Math.min(whole, start + (long) epoch * growth);
  }
}
