package dev.gatun.metric;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Counts what a classifier says of examples whose class is known: the confusion matrix and what
 * follows from it. With TP the examples of a class that are said to be of it, FN its others and FP
 * those of other classes that are said to be of it (van Rijsbergen 1979, "Information Retrieval",
 * chapter 7):
 *
 * <pre>
 * precision = TP / (TP + FP)    recall = TP / (TP + FN)    F1 = 2 TP / (2 TP + FP + FN)
 * </pre>
 *
 * <p>A figure with a denominator of 0 is 0. The macro mean of a figure is over classes, each
 * counting alike; a class that neither occurs nor is said is left out of it. The micro mean is of
 * the counts added up: where each example has one class, it is the accuracy, for all three.
 */
public final class ClassMetrics {
  private final long[][] counts;

  /**
   * Counts nothing yet.
   *
   * @param classes how many there are, at least 1
   */
  public ClassMetrics(int classes) {
    if (classes < 1) {
      throw new IllegalArgumentException("classes " + classes + " must be at least 1");
    }
    counts = new long[classes][classes];
  }

  /**
   * Counts examples.
   *
   * @param truth their classes, from 0
   * @param said as many classes that they were said to be of
   * @param classes how many there are
   */
  public static ClassMetrics of(int[] truth, int[] said, int classes) {
    if (truth.length != said.length) {
      throw new IllegalArgumentException(
          "%d true classes and %d said".formatted(truth.length, said.length));
    }
    ClassMetrics metrics = new ClassMetrics(classes);
    for (int i = 0; i < truth.length; i++) {
      metrics.add(truth[i], said[i]);
    }
    return metrics;
  }

  /** Counts one example. */
  public void add(int truth, int said) {
    counts[checked(truth)][checked(said)]++;
  }

  private int checked(int index) {
    if (index < 0 || index >= counts.length) {
      throw new IllegalArgumentException(
          "class %d is none of 0 to %d".formatted(index, counts.length - 1));
    }
    return index;
  }

  /** The number of classes. */
  public int classes() {
    return counts.length;
  }

  /** Examples of a class that were said to be of a class. */
  public long count(int truth, int said) {
    return counts[checked(truth)][checked(said)];
  }

  /** All of {@link #count}: rows are true classes, columns what was said. */
  public long[][] matrix() {
    long[][] copy = new long[counts.length][];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = counts[i].clone();
    }
    return copy;
  }

  /** Examples counted. */
  public long examples() {
    return sum(this::support);
  }

  /** Examples of a class. */
  public long support(int index) {
    return IntStream.range(0, counts.length).mapToLong(said -> count(index, said)).sum();
  }

  /** Examples that were said to be of a class. */
  private long said(int index) {
    return IntStream.range(0, counts.length).mapToLong(truth -> count(truth, index)).sum();
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  /** The share of examples whose class was said; 0 without examples. */
  public double accuracy() {
    return share(sum(i -> count(i, i)), examples());
  }

  /** Of what was said to be of a class, the share that is. */
  public double precision(int index) {
    return share(count(index, index), said(index));
  }

  /** Of a class, the share that was said to be of it. */
  public double recall(int index) {
    return share(count(index, index), support(index));
  }

  /** The harmonic mean of precision and recall. */
  public double f1(int index) {
    return share(2 * count(index, index), said(index) + support(index));
  }

  /** The macro mean of {@link #precision(int)}. */
  public double macroPrecision() {
    return macro(this::precision);
  }

  /** The macro mean of {@link #recall(int)}. */
  public double macroRecall() {
    return macro(this::recall);
  }

  /** The macro mean of {@link #f1(int)}. */
  public double macroF1() {
    return macro(this::f1);
  }

  private double macro(IntToDoubleFunction figure) {
    return IntStream.range(0, counts.length)
        .filter(i -> support(i) + said(i) > 0)
        .mapToDouble(figure)
        .average()
        .orElse(0);
  }

  private interface Count {
    long of(int index);
  }

  private long sum(Count count) {
    return IntStream.range(0, counts.length).mapToLong(count::of).sum();
  }

  /**
   * All figures by their names: {@code accuracy}; {@code precision_macro}, {@code recall_macro},
   * {@code f1_macro} and the same with {@code _micro}; with two classes also {@code precision},
   * {@code recall} and {@code f1} of class 1, the positive one.
   */
  public SequencedMap<String, Double> measures() {
    SequencedMap<String, Double> measures = new LinkedHashMap<>();
    measures.put("accuracy", accuracy());
    if (counts.length == 2) {
      measures.put("precision", precision(1));
      measures.put("recall", recall(1));
      measures.put("f1", f1(1));
    }
    measures.put("precision_macro", macroPrecision());
    measures.put("recall_macro", macroRecall());
    measures.put("f1_macro", macroF1());
    measures.put("precision_micro", accuracy());
    measures.put("recall_micro", accuracy());
    measures.put("f1_micro", accuracy());
    return measures;
  }
}
