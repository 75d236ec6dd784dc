package dev.gatun.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * From the output of a model trained with {@link CtcLoss} to labels, one sequence at a time.
 *
 * @param blank the class that stands for no label
 */
public record CtcDecoder(int blank) {
  private static final double NEVER = Double.NEGATIVE_INFINITY;

  /** Checks the blank. */
  public CtcDecoder {
    if (blank < 0) {
      throw new IllegalArgumentException("blank " + blank + " must be a class, at least 0");
    }
  }

  /**
   * What a search found.
   *
   * @param labels without blanks
   * @param logProbability of the labels, as far as the search has seen their alignments
   */
  public record Hypothesis(List<Integer> labels, double logProbability) {}

  /**
   * Best path decoding (Graves et al. 2006, section 3.2): the likeliest class of each step, equal
   * neighbours as one, then without blanks. The first of equally likely classes is taken.
   *
   * @param logits [steps][V]
   */
  public List<Integer> greedy(float[][] logits) {
    List<Integer> labels = new ArrayList<>();
    int before = blank;
    for (float[] step : logits) {
      checkWidth(step);
      int best = 0;
      for (int k = 1; k < step.length; k++) {
        best = step[k] > step[best] ? k : best;
      }
      if (best != blank && best != before) {
        labels.add(best);
      }
      before = best;
    }
    return labels;
  }

  private void checkWidth(float[] step) {
    if (blank >= step.length) {
      throw new IllegalArgumentException(
          "blank %d must be one of the %d classes".formatted(blank, step.length));
    }
  }

  /**
   * Prefix beam search (Hannun et al. 2014, "First-pass large vocabulary continuous speech
   * recognition using bi-directional recurrent DNNs"): the likeliest labels, all alignments of a
   * prefix taken together. Exact where the beam is as wide as there are prefixes.
   *
   * @param logits [steps][V]
   * @param width prefixes that are kept after each step, at least 1
   * @return at most {@code width}, the likeliest first
   */
  public List<Hypothesis> beam(float[][] logits, int width) {
    if (width < 1) {
      throw new IllegalArgumentException("a beam's width " + width + " must be at least 1");
    }
    Prefix root = new Prefix(null, -1);
    root.blank = 0;
    List<Prefix> beam = List.of(root);
    for (float[] step : logits) {
      checkWidth(step);
      beam = best(extend(beam, logSoftmax(step)), width);
    }
    return beam.stream().map(prefix -> new Hypothesis(prefix.labels(), prefix.total())).toList();
  }

  /** Every prefix of the beam, and every one that is longer by a label, one step later. */
  private List<Prefix> extend(List<Prefix> beam, double[] logP) {
    List<Prefix> reached = new ArrayList<>();
    for (Prefix prefix : beam) {
      prefix.toBlank(prefix.total() + logP[blank], reached);
      if (prefix.label >= 0) {
        prefix.toLabel(prefix.spelled + logP[prefix.label], reached);
      }
      for (int k = 0; k < logP.length; k++) {
        // the same label again is another one only after a blank
        double from = k == prefix.label ? prefix.blank : prefix.total();
        if (k != blank && from + logP[k] != NEVER) {
          prefix.child(k).toLabel(from + logP[k], reached);
        }
      }
    }
    reached.forEach(Prefix::advance);
    return reached;
  }

  private static List<Prefix> best(List<Prefix> reached, int width) {
    // stable: of equals those found first
    reached.sort(Comparator.comparingDouble(Prefix::total).reversed());
    for (Prefix dropped : reached.subList(Math.min(width, reached.size()), reached.size())) {
      dropped.forget();
    }
    return List.copyOf(reached.subList(0, Math.min(width, reached.size())));
  }

  private static double[] logSoftmax(float[] logits) {
    double max = NEVER;
    for (float x : logits) {
      max = Math.max(max, x);
    }
    double sum = 0;
    for (float x : logits) {
      sum += Math.exp(x - max);
    }
    double log = max + Math.log(sum);
    double[] logP = new double[logits.length];
    Arrays.setAll(logP, k -> logits[k] - log);
    return logP;
  }

  private static double logAdd(double a, double b) {
    double max = Math.max(a, b);
    return max == NEVER ? NEVER : max + Math.log(Math.exp(a - max) + Math.exp(b - max));
  }

  /** Labels as a path from the root of a tree, and log p of the alignments that spell them. */
  private static final class Prefix {
    final @Nullable Prefix parent;
    final int label;
    private final Map<Integer, Prefix> children = new HashMap<>();

    /** Of alignments that end with a blank, and with the last label. */
    double blank = NEVER;

    double spelled = NEVER;

    /** One step later. */
    private double nextBlank = NEVER;

    private double nextSpelled = NEVER;

    /** Whether it is among those reached in this step. */
    boolean known;

    Prefix(@Nullable Prefix parent, int label) {
      this.parent = parent;
      this.label = label;
    }

    double total() {
      return logAdd(blank, spelled);
    }

    Prefix child(int next) {
      return children.computeIfAbsent(next, key -> new Prefix(this, next));
    }

    void toBlank(double logP, List<Prefix> reached) {
      reach(reached);
      nextBlank = logAdd(nextBlank, logP);
    }

    void toLabel(double logP, List<Prefix> reached) {
      reach(reached);
      nextSpelled = logAdd(nextSpelled, logP);
    }

    private void reach(List<Prefix> reached) {
      if (!known) {
        known = true;
        reached.add(this);
      }
    }

    void advance() {
      blank = nextBlank;
      spelled = nextSpelled;
      nextBlank = NEVER;
      nextSpelled = NEVER;
      known = false;
    }

    /** Falls out of the beam; longer ones may be in it still, and lead back here. */
    void forget() {
      blank = NEVER;
      spelled = NEVER;
      if (children.isEmpty() && parent != null) {
        parent.children.remove(label);
      }
    }

    List<Integer> labels() {
      List<Integer> labels = new ArrayList<>();
      for (Prefix at = this; at.parent != null; at = at.parent) {
        labels.add(at.label);
      }
      return labels.reversed();
    }
  }
}
