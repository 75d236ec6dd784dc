package dev.gatun.backend.cpu;

import dev.gatun.kernels.Elementwise;
import dev.gatun.tensor.Tensor;

/** Columns of matrices, row by row. */
final class Columns {
  private Columns() {}

  /** to[:, toColumn..+columns] = from[:, fromColumn..+columns], of any type. */
  static void copy(int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    long bytes = from.dtype().bytes();
    long source = from.address() + fromColumn * bytes;
    long target = to.address() + toColumn * bytes;
    long fromStride = from.dim(-1) * bytes;
    long toStride = to.dim(-1) * bytes;
    for (int row = 0; row < rows; row++) {
      copyBits(columns * bytes, source + row * fromStride, target + row * toStride);
    }
  }

  /** As {@link #copy}, F32, added. */
  static void add(int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    long source = from.address() + (long) fromColumn * Float.BYTES;
    long target = to.address() + (long) toColumn * Float.BYTES;
    long fromStride = from.dim(-1) * Float.BYTES;
    long toStride = to.dim(-1) * Float.BYTES;
    for (int row = 0; row < rows; row++) {
      Elementwise.add(columns, source + row * fromStride, target + row * toStride);
    }
  }

  /** Every type is a multiple of four bytes, which move unchanged whatever they mean. */
  static void copyBits(long bytes, long from, long to) {
    Elementwise.copy(bytes / Float.BYTES, from, to);
  }
}
