package dev.gatun.backend.cpu;

/** Computes parts of a product, each on the thread that calls; any number of threads at once. */
interface Gemm extends AutoCloseable {
  /**
   * Sets the size of the parts of a product whose inner dimension is not the long one, by its shape
   * alone.
   */
  void divide(Product product);

  /** Computes rows row to row + rows - 1 of columns column to column + columns - 1 of C. */
  void multiply(Product product, int row, int rows, int column, int columns);

  /** Frees what it holds. */
  @Override
  void close();
}
