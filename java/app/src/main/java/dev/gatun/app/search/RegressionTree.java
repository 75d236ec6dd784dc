package dev.gatun.app.search;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
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
      int parameter = d;
      double[] found =
          Arrays.stream(rows).mapToDouble(r -> points[r][parameter]).sorted().distinct().toArray();
      DoubleStream cuts =
          choices[d]
              ? Arrays.stream(found)
              : IntStream.range(1, found.length).mapToDouble(i -> (found[i - 1] + found[i]) / 2);
      for (double at : cuts.toArray()) {
        Cut cut = new Cut(d, at, error(points, values, rows, d, at));
        if (best == null || cut.error() < best.error()) {
          best = cut;
        }
      }
    }
    if (best == null || best.error() == Double.POSITIVE_INFINITY) {
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

  /** The squared error that a cut leaves, less what does not depend on it; infinite: none. */
  private double error(double[][] points, double[] values, int[] rows, int parameter, double at) {
    double[] sums = new double[2];
    int[] counts = new int[2];
    for (int row : rows) {
      int side = left(parameter, at, points[row]) ? 0 : 1;
      sums[side] += values[row];
      counts[side]++;
    }
    if (counts[0] < LEAST || counts[1] < LEAST) {
      return Double.POSITIVE_INFINITY;
    }
    return -sums[0] * sums[0] / counts[0] - sums[1] * sums[1] / counts[1];
  }
}
