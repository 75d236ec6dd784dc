package dev.gatun.backend.cpu;

import dev.gatun.tensor.Tensor;

/** Picks the rows with the largest losses. Scratch grows to the largest call. */
final class Hardest {
  private double[] valid = new double[0];

  /** As {@link dev.gatun.backend.LossOperations#hardest}, from the loss of each row. */
  void keep(int rows, Tensor losses, Tensor targets, double fraction, Tensor kept) {
    if (valid.length < rows) {
      valid = new double[rows];
    }
    int count = 0;
    for (int row = 0; row < rows; row++) {
      if (targets.getLong(row) >= 0) {
        valid[count++] = loss(losses, row);
      }
    }
    int keep = (int) Math.ceil(fraction * count);
    double least = count == 0 ? 0 : largest(count, keep);
    int equal = keep;
    for (int i = 0; i < count; i++) {
      equal -= valid[i] > least ? 1 : 0;
    }
    for (int row = 0; row < rows; row++) {
      long target = targets.getLong(row);
      double loss = loss(losses, row);
      boolean picked = target >= 0 && (loss > least || (loss == least && equal-- > 0));
      kept.setLong(row, picked ? target : -1);
    }
  }

  /** A loss that is no number is the hardest of all: it must not pass unseen. */
  private static double loss(Tensor losses, int row) {
    double loss = losses.get(row);
    return Double.isNaN(loss) ? Double.POSITIVE_INFINITY : loss;
  }

  /** The k-th largest of the first values (Hoare 1961, "Algorithm 65: Find"), which it reorders. */
  private double largest(int count, int k) {
    int from = 0;
    int to = count - 1;
    while (from < to) {
      double pivot = valid[(from + to) >>> 1];
      int i = from;
      int j = to;
      while (i <= j) {
        while (valid[i] > pivot) {
          i++;
        }
        while (valid[j] < pivot) {
          j--;
        }
        if (i <= j) {
          double swapped = valid[i];
          valid[i++] = valid[j];
          valid[j--] = swapped;
        }
      }
      if (k - 1 <= j) {
        to = j;
      } else if (k - 1 >= i) {
        from = i;
      } else {
        return valid[k - 1];
      }
    }
    return valid[k - 1];
  }
}
