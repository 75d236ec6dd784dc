package dev.gatun.metric;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The area under the receiver operating characteristic of scores: the probability that an example
 * that holds has a larger score than one that does not, ties counting half (Hanley and McNeil 1982,
 * "The meaning and use of the area under a ROC curve"). 1: a threshold divides the two; 0.5: the
 * scores say nothing.
 */
public final class RocArea {
  private record Scored(double score, boolean holds) {}

  private final List<Scored> examples = new ArrayList<>();

  /** Of nothing yet. */
  public RocArea() {}

  /**
   * Adds one example.
   *
   * @param score the larger, the more likely it holds
   * @throws IllegalArgumentException if it is no number
   */
  public void add(double score, boolean holds) {
    if (Double.isNaN(score)) {
      throw new IllegalArgumentException("the score of an example is NaN");
    }
    examples.add(new Scored(score, holds));
  }

  /** The area, from the sum of ranks; NaN unless there are examples of both kinds. */
  public double area() {
    List<Scored> sorted = new ArrayList<>(examples);
    sorted.sort(Comparator.comparingDouble(Scored::score));
    long positive = 0;
    double ranks = 0;
    for (int from = 0; from < sorted.size(); ) {
      int to = from;
      long holding = 0;
      // -0 and 0 are one score, which compare() tells apart.
      while (to < sorted.size() && sorted.get(to).score == sorted.get(from).score) {
        holding += sorted.get(to++).holds ? 1 : 0;
      }
      positive += holding;
      ranks += holding * (from + 1 + to) / 2.0; // those that tie share the mean of their ranks
      from = to;
    }
    long negative = sorted.size() - positive;
    return positive == 0 || negative == 0
        ? Double.NaN
        : (ranks - positive * (positive + 1) / 2.0) / ((double) positive * negative);
  }
}
