package dev.gatun.backend.cpu;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Control;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.SgdRule;
import dev.gatun.kernels.Optimizers;
import dev.gatun.kernels.Philox;
import dev.gatun.kernels.Reductions;
import dev.gatun.tensor.Tensor;

/** Operations over flat buffers, in chunks of one size so that no result depends on the threads. */
final class FlatOps {
  /**
   * Elements of a chunk, 128 KiB of floats: with Adam's four streams a chunk stays within a core's
   * second-level cache, and it is some 10 us of work, well above the cost of handing it out.
   */
  private static final int CHUNK = 32 * 1024;

  /** As in PyTorch's {@code clip_grad_norm_}. */
  private static final double CLIP_EPSILON = 1e-6;

  private final Team team;
  private final Team.Task dropoutTask = this::dropoutPart;
  private final Team.Task squaresTask = this::squaresPart;
  private final Team.Task sgdTask = this::sgdPart;
  private final Team.Task adamTask = this::adamPart;

  private long size;
  private long x;
  private long y;
  private long m;
  private long v;
  private double keep;
  private long seed;
  private long counterHigh;
  private SgdRule sgd = new SgdRule(0, false, 0);
  private AdamRule adam = AdamRule.DEFAULT;
  private double rate;
  private float factor;
  private double correction1;
  private double correction2;
  private double[] partial = new double[1];

  FlatOps(Team team) {
    this.team = team;
  }

  private static int chunks(long count) {
    return Math.toIntExact((count + CHUNK - 1) / CHUNK);
  }

  private int length(int part) {
    return (int) Math.min(CHUNK, size - (long) part * CHUNK);
  }

  private static long bytes(int part) {
    return 4L * CHUNK * part;
  }

  void dropout(long count, long from, long to, double dropRate, MaskKey key) {
    size = count;
    x = from;
    y = to;
    keep = 1 - dropRate;
    seed = key.seed();
    counterHigh = key.counterHigh();
    team.run(chunks(count), dropoutTask);
  }

  private void dropoutPart(int part) {
    long first = (long) part * CHUNK;
    Philox.dropout(length(part), first, x + bytes(part), y + bytes(part), keep, seed, counterHigh);
  }

  /** Writes norm, first element that is not finite, factor and count of updates. */
  void prepareUpdate(Tensor gradients, double maxNorm, Tensor control) {
    double norm = Math.sqrt(sumOfSquares(gradients.size(), gradients.address()));
    long nonFinite = -1;
    if (!(norm <= Double.MAX_VALUE)) {
      nonFinite = Reductions.firstNonFinite(gradients.size(), gradients.address());
    }
    control.set(Control.NORM, norm);
    control.set(Control.NON_FINITE, (double) nonFinite);
    control.set(Control.FACTOR, Math.min(1, maxNorm / (norm + CLIP_EPSILON)));
    if (nonFinite < 0) {
      control.set(Control.UPDATES, control.get(Control.UPDATES) + 1);
    }
  }

  /** The sum of squares of all elements: chunk sums added in order. */
  private double sumOfSquares(long count, long from) {
    size = count;
    x = from;
    int parts = chunks(count);
    if (partial.length < parts) {
      partial = new double[parts];
    }
    team.run(parts, squaresTask);
    double sum = 0;
    for (int part = 0; part < parts; part++) {
      sum += partial[part];
    }
    return sum;
  }

  private void squaresPart(int part) {
    partial[part] = Reductions.sumOfSquares(length(part), x + bytes(part));
  }

  void sgd(SgdRule rule, Tensor parameters, long gradients, long velocity, Tensor control) {
    sgd = rule;
    set(parameters, gradients, control);
    m = velocity;
    team.run(chunks(size), sgdTask);
  }

  private void sgdPart(int part) {
    long at = bytes(part);
    Optimizers.sgd(
        length(part),
        x + at,
        y + at,
        m == 0 ? 0 : m + at,
        (float) rate,
        (float) sgd.momentum(),
        0,
        sgd.nesterov(),
        (float) sgd.weightDecay(),
        factor);
  }

  void adam(
      AdamRule rule, Tensor parameters, long gradients, long first, long second, Tensor control) {
    adam = rule;
    set(parameters, gradients, control);
    m = first;
    v = second;
    double updates = control.get(Control.UPDATES);
    correction1 = 1 - Math.pow(rule.beta1(), updates);
    correction2 = 1 - Math.pow(rule.beta2(), updates);
    team.run(chunks(size), adamTask);
  }

  private void adamPart(int part) {
    long at = bytes(part);
    Optimizers.adam(
        length(part),
        x + at,
        y + at,
        m + at,
        v + at,
        rate,
        adam.beta1(),
        adam.beta2(),
        adam.epsilon(),
        correction1,
        correction2,
        adam.weightDecay(),
        adam.decoupled(),
        factor);
  }

  private void set(Tensor parameters, long gradients, Tensor control) {
    size = parameters.size();
    x = parameters.address();
    y = gradients;
    rate = control.get(Control.RATE);
    factor = (float) control.get(Control.FACTOR);
  }
}
