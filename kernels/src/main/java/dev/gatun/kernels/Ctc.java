package dev.gatun.kernels;

/**
 * Connectionist temporal classification of one sequence (Graves et al. 2006, section 4.1): the sums
 * over all alignments as logarithms in double, so that no probability is too small.
 *
 * <p>The states are the labels with a blank before, between and after them: even ones are blanks.
 */
public final class Ctc {
  private static final double NEVER = Double.NEGATIVE_INFINITY;

  private Ctc() {}

  /** Doubles of scratch for so many steps and labels. */
  public static long scratch(long t, long labels) {
    // log p of blank and labels, forward variables [t, states], backward variables of one step
    return t * (labels + 1) + (t + 1) * (2 * labels + 1);
  }

  /**
   * The loss, -log p(labels | softmax(x)), and its gradient by x. Positive infinity, with a
   * gradient of zero, where no alignment is possible; NaN where x holds a NaN or positive infinity.
   *
   * @param t steps, from 0
   * @param v V, classes
   * @param x logits, float32: [V] for each step
   * @param stride bytes from one step to the next, of x and of dx
   * @param labels int32[count]
   * @param blank the class of the blank, none of the labels
   * @param dx out: scale times the gradient; may be x; 0 where none is wanted
   * @param scale of the gradient alone
   * @param scratch float64[{@link #scratch}]
   */
  public static double sequence(
      int t,
      int v,
      long x,
      long stride,
      long labels,
      int count,
      int blank,
      long dx,
      float scale,
      long scratch) {
    long emissions = scratch;
    long alpha = emissions + 8L * t * (count + 1);
    long beta = alpha + 8L * t * (2 * count + 1);
    double logP = NEVER;
    if (t >= count + (long) repeats(labels, count)) {
      for (int step = 0; step < t; step++) {
        long row = emissions + 8L * step * (count + 1);
        long at = step * stride;
        emissions(v, x + at, labels, count, blank, dx == 0 ? 0 : dx + at, scale, row);
      }
      forward(t, labels, count, emissions, alpha);
      logP = end(t, count, alpha);
    }
    if (dx != 0 && logP == NEVER) {
      for (int step = 0; step < t; step++) {
        Elementwise.fill(v, dx + step * stride, 0f);
      }
    } else if (dx != 0) {
      backward(t, labels, count, blank, emissions, alpha, beta, logP, dx, stride, scale);
    }
    return 0 - logP; // 0, not -0, of what is certain
  }

  /** Pairs of equal neighbours: a blank has to part them. */
  private static int repeats(long labels, int count) {
    int pairs = 0;
    for (int i = 1; i < count; i++) {
      pairs += repeated(labels, i) ? 1 : 0;
    }
    return pairs;
  }

  /** Whether label i is that before it. */
  private static boolean repeated(long labels, int i) {
    return Species.getInt(labels + 4L * i) == Species.getInt(labels + 4L * (i - 1));
  }

  private static double get(long address, int i) {
    return Species.ALL.get(Species.DOUBLE, address + 8L * i);
  }

  private static void set(long address, int i, double value) {
    Species.ALL.set(Species.DOUBLE, address + 8L * i, value);
  }

  /** log p of the blank and of each label at a step, and the share of softmax in the gradient. */
  private static void emissions(
      int v, long x, long labels, int count, int blank, long dx, float scale, long row) {
    double max = SoftmaxCrossEntropy.max(v, x);
    set(row, 0, Species.getFloat(x + 4L * blank) - max);
    for (int i = 0; i < count; i++) {
      int label = Species.getInt(labels + 4L * i);
      set(row, i + 1, Species.getFloat(x + 4L * label) - max);
    }
    double sum = Activations.sumOfExp(v, x, (float) max, dx);
    if (dx != 0) {
      Elementwise.scale(v, (float) (scale / sum), dx);
    }
    // StrictMath: Math's may be compiled to other bits than they are interpreted with.
    double log = StrictMath.log(sum);
    for (int i = 0; i <= count; i++) {
      set(row, i, get(row, i) - log);
    }
  }

