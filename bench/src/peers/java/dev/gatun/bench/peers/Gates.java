package dev.gatun.bench.peers;

/** Reorders the gates of weights, whose blocks of H rows are one gate each. */
final class Gates {
  private Gates() {}

  /**
   * Copies blocks of rows.
   *
   * @param values [G*H, columns]
   * @param hidden H
   * @param order for each block of the result the block to take
   */
  static float[] rows(float[] values, int hidden, int... order) {
    int block = values.length / order.length;
    if (block % hidden != 0) {
      throw new IllegalArgumentException(
          "%d values are no %d gates of %d rows".formatted(values.length, order.length, hidden));
    }
    float[] reordered = new float[values.length];
    for (int gate = 0; gate < order.length; gate++) {
      System.arraycopy(values, order[gate] * block, reordered, gate * block, block);
    }
    return reordered;
  }

  /**
   * The same array seen by columns.
   *
   * @param values [rows, columns]
   * @return [columns, rows]
   */
  static float[] transposed(float[] values, int rows, int columns) {
    float[] transposed = new float[values.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        transposed[column * rows + row] = values[row * columns + column];
      }
    }
    return transposed;
  }
}
