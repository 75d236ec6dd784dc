package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Softmax cross-entropy with integer targets, row by row. */
public final class SoftmaxCrossEntropy {
  private SoftmaxCrossEntropy() {}

  /**
   * loss[r] = -(1 - s)·w[y]·log p[y] - s/V·(sum over k of w[k]·log p[k]) with p = softmax(x[r]) and
   * y = target[r], and its gradient. A row that holds a NaN or +infinity has a NaN loss; -infinity
   * is a probability of zero.
   *
   * @param rows rows of [rows, V] without gaps
   * @param v V, classes, at least 1
   * @param logits x, float32
   * @param targets int32[rows], below V; a negative one is ignored: loss 0, gradient 0
   * @param weights w, float32[V]; 0 where all are 1
   * @param smoothing s, 0 to below 1
   * @param losses out: float64[rows], so that the caller adds them in its own order
   * @param dLogits out: the gradient; may be {@code logits}; 0 where none is wanted
   * @param scale of the gradient alone
   */
  public static void rows(
      int rows,
      int v,
      long logits,
      long targets,
      long weights,
      double smoothing,
      long losses,
      long dLogits,
      float scale) {
    boolean plain = weights == 0 && smoothing == 0;
    long rowBytes = 4L * v;
    for (int r = 0; r < rows; r++) {
      int target = Species.getInt(targets + 4L * r);
      long x = logits + rowBytes * r;
      long dx = dLogits == 0 ? 0 : dLogits + rowBytes * r;
      double loss = 0;
      if (target >= 0) {
        loss =
            plain
                ? row(v, x, target, dx, scale)
                : sharedRow(v, x, target, weights, smoothing, dx, scale);
      } else if (dx != 0) {
        Elementwise.fill(v, dx, 0f);
      }
      ALL.set(Species.DOUBLE, losses + 8L * r, loss);
    }
  }

  /** A row whose target counts (1 - s)·w[y] and whose classes count s/V·w[k] each. */
  private static double sharedRow(
      int v, long x, int target, long weights, double smoothing, long dx, float scale) {
    float max = max(v, x);
    double own = (1 - smoothing) * weight(weights, target);
    double each = smoothing / v;
    double total = own;
    double dot = own * ((double) Species.getFloat(x + 4L * target) - max);
    for (int k = 0; each > 0 && k < v; k++) {
      double share = each * weight(weights, k);
      total += share;
      dot += share * ((double) Species.getFloat(x + 4L * k) - max);
    }
    double sum = Activations.sumOfExp(v, x, max, dx);
    if (dx != 0) {
      Elementwise.scale(v, (float) (scale * total / sum), dx);
      for (int k = 0; each > 0 && k < v; k++) {
        subtract((float) (scale * each * weight(weights, k)), dx + 4L * k);
      }
      subtract((float) (scale * own), dx + 4L * target);
    }
    return total * StrictMath.log(sum) - dot;
  }

  private static double weight(long weights, int k) {
    return weights == 0 ? 1 : Species.getFloat(weights + 4L * k);
  }

  private static void subtract(float value, long at) {
    Species.setFloat(at, Species.getFloat(at) - value);
  }

  private static double row(int v, long x, int target, long dx, float scale) {
    float max = max(v, x);
    double atTarget = (double) Species.getFloat(x + 4L * target) - max;
    double sum = Activations.sumOfExp(v, x, max, dx);
    if (dx != 0) {
      Elementwise.scale(v, (float) (scale / sum), dx);
      long hit = dx + 4L * target;
      Species.setFloat(hit, Species.getFloat(hit) - scale);
    }
    // StrictMath: Math.log may be compiled to other bits than it is interpreted with.
    return StrictMath.log(sum) - atTarget;
  }

  /** The largest of x[n], or NaN if there is one. A maximum has the same bits in any order. */
  static float max(int n, long x) {
    int i = 0;
    FloatVector m = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    for (; i <= n - LANES; i += LANES, x += BYTES) {
      m = m.max(fromMemorySegment(F, ALL, x, ORDER));
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      m = m.max(m.blend(fromMemorySegment(F, ALL, x, ORDER, tail), tail));
    }
    return m.reduceLanes(VectorOperators.MAX);
  }
}
