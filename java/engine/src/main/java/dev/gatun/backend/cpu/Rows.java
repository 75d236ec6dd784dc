package dev.gatun.backend.cpu;

/**
 * The rows that one part of the team works on in one step: for each, its packed row, the packed row
 * of the step before (-1 for the first) and the absolute addresses that kernels take.
 */
final class Rows {
  final int[] rank;
  final int[] row;
  final int[] previous;
  final long[] hPrevious;
  final long[] h;
  final long[] gates;

  /** In backward the gradients of h; in forward for the use of a cell within one step. */
  final long[] dh;

  /** For the use of a cell within one step. */
  final long[] scratch;

  /**
   * The rows of a block of steps, in the order in which the steps use them: what is multiplied and
   * where the products go.
   */
  final long[] from;

  final long[] to;

  /** Rows in the block, and how many of them the steps have used. */
  int blockRows;

  int used;

  /** Room for the gates of a block, where nothing is saved; else 0. */
  final long blockGates;

  /**
   * Reserves for a part.
   *
   * @param blockCapacity rows that a block may have
   */
  Rows(int maxBatch, int blockCapacity, long blockGates) {
    rank = new int[maxBatch];
    row = new int[maxBatch];
    previous = new int[maxBatch];
    hPrevious = new long[maxBatch];
    h = new long[maxBatch];
    gates = new long[maxBatch];
    dh = new long[maxBatch];
    scratch = new long[maxBatch];
    from = new long[blockCapacity];
    to = new long[blockCapacity];
    this.blockGates = blockGates;
  }
}
