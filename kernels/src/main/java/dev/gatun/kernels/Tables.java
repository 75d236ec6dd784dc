package dev.gatun.kernels;

/** Rows of a table [V, cols] that ids name. */
public final class Tables {
  private Tables() {}

  /** marks[ids[i]] = i for i below count, in this order, so that the last place of an id stays. */
  public static void mark(int count, long ids, long marks) {
    for (int i = 0; i < count; i++) {
      Species.setInt(marks + 4L * Species.getInt(ids + 4L * i), i);
    }
  }

  /**
   * Scales rows whose norm is above a limit by maxNorm / (norm + 1e-7), each by the one place that
   * is marked as its own.
   *
   * @param first the first place to look after
   * @param count how many places
   * @param ids of all places, from 0
   * @param marks as {@link #mark} has left them
   */
  public static void limit(
      int first, int count, long ids, long marks, int cols, long table, double maxNorm) {
    for (int i = first; i < first + count; i++) {
      int id = Species.getInt(ids + 4L * i);
      if (Species.getInt(marks + 4L * id) != i) {
        continue;
      }
      long row = table + 4L * cols * id;
      double norm = Math.sqrt(Reductions.sumOfSquares(cols, row));
      if (norm > maxNorm) {
        Elementwise.scale(cols, (float) (maxNorm / (norm + 1e-7)), row);
      }
    }
  }
}
