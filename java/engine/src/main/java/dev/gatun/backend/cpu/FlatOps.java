package dev.gatun.backend.cpu;

import dev.gatun.backend.Control;
import dev.gatun.backend.MaskKey;
import dev.gatun.kernels.Philox;
import dev.gatun.kernels.Reductions;
import dev.gatun.tensor.Tensor;

/** Operations over flat buffers, in chunks of one size so that no result depends on the threads. */
final class FlatOps {
  /**
   * Elements of a chunk, 128 KiB of floats: with Adam's four streams a chunk stays within a core's
   * second-level cache, and it is some 10 us of work, well above the cost of handing it out.
   */
  static final int CHUNK = 32 * 1024;

  /** As in PyTorch's {@code clip_grad_norm_}. */
  private static final double CLIP_EPSILON = 1e-6;

  private final Team team;
  private final Team.Task dropoutTask = this::dropoutPart;
  private final Team.Task squaresTask = this::squaresPart;

  private long size;
  private long x;
  private long y;
  private double keep;
  private long seed;
  private long counterHigh;
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
}
