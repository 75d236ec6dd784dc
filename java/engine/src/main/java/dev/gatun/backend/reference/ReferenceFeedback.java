package dev.gatun.backend.reference;

import dev.gatun.backend.Feedback;
import dev.gatun.backend.FeedbackIo;

/** Scheduled sampling, a step of a sequence after the other. */
record ReferenceFeedback(FeedbackIo io) implements Feedback {
  @Override
  public void run(int t, int n) {
    io.check(t, n);
    long counterHigh = io.key().counterHigh();
    double probability = io.probability().get(0);
    for (int row = 0; row < t * n; row++) {
      boolean said = row >= n && !Mask.keeps(io.key().seed(), counterHigh, row, probability);
      io.mixed().setLong(row, said ? largest(row - n) : io.given().getLong(row));
    }
  }

  private int largest(int row) {
    int width = io.width();
    int best = 0;
    double largest = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < width; k++) {
      double value = io.logits().get((long) row * width + k);
      if (value > largest) {
        largest = value;
        best = k;
      }
    }
    return best;
  }
}
