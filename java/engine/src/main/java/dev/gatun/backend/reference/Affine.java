package dev.gatun.backend.reference;

/** y = M x + b over rows of a flat block of weights, with the block of gradients beside it. */
final class Affine {
  private static final int NO_BIAS = -1;

  private final double[] weights;
  private final double[] gradients;
  private final int matrix;
  private final int bias;
  private final int rows;
  private final int columns;

  private Affine(
      double[] weights, double[] gradients, int matrix, int bias, int rows, int columns) {
    this.weights = weights;
    this.gradients = gradients;
    this.matrix = matrix;
    this.bias = bias;
    this.rows = rows;
    this.columns = columns;
  }

  /**
   * A matrix without bias.
   *
   * @param matrix its first element in the block
   */
  static Affine of(double[] weights, double[] gradients, int matrix, int rows, int columns) {
    return new Affine(weights, gradients, matrix, NO_BIAS, rows, columns);
  }

  /** The same with the bias at {@code offset} in the block. */
  Affine withBias(int offset) {
    return new Affine(weights, gradients, matrix, offset, rows, columns);
  }

  /** Some of the rows. */
  Affine rows(int from, int count) {
    int newBias = bias == NO_BIAS ? NO_BIAS : bias + from;
    return new Affine(weights, gradients, matrix + from * columns, newBias, count, columns);
  }

  /** Writes M x + b to y from element {@code at}. */
  void apply(double[] x, double[] y, int at) {
    for (int i = 0; i < rows; i++) {
      double sum = bias == NO_BIAS ? 0 : weights[bias + i];
      for (int j = 0; j < columns; j++) {
        sum += weights[matrix + i * columns + j] * x[j];
      }
      y[at + i] = sum;
    }
  }

  /** Adds dL/dM = dy x' and dL/db = dy to the gradients and dL/dx = M' dy to dx. */
  void back(double[] dy, int at, double[] x, double[] dx) {
    for (int i = 0; i < rows; i++) {
      double d = dy[at + i];
      if (bias != NO_BIAS) {
        gradients[bias + i] += d;
      }
      for (int j = 0; j < columns; j++) {
        gradients[matrix + i * columns + j] += d * x[j];
        dx[j] += d * weights[matrix + i * columns + j];
      }
    }
  }
}
