package dev.gatun.metric;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Counts what is said of examples of which any number of labels hold, each label a decision of its
 * own. With TP the examples of which a label holds and is said to, FN those of which it holds and
 * is not, and FP those of which it is said alone (Tsoumakas and Katakis 2007, "Multi-label
 * classification: an overview"):
 *
 * <pre>
 * precision = TP / (TP + FP)    recall = TP / (TP + FN)    F1 = 2 TP / (2 TP + FP + FN)
 * </pre>
 *
 * <p>A figure with a denominator of 0 is 0. The macro mean of a figure is over labels; one that
 * neither holds nor is said anywhere is left out of it. The micro mean is of the counts added up.
 */
public final class LabelMetrics {
  private final long[] right;
  private final long[] missed;
  private final long[] wrong;
  private final RocArea[] areas;

  /** Whether a probability of a label was NaN. */
  private final boolean[] unordered;

  private long examples;
  private long exact;

  /**
   * Counts nothing yet.
   *
   * @param labels how many there are, at least 1
   */
  public LabelMetrics(int labels) {
    if (labels < 1) {
      throw new IllegalArgumentException("labels " + labels + " must be at least 1");
    }
    right = new long[labels];
    missed = new long[labels];
    wrong = new long[labels];
    areas = new RocArea[labels];
    unordered = new boolean[labels];
    for (int k = 0; k < labels; k++) {
      areas[k] = new RocArea();
    }
  }

  /**
   * Counts one example.
   *
   * @param holds [k], which labels hold
   * @param probabilities [k], of each; from 0.5 a label is said
   */
  public void add(boolean[] holds, double[] probabilities) {
    if (holds.length != right.length || probabilities.length != right.length) {
      throw new IllegalArgumentException(
          "%d labels and %d probabilities, expected %d"
              .formatted(holds.length, probabilities.length, right.length));
    }
    boolean all = true;
    for (int k = 0; k < holds.length; k++) {
      boolean said = probabilities[k] >= 0.5;
      right[k] += holds[k] && said ? 1 : 0;
      missed[k] += holds[k] && !said ? 1 : 0;
      wrong[k] += !holds[k] && said ? 1 : 0;
      if (Double.isNaN(probabilities[k])) {
        unordered[k] = true;
      } else {
        areas[k].add(probabilities[k], holds[k]);
      }
      all &= holds[k] == said;
    }
    examples++;
    exact += all ? 1 : 0;
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  /** The share of decisions that are right: 1 - the Hamming loss; 0 without examples. */
  public double accuracy() {
    long decisions = examples * right.length;
    return share(decisions - sum(missed) - sum(wrong), decisions);
  }

  /** The share of examples with every label right; 0 without examples. */
  public double exact() {
    return share(exact, examples);
  }

  /** Where a label is said, the share where it holds. */
  public double precision(int label) {
    return share(right[label], right[label] + wrong[label]);
  }

  /** Where a label holds, the share where it is said. */
  public double recall(int label) {
    return share(right[label], right[label] + missed[label]);
  }

  /** The harmonic mean of precision and recall. */
  public double f1(int label) {
    return share(2 * right[label], 2 * right[label] + missed[label] + wrong[label]);
  }

  /**
   * The area under a label's curve ({@link RocArea}); NaN where it always or never holds, or where
   * a probability was NaN.
   */
  public double area(int label) {
    return unordered[label] ? Double.NaN : areas[label].area();
  }

  private static long sum(long[] counts) {
    return IntStream.range(0, counts.length).mapToLong(k -> counts[k]).sum();
  }

  private double macro(IntToDoubleFunction figure) {
    return IntStream.range(0, right.length)
        .filter(k -> right[k] + missed[k] + wrong[k] > 0)
        .mapToDouble(figure)
        .average()
        .orElse(0);
  }

  /**
   * All figures by their names: {@code accuracy}, {@code exact}; {@code precision_macro}, {@code
   * recall_macro}, {@code f1_macro} and the same with {@code _micro}; {@code auc_macro}, the mean
   * of the labels that have an area, NaN without one.
   */
  public SequencedMap<String, Double> measures() {
    SequencedMap<String, Double> measures = new LinkedHashMap<>();
    measures.put("accuracy", accuracy());
    measures.put("exact", exact());
    measures.put("precision_macro", macro(this::precision));
    measures.put("recall_macro", macro(this::recall));
    measures.put("f1_macro", macro(this::f1));
    measures.put("precision_micro", share(sum(right), sum(right) + sum(wrong)));
    measures.put("recall_micro", share(sum(right), sum(right) + sum(missed)));
    measures.put("f1_micro", share(2 * sum(right), 2 * sum(right) + sum(missed) + sum(wrong)));
    measures.put(
        "auc_macro",
        IntStream.range(0, areas.length)
            .mapToDouble(this::area)
            .filter(area -> !Double.isNaN(area))
            .average()
            .orElse(Double.NaN));
    return measures;
  }
}
