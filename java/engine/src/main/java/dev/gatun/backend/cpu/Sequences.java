package dev.gatun.backend.cpu;

import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The lengths of a batch, as packed rows: sequences are ranked longest first, and the rows of a
 * step are those of the sequences that reach it, in rank order. Padding has no row, so no work is
 * done on it and nothing it holds can reach a result. When all lengths are equal the packed rows
 * are the rows of [t, n, ·] as they are.
 *
 * <p>Ranks are divided into parts for the team. A result never depends on the division, because
 * each row is computed alone.
 */
final class Sequences {
  /** Below this many sequences a part's product is bound by reading the weights. */
  static final int MIN_PER_PART = 4;

  private final int[] length;
  private final int[] sequenceOfRank;
  private final int[] rankInPart;
  private final int[] partStart;
  private final int[] offset;
  private final int[] countByLength;
  private int t;
  private int n;
  private int parts;
  private boolean ragged;

  Sequences(int maxTime, int maxBatch, int threads) {
    length = new int[maxBatch];
    sequenceOfRank = new int[maxBatch];
    rankInPart = new int[maxBatch];
    partStart = new int[threads + 1];
    offset = new int[maxTime + 1];
    countByLength = new int[maxTime + 2];
  }

  /**
   * Takes the sizes of a call, which have been checked.
   *
   * @param lengths I32 with at least n elements, or null when all are t
   * @param maxParts parts at most
   */
  void set(int time, int batch, @Nullable Tensor lengths, int maxParts) {
    t = time;
    n = batch;
    ragged = false;
    for (int i = 0; i < n; i++) {
      int l = lengths == null ? t : (int) lengths.getLong(i);
      ragged |= l != t;
      length[i] = l;
    }
    rank();
    divide(maxParts);
  }

  /** Counting sort, longest first, stable; and the first row of each step. */
  private void rank() {
    Arrays.fill(countByLength, 0, t + 2, 0);
    for (int i = 0; i < n; i++) {
      countByLength[t - length[i] + 1]++;
    }
    for (int l = 1; l <= t + 1; l++) {
      countByLength[l] += countByLength[l - 1];
    }
    offset[0] = 0;
    for (int step = 0; step < t; step++) {
      // Sequences longer than the step come first: lengths t down to step + 1.
      offset[step + 1] = offset[step] + countByLength[t - step];
    }
    for (int i = 0; i < n; i++) {
      sequenceOfRank[countByLength[t - length[i]]++] = i;
    }
  }

  /** Equal lengths in blocks, for locality; ragged ones dealt out, for balance. */
  private void divide(int maxParts) {
    parts = Math.clamp(n / MIN_PER_PART, 1, maxParts);
    int at = 0;
    for (int p = 0; p < parts; p++) {
      partStart[p] = at;
      if (ragged) {
        for (int rank = p; rank < n; rank += parts) {
          rankInPart[at++] = rank;
        }
      } else {
        int end = (int) ((long) (p + 1) * n / parts);
        while (at < end) {
          rankInPart[at] = at;
          at++;
        }
      }
    }
    partStart[parts] = at;
  }

  int time() {
    return t;
  }

  int batch() {
    return n;
  }

  int parts() {
    return parts;
  }

  boolean ragged() {
    return ragged;
  }

  /** The number of packed rows: the sum of the lengths. */
  int rows() {
    return offset[t];
  }

  /** The first packed row of a step; the row of rank k is k further. */
  int offset(int step) {
    return offset[step];
  }

  /** The number of sequences that reach a step. */
  int sizeAt(int step) {
    return offset[step + 1] - offset[step];
  }

  /** The sequence, 0 to n-1, at a rank. */
  int sequence(int rank) {
    return sequenceOfRank[rank];
  }

  /** The valid steps of the sequence at a rank. */
  int length(int rank) {
    return length[sequenceOfRank[rank]];
  }

  /** The number of ranks in a part. */
  int size(int part) {
    return partStart[part + 1] - partStart[part];
  }

  /** The i-th rank of a part. */
  int rank(int part, int i) {
    return rankInPart[partStart[part] + i];
  }

  /**
   * How many ranks of a part reach a step; they are its first.
   *
   * @param guess the answer for a neighbouring step, or any number from 0 to {@link #size}
   */
  int active(int part, int step, int guess) {
    int active = guess;
    int size = size(part);
    while (active < size && length(rank(part, active)) > step) {
      active++;
    }
    while (active > 0 && length(rank(part, active - 1)) <= step) {
      active--;
    }
    return active;
  }
}
