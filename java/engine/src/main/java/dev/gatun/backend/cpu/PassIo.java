package dev.gatun.backend.cpu;

/**
 * Absolute addresses of one pass's tensors, set before each call; 0 stands for a tensor that is
 * absent. Rows are packed (see {@link Sequences}); states are those of this layer and direction,
 * one row for each sequence.
 */
final class PassIo {
  long x;
  long y;

  /** Floats from one row of y, and of dy, to the next: D * out. */
  int yStride;

  long h0;
  long c0;
  long hn;
  long cn;
  long dy;
  long dx;
  long dhn;
  long dcn;
  long dh0;
  long dc0;
}
