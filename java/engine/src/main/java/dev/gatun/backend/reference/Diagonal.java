package dev.gatun.backend.reference;

/**
 * Diagonal matrices, one after the other, in a flat block of weights with the block of gradients
 * beside it: a peephole each.
 *
 * @param at their first element in the block
 * @param size the elements of one
 */
@SuppressWarnings("ArrayRecordComponent") // views of two blocks, never compared
record Diagonal(double[] weights, double[] gradients, int at, int size) {
  /** Adds each element of diagonal {@code number} times that of x to y from element {@code to}. */
  void add(int number, double[] x, double[] y, int to) {
    for (int k = 0; k < size; k++) {
      y[to + k] += weights[at + number * size + k] * x[k];
    }
  }

  /** From dL/dy, from element {@code from}: adds to dL/dx and to the gradient of the diagonal. */
  void back(int number, double[] dy, int from, double[] x, double[] dx) {
    for (int k = 0; k < size; k++) {
      int e = at + number * size + k;
      gradients[e] += dy[from + k] * x[k];
      dx[k] += weights[e] * dy[from + k];
    }
  }
}
