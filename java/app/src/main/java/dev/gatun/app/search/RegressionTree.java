package dev.gatun.app.search;

import java.util.Arrays;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * A tree that predicts numbers (Breiman et al., "Classification and Regression Trees", 1984): each
 * split is the one that leaves the least squared error, of a number below or above a middle, of a
 * choice one option or the others.
 */
final class RegressionTree {
  private static final int LEAST = 3;

  private final boolean[] choices;
  private final Node root;

  private record Node(
      double mean, int parameter, double at, @Nullable Node left, @Nullable Node right) {}

  /** Which rows go left is decided by one parameter's value. */
  private record Cut(int parameter, double at, double error) {}

  /**
   * Grows one.
   *
   * @param rows of points and values to learn from; one may come several times
   */
  RegressionTree(double[][] points, double[] values, boolean[] choices, int[] rows) {
    this.choices = choices;
    root = grow(points, values, rows);
  }

  double predict(double[] point) {
    Node node = root;
    while (node.left() != null && node.right() != null) {
      node = left(node.parameter(), node.at(), point) ? node.left() : node.right();
    }
    return node.mean();
  }

  private boolean left(int parameter, double at, double[] point) {
    return choices[parameter] ? point[parameter] == at : point[parameter] < at;
  }

  private Node grow(double[][] points, double[] values, int[] rows) {
    double mean = Arrays.stream(rows).mapToDouble(r -> values[r]).average().orElse(0);
    @Nullable Cut best = null;
    for (int d = 0; d < choices.length && rows.length >= 2 * LEAST; d++) {
      @Nullable Cut cut = best(points, values, rows, d);
      if (cut != null && (best == null || cut.error() < best.error())) {
        best = cut;
      }
    }
    if (best == null) {
      return new Node(mean, 0, 0, null, null);
    }
    Cut cut = best;
    int[] low =
        Arrays.stream(rows).filter(r -> left(cut.parameter(), cut.at(), points[r])).toArray();
    int[] high =
        Arrays.stream(rows).filter(r -> !left(cut.parameter(), cut.at(), points[r])).toArray();
    return new Node(
        mean, cut.parameter(), cut.at(), grow(points, values, low), grow(points, values, high));
  }

  /** The best cut of one parameter, by sums over sorted rows; null: each leaves too few rows. */
  private @Nullable Cut best(double[][] points, double[] values, int[] rows, int parameter) {
    int[] sorted =
        Arrays.stream(rows)
            .boxed()
            .sorted(Comparator.comparingDouble(r -> points[r][parameter]))
            .mapToInt(r -> r)
            .toArray();
    double all = Arrays.stream(sorted).mapToDouble(r -> values[r]).sum();
    @Nullable Cut best = null;
    double sum = 0;
    int from = 0;
    for (int i = 0; i < sorted.length; i++) {
      sum += values[sorted[i]];
      boolean last = i + 1 == sorted.length;
      double here = points[sorted[i]][parameter];
      double next = last ? here : points[sorted[i + 1]][parameter];
      if ((last && !choices[parameter]) || (!last && here == next)) {
        continue;
      }
      int left = i + 1 - from;
      int right = sorted.length - left;
      double middle = (here + next) / 2;
      double at = choices[parameter] ? here : middle > here ? middle : next;
      double error = error(sum, left) + error(all - sum, right);
      if (left >= LEAST && right >= LEAST && (best == null || error < best.error())) {
        best = new Cut(parameter, at, error);
      }
      if (choices[parameter]) {
        sum = 0; // an option is alone on its side
        from = i + 1;
      }
    }
    return best;
  }

  /** The squared error of some rows about their mean, less what does not depend on a cut. */
  private static double error(double sum, int count) {
    return -sum * sum / count;
  }
}
