package dev.gatun.backend.cpu;

/**
 * One product C [m, n] = A [m, k] B [k, n], or added to C, of row-major matrices, and the parts it
 * is divided into. Filled in anew for each product, so that none allocates; addresses are absolute,
 * a stride counts floats from one row as it lies in memory to the next.
 */
final class Product {
  int m;
  int n;
  int k;
  long a;
  int aStride;

  /** A lies as [k, m]. */
  boolean aTransposed;

  long b;
  int bStride;

  /** B lies as [n, k]. */
  boolean bTransposed;

  long c;
  int cStride;

  /** Added to C; else C is not read. */
  boolean add;

  /** Rows of C in a part; the last may have fewer. */
  int partRows;

  /** Columns of C in a part; the last may have fewer. */
  int partColumns;

  int parts() {
    return rowParts() * Math.ceilDiv(n, partColumns);
  }

  int rowParts() {
    return Math.ceilDiv(m, partRows);
  }

  /** The address of an element of C. */
  long c(int row, int column) {
    return c + 4 * ((long) row * cStride + column);
  }
}
