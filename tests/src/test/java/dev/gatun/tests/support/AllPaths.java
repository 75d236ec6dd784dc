package dev.gatun.tests.support;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** CTC by its definition: every path of a few steps through a few classes, one by one. */
public final class AllPaths {
  private final double[][] p;
  private final int blank;

  /** The softmax of logits [steps, classes]. */
  public AllPaths(double[][] logits, int blank) {
    this.blank = blank;
    p = new double[logits.length][];
    for (int t = 0; t < p.length; t++) {
      double sum = Arrays.stream(logits[t]).map(Math::exp).sum();
      p[t] = Arrays.stream(logits[t]).map(x -> Math.exp(x) / sum).toArray();
    }
  }

  /** What a path spells: equal neighbours are one, then blanks go. */
  public static List<Integer> collapse(int[] path, int blank) {
    List<Integer> labels = new ArrayList<>();
    for (int t = 0; t < path.length; t++) {
      if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) {
        labels.add(path[t]);
      }
    }
    return labels;
  }

  /** A path and its probability. */
  private interface Visitor {
    void visit(int[] path, double probability);
  }

  private void visit(Visitor visitor) {
    int classes = p.length == 0 ? 1 : p[0].length;
    long paths = Math.round(Math.pow(classes, p.length));
    int[] path = new int[p.length];
    for (long number = 0; number < paths; number++) {
      long rest = number;
      double probability = 1;
      for (int t = 0; t < path.length; t++) {
        path[t] = (int) (rest % classes);
        rest /= classes;
        probability *= p[t][path[t]];
      }
      visitor.visit(path, probability);
    }
  }

  /** The probability of labels. */
  public double probability(List<Integer> labels) {
    double[] sum = new double[1];
    visit((path, probability) -> sum[0] += collapse(path, blank).equals(labels) ? probability : 0);
    return sum[0];
  }

  /** d(-log p(labels))/dlogits [steps, classes]; zero where p is. */
  public double[][] gradient(List<Integer> labels) {
    double[][] d = new double[p.length][];
    double all = probability(labels);
    for (int t = 0; t < d.length; t++) {
      d[t] = all > 0 ? p[t].clone() : new double[p[t].length];
    }
    visit(
        (path, probability) -> {
          for (int t = 0; all > 0 && t < path.length; t++) {
            d[t][path[t]] -= collapse(path, blank).equals(labels) ? probability / all : 0;
          }
        });
    return d;
  }
}