  /** log p of the steps up to each and of being in each state then, [t, states]. */
  private static void forward(int t, long labels, int count, long emissions, long alpha) {
    int states = 2 * count + 1;
    for (int step = 0; step < t; step++) {
      long e = emissions + 8L * step * (count + 1);
      long a = alpha + 8L * step * states;
      long before = a - 8L * states;
      for (int s = 0; s < states; s++) {
        double reached = s < 2 ? 0 : NEVER;
        if (step > 0) {
          double stay = get(before, s);
          double next = s > 0 ? get(before, s - 1) : NEVER;
          boolean skip = s > 2 && (s & 1) == 1 && !repeated(labels, s >> 1);
          reached = logSum(stay, next, skip ? get(before, s - 2) : NEVER);
        }
        set(a, s, reached + get(e, emission(s)));
      }
    }
  }

  /** Where a state's log p is in a row of emissions. */
  private static int emission(int s) {
    return (s & 1) == 0 ? 0 : (s + 1) >> 1;
  }

  private static double end(int t, int count, long alpha) {
    int states = 2 * count + 1;
    if (t == 0) {
      return count == 0 ? 0 : NEVER;
    }
    long last = alpha + 8L * (t - 1) * states;
    double label = count > 0 ? get(last, states - 2) : NEVER;
    return logSum(get(last, states - 1), label, NEVER);
  }

  /** Takes the probability of each state, given the labels, from the gradient of its class. */
  private static void backward(
      int t,
      long labels,
      int count,
      int blank,
      long emissions,
      long alpha,
      long beta,
      double logP,
      long dx,
      long stride,
      float scale) {
    int states = 2 * count + 1;
    for (int s = 0; s < states; s++) {
      set(beta, s, s >= states - 2 ? 0 : NEVER);
    }
    for (int step = t - 1; step >= 0; step--) {
      long d = dx + step * stride;
      long a = alpha + 8L * step * states;
      double blanks = 0;
      for (int s = 0; s < states; s++) {
        double share = StrictMath.exp(get(a, s) + get(beta, s) - logP);
        if ((s & 1) == 0) {
          blanks += share;
        } else {
          subtract(d + 4L * Species.getInt(labels + 4L * (s >> 1)), scale * share);
        }
      }
      subtract(d + 4L * blank, scale * blanks);
      stepBack(labels, count, emissions + 8L * step * (count + 1), beta);
    }
  }

  private static void subtract(long address, double value) {
    Species.setFloat(address, (float) (Species.getFloat(address) - value));
  }

  /** log p of the steps from this one on, from each state before it; upwards, in place. */
  private static void stepBack(long labels, int count, long e, long beta) {
    int states = 2 * count + 1;
    for (int s = 0; s < states; s++) {
      double stay = get(beta, s) + get(e, emission(s));
      double next = s + 1 < states ? get(beta, s + 1) + get(e, emission(s + 1)) : NEVER;
      boolean skip = s + 2 < states && (s & 1) == 1 && !repeated(labels, (s >> 1) + 1);
      double over = skip ? get(beta, s + 2) + get(e, emission(s + 2)) : NEVER;
      set(beta, s, logSum(stay, next, over));
    }
  }

  /** log(e^a + e^b + e^c). */
  private static double logSum(double a, double b, double c) {
    double max = Math.max(Math.max(a, b), c);
    if (max == NEVER) {
      return NEVER;
    }
    return max + StrictMath.log(exp(a - max) + exp(b - max) + exp(c - max));
  }

  /** e^x for x up to 0. */
  private static double exp(double x) {
    // Below half the last bit of the 1 that is in the sum: most of a sharp distribution's states.
    return x == 0 ? 1 : x < -38 ? 0 : StrictMath.exp(x);
  }
}
