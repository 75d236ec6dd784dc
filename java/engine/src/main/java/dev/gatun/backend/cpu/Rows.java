package dev.gatun.backend.cpu;

/**
 * The rows that one part of the team works on in one step: for each, its packed row, the packed row
 * of the step before (-1 for the first) and the absolute addresses that kernels take.
 */
final class Rows {
  final int[] rank;
  final int[] row;
  final int[] previous;

  /** The step of the tensors as callers see them, whatever the direction. */
  final int[] time;

  final long[] hPrevious;

  /** Where states decay: h itself, which hPrevious has what is left of. */
  final long[] hBefore;

  /** What the recurrent weights see of it: masked, or hPrevious itself. */
  final long[] hSeen;

  final long[] h;
  final long[] gates;

  /** In backward the gradients of h; in forward for the use of a cell within one step. */
  final long[] dh;

  /** The gradients of hSeen: dh itself where that is hPrevious. */
  final long[] dhSeen;

  /** For the use of a cell within one step. */
  final long[] scratch;

  /** Where a cell that keeps it apart has the state's share of the gates, or the candidate's. */
  final long[] share;

  /** [2, H]: the factors of a row, where cells are regularised; else 0. */
  final long factors;

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
   * @param masksState whether the recurrent weights see a masked h
   */
  Rows(int maxBatch, int blockCapacity, long blockGates, long factors, boolean masksState) {
    rank = new int[maxBatch];
    row = new int[maxBatch];
    previous = new int[maxBatch];
    time = new int[maxBatch];
    hPrevious = new long[maxBatch];
    hBefore = new long[maxBatch];
    hSeen = masksState ? new long[maxBatch] : hPrevious;
    h = new long[maxBatch];
    gates = new long[maxBatch];
    dh = new long[maxBatch];
    dhSeen = masksState ? new long[maxBatch] : dh;
    this.factors = factors;
    scratch = new long[maxBatch];
    share = new long[maxBatch];
    from = new long[blockCapacity];
    to = new long[blockCapacity];
    this.blockGates = blockGates;
  }
}
