package dev.gatun.backend.reference;

import dev.gatun.backend.CtcIo;
import dev.gatun.tensor.Tensor;

/**
 * Connectionist temporal classification of one sequence: the forward and backward variables of
 * Graves et al. 2006, section 4.1, in logarithms. The labels l are taken with blanks around and
 * between them, 2 L + 1 states; a path goes on by a state, stays, or leaves out a blank between two
 * different labels.
 */
final class ReferenceCtc {
  private static final double IMPOSSIBLE = Double.NEGATIVE_INFINITY;

  /** log softmax(logits) [steps, V]. */
  private final double[][] logP;

  /** The class of each state. */
  private final int[] states;

  private ReferenceCtc(double[][] logP, int[] states) {
    this.logP = logP;
    this.states = states;
  }

  /** Checked arguments. */
  static void run(int t, int n, CtcIo io) {
    double total = 0;
    long impossible = 0;
    long firstLabel = 0;
    for (int i = 0; i < n; i++) {
      int count = Math.toIntExact(io.labelLengths().getLong(i));
      long at = io.padded() ? i * io.labels().dim(1) : firstLabel;
      firstLabel += count;
      int length = io.lengths() == null ? t : Math.toIntExact(io.lengths().getLong(i));
      ReferenceCtc sequence = new ReferenceCtc(logSoftmax(length, n, i, io), states(at, count, io));
      double[][] forward = sequence.forward();
      double logProbability = sequence.logProbability(forward);
      boolean possible = logProbability != IMPOSSIBLE;
      io.losses().set(i, 0 - logProbability); // 0, not -0
      if (possible) {
        total -= io.weight(count) * logProbability;
      } else {
        impossible++;
      }
      if (io.dLogits() != null) {
        double[][] occupancy =
            possible ? sequence.occupancy(forward, logProbability) : new double[0][];
        double weight = io.scale().get(0) * io.weight(count);
        sequence.gradient(io.dLogits(), weight, occupancy, t, n, i);
      }
    }
    io.loss().set(0, io.scale().get(0) * total);
    io.impossible().setLong(0, io.impossible().getLong(0) + impossible);
  }

  private static int[] states(long firstLabel, int count, CtcIo io) {
    int[] states = new int[2 * count + 1];
    for (int s = 0; s < states.length; s++) {
      boolean blank = s % 2 == 0;
      states[s] = blank ? io.blank() : (int) io.labels().getLong(firstLabel + s / 2);
    }
    return states;
  }

  private static double[][] logSoftmax(int length, int n, int i, CtcIo io) {
    int v = io.classes();
    double[][] logP = new double[length][v];
    for (int step = 0; step < length; step++) {
      long row = ((long) step * n + i) * v;
      double max = IMPOSSIBLE;
      for (int k = 0; k < v; k++) {
        max = Math.max(max, io.logits().get(row + k));
      }
      double sum = 0;
      for (int k = 0; k < v; k++) {
        sum += Math.exp(io.logits().get(row + k) - max);
      }
      for (int k = 0; k < v; k++) {
        logP[step][k] = io.logits().get(row + k) - max - Math.log(sum);
      }
    }
    return logP;
  }

  /** Whether a path may go from state s - 2 to s: no blank has to part the two. */
  private boolean skips(int s) {
    return s >= 2 && s % 2 == 1 && states[s] != states[s - 2];
  }

  /** log p of the steps up to each and of being in each state then, [steps, states]. */
  private double[][] forward() {
    double[][] a = new double[logP.length][states.length];
    for (int step = 0; step < logP.length; step++) {
      for (int s = 0; s < states.length; s++) {
        double reached;
        if (step == 0) {
          reached = s < 2 ? 0 : IMPOSSIBLE;
        } else {
          reached = a[step - 1][s];
          reached = s >= 1 ? logAdd(reached, a[step - 1][s - 1]) : reached;
          reached = skips(s) ? logAdd(reached, a[step - 1][s - 2]) : reached;
        }
        a[step][s] = reached + logP[step][states[s]];
      }
    }
    return a;
  }

  private double logProbability(double[][] forward) {
    if (forward.length == 0) {
      return states.length == 1 ? 0 : IMPOSSIBLE;
    }
    double[] last = forward[forward.length - 1];
    double end = last[last.length - 1];
    return last.length > 1 ? logAdd(end, last[last.length - 2]) : end;
  }

  /** The probability of being in each class at each step, given the labels, [steps, V]. */
  private double[][] occupancy(double[][] forward, double logProbability) {
    double[][] occupied = new double[logP.length][logP.length == 0 ? 0 : logP[0].length];
    double[] after = new double[states.length]; // log p of the steps after, from each state
    for (int step = logP.length - 1; step >= 0; step--) {
      double[] b = new double[states.length];
      for (int s = 0; s < states.length; s++) {
        if (step == logP.length - 1) {
          b[s] = s >= states.length - 2 ? 0 : IMPOSSIBLE;
        } else {
          b[s] = after[s] + logP[step + 1][states[s]];
          b[s] =
              s + 1 < b.length ? logAdd(b[s], after[s + 1] + logP[step + 1][states[s + 1]]) : b[s];
          boolean skips = s + 2 < b.length && skips(s + 2);
          b[s] = skips ? logAdd(b[s], after[s + 2] + logP[step + 1][states[s + 2]]) : b[s];
        }
        occupied[step][states[s]] += Math.exp(forward[step][s] + b[s] - logProbability);
      }
      after = b;
    }
    return occupied;
  }

  /** Weight times softmax(logits) less the occupancy (equation 16); no rows: impossible. */
  private void gradient(Tensor dLogits, double weight, double[][] occupancy, int t, int n, int i) {
    int v = Math.toIntExact(dLogits.dim(-1));
    for (int step = 0; step < t; step++) {
      for (int k = 0; k < v; k++) {
        boolean zero = step >= occupancy.length;
        double d = zero ? 0 : weight * (Math.exp(logP[step][k]) - occupancy[step][k]);
        dLogits.set(((long) step * n + i) * v + k, d);
      }
    }
  }

  private static double logAdd(double a, double b) {
    double max = Math.max(a, b);
    return max == IMPOSSIBLE ? max : max + Math.log(Math.exp(a - max) + Math.exp(b - max));
  }
}
