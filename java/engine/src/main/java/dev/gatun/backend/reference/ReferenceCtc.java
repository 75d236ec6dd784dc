package dev.gatun.backend.reference;

import dev.gatun.backend.CtcIo;
import dev.gatun.tensor.Tensor;

/**
 * Connectionist temporal classification of one sequence after the other: the forward and backward
 * variables of Graves et al. 2006, section 4.1, in logarithms. The labels l are taken with blanks
 * around and between them, 2 L + 1 states; a path goes on by a state, stays, or leaves out a blank
 * between two different labels. Arrays grow to the largest call.
 */
final class ReferenceCtc {
  private static final double IMPOSSIBLE = Double.NEGATIVE_INFINITY;

  /** Steps and classes of the sequence at hand. */
  private int length;

  private int v;

  /** The class of each state, and how many there are. */
  private int[] classes = new int[0];

  private int states;

  /** log softmax(logits) [length, V]. */
  private double[] logP = new double[0];

  /** log p of the steps up to each and of being in each state then, [length, states]. */
  private double[] forward = new double[0];

  /** log p of the steps after one, from each state. */
  private double[] backward = new double[0];

  /** The probability of being in each class at a step, given the labels, [V]. */
  private double[] occupancy = new double[0];

  /** Checked arguments. */
  void run(int t, int n, CtcIo io) {
    double total = 0;
    long impossible = 0;
    long firstLabel = 0;
    for (int i = 0; i < n; i++) {
      int count = (int) io.labelLengths().getLong(i);
      setStates(io.padded() ? i * io.labels().dim(1) : firstLabel, count, io);
      firstLabel += count;
      length = io.lengths() == null ? t : (int) io.lengths().getLong(i);
      setLogSoftmax(n, i, io);
      setForward();
      double logProbability = logProbability();
      if (logProbability == IMPOSSIBLE) {
        impossible++;
      } else {
        total -= io.weight(count) * logProbability;
      }
      io.losses().set(i, 0 - logProbability); // 0, not -0
      if (io.dLogits() != null) {
        double weight = io.scale().get(0) * io.weight(count);
        gradient(io.dLogits(), weight, logProbability, t, n, i);
      }
    }
    io.loss().set(0, io.scale().get(0) * total);
    io.impossible().setLong(0, io.impossible().getLong(0) + impossible);
  }

  private static double[] room(double[] array, long size) {
    return array.length < size ? new double[Math.toIntExact(size)] : array;
  }

  private void setStates(long firstLabel, int count, CtcIo io) {
    states = 2 * count + 1;
    if (classes.length < states) {
      classes = new int[states];
    }
    for (int s = 0; s < states; s++) {
      boolean blank = s % 2 == 0;
      classes[s] = blank ? io.blank() : (int) io.labels().getLong(firstLabel + s / 2);
    }
  }

  private void setLogSoftmax(int n, int i, CtcIo io) {
    v = io.classes();
    logP = room(logP, (long) length * v);
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
        logP[step * v + k] = io.logits().get(row + k) - max - Math.log(sum);
      }
    }
  }

  /** log p of a state's class at a step. */
  private double emission(int step, int s) {
    return logP[step * v + classes[s]];
  }

  /** Whether a path may go from state s - 2 to s: no blank has to part the two. */
  private boolean skips(int s) {
    return s >= 2 && s % 2 == 1 && classes[s] != classes[s - 2];
  }

  private void setForward() {
    forward = room(forward, (long) length * states);
    for (int step = 0; step < length; step++) {
      int before = (step - 1) * states;
      for (int s = 0; s < states; s++) {
        double reached;
        if (step == 0) {
          reached = s < 2 ? 0 : IMPOSSIBLE;
        } else {
          reached = forward[before + s];
          reached = s >= 1 ? logAdd(reached, forward[before + s - 1]) : reached;
          reached = skips(s) ? logAdd(reached, forward[before + s - 2]) : reached;
        }
        forward[step * states + s] = reached + emission(step, s);
      }
    }
  }

  private double logProbability() {
    if (length == 0) {
      return states == 1 ? 0 : IMPOSSIBLE;
    }
    int end = length * states - 1;
    return states > 1 ? logAdd(forward[end], forward[end - 1]) : forward[end];
  }

  /** Weight times softmax(logits) less the occupancy (equation 16); 0 where there is none. */
  private void gradient(Tensor d, double weight, double logProbability, int t, int n, int i) {
    occupancy = room(occupancy, v);
    backward = room(backward, states);
    for (int step = t - 1; step >= 0; step--) {
      boolean zero = step >= length || logProbability == IMPOSSIBLE;
      if (!zero) {
        stepBack(step);
        setOccupancy(step, logProbability);
      }
      for (int k = 0; k < v; k++) {
        double share = zero ? 0 : Math.exp(logP[step * v + k]) - occupancy[k];
        d.set(((long) step * n + i) * v + k, zero ? 0 : weight * share);
      }
    }
  }

  /** The backward variables of a step from those of the step after it, upwards in place. */
  private void stepBack(int step) {
    int next = step + 1;
    for (int s = 0; s < states; s++) {
      double b;
      if (next == length) {
        b = s >= states - 2 ? 0 : IMPOSSIBLE;
      } else {
        b = backward[s] + emission(next, s);
        b = s + 1 < states ? logAdd(b, backward[s + 1] + emission(next, s + 1)) : b;
        boolean skips = s + 2 < states && skips(s + 2);
        b = skips ? logAdd(b, backward[s + 2] + emission(next, s + 2)) : b;
      }
      backward[s] = b;
    }
  }

  private void setOccupancy(int step, double logProbability) {
    for (int k = 0; k < v; k++) {
      occupancy[k] = 0;
    }
    for (int s = 0; s < states; s++) {
      occupancy[classes[s]] += Math.exp(forward[step * states + s] + backward[s] - logProbability);
    }
  }

  private static double logAdd(double a, double b) {
    double max = Math.max(a, b);
    return max == IMPOSSIBLE ? max : max + Math.log(Math.exp(a - max) + Math.exp(b - max));
  }
}
