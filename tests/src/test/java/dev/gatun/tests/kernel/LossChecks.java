package dev.gatun.tests.kernel;

import dev.gatun.kernels.Losses;
import dev.gatun.kernels.SoftmaxCrossEntropy;
import java.util.Arrays;
import java.util.List;

/** {@link SoftmaxCrossEntropy} and {@link Losses} against double. */
final class LossChecks {
  private LossChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("softmax cross-entropy", LossChecks::softmax),
        new Check("softmax cross-entropy of extreme rows", LossChecks::extremes),
        new Check("mean squared error", LossChecks::meanSquared));
  }

  private static void softmax(Buffers b) {
    for (int v = 1; v <= 70; v++) {
      int rows = 1 + v % 4;
      float scale = 0.37f;
      int[] ids = new int[rows];
      for (int r = 0; r < rows; r++) {
        ids[r] = r == 2 ? -1 : (r * 31 + v) % v;
      }
      long logits = b.random(rows * v, 5);
      long targets = b.ints(ids);
      long losses = b.doubles(rows);
      long again = b.doubles(rows);
      float[] x = Buffers.read(logits, rows * v);
      SoftmaxCrossEntropy.rows(rows, v, logits, targets, 0, 0, again, 0, scale);
      SoftmaxCrossEntropy.rows(rows, v, logits, targets, 0, 0, losses, logits, scale);
      for (int r = 0; r < rows; r++) {
        double sum = 0;
        for (int j = 0; j < v; j++) {
          sum += Math.exp(x[r * v + j]);
        }
        double loss = ids[r] < 0 ? 0 : Math.log(sum) - x[r * v + ids[r]];
        Check.near(loss, Buffers.getDouble(losses, r), 1e-6, "loss of row " + r + " of " + v);
        Check.near(loss, Buffers.getDouble(again, r), 1e-6, "loss alone");
        for (int j = 0; j < v; j++) {
          double p = Math.exp(x[r * v + j]) / sum - (j == ids[r] ? 1 : 0);
          double expected = ids[r] < 0 ? 0 : p * scale;
          Check.near(expected, Buffers.get(logits, r * v + j), 2e-7, "gradient " + j + " of " + v);
        }
      }
    }
  }

  private static void extremes(Buffers b) {
    float inf = Float.POSITIVE_INFINITY;
    int v = 19;
    float[][] rows = new float[5][v];
    rows[0][3] = Float.NaN;
    rows[1][17] = inf;
    rows[2][18] = -inf;
    Arrays.fill(rows[3], -3e38f);
    rows[3][0] = 3e38f;
    Arrays.fill(rows[4], -inf);
    double[] expected = {Double.NaN, Double.NaN, Math.log(v - 1), 0, Double.NaN};
    for (int r = 0; r < rows.length; r++) {
      long losses = b.doubles(1);
      long x = b.floats(rows[r]);
      SoftmaxCrossEntropy.rows(1, v, x, b.ints(0), 0, 0, losses, x, 1);
      Check.near(expected[r], Buffers.getDouble(losses, 0), 1e-6, "loss of extreme row " + r);
      if (r == 2) {
        Check.near(0, Buffers.get(x, 18), 0, "probability of -infinity");
      }
    }
  }

  private static void meanSquared(Buffers b) {
    for (int cols = 1; cols <= 70; cols++) {
      int rows = 4;
      long p = b.random(rows * cols, 3);
      long t = b.random(rows * cols, 3);
      Buffers.set(p, cols, Float.NaN);
      long weights = b.floats(new float[] {1, 0, 0.5f, 1});
      long dp = b.floats(rows * cols);
      double sum = 0;
      double unweighted = 0;
      for (int i = 0; i < rows * cols; i++) {
        double d = (double) Buffers.get(p, i) - Buffers.get(t, i);
        float w = Buffers.get(weights, i / cols);
        sum += w == 0 ? 0 : w * d * d;
        unweighted += i / cols == 3 ? d * d : 0;
      }
      double got = Losses.rows(Losses.SQUARED, 0, rows, cols, cols, p, t, weights, 0.25f, dp);
      Check.near(sum, got, 1e-6 * sum, "sum of " + cols);
      Check.near(
          sum,
          Losses.rows(Losses.SQUARED, 0, rows, cols, cols, p, t, weights, 1, 0),
          1e-6 * sum,
          "alone");
      for (int i = 0; i < rows * cols; i++) {
        float w = Buffers.get(weights, i / cols);
        double d = (double) Buffers.get(p, i) - Buffers.get(t, i);
        Check.near(w == 0 ? 0 : 0.5 * w * d, Buffers.get(dp, i), 1e-6, "gradient of " + cols);
      }
      long last = 4L * 3 * cols;
      double one =
          Losses.rows(Losses.SQUARED, 0, 1, cols, cols, p + last, t + last, 0, 1, p + last);
      Check.near(unweighted, one, 1e-6 * unweighted, "one row without weights, in place");
    }
  }
}
