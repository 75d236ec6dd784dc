package dev.gatun.backend.cpu;

import dev.gatun.backend.BatchNormIo;
import dev.gatun.backend.BatchNormalization;
import dev.gatun.kernels.BatchNorm;
import dev.gatun.kernels.Elementwise;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;

/** Batch normalisation; some columns are a part. */
final class CpuBatchNorm implements BatchNormalization {
  /** Columns of a part: whole vectors of any width. */
  private static final int COLUMNS = 64;

  private final Team team;
  private final Usage usage;
  private final double epsilon;
  private final double momentum;
  private final BatchNormIo io;
  private final int width;
  private final Team.Task forwardTask = this::forwardPart;
  private final Team.Task backwardTask = this::backwardPart;
  private int t;
  private int n;
  private long count;

  CpuBatchNorm(Team team, Usage usage, double epsilon, double momentum, BatchNormIo io) {
    this.team = team;
    this.usage = usage;
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.io = io;
    width = io.width();
  }

  @Override
  public void forward(int steps, int sequences) {
    run(steps, sequences, forwardTask);
  }

  @Override
  public void backward(int steps, int sequences) {
    io.given();
    run(steps, sequences, backwardTask);
  }

  private void run(int steps, int sequences, Team.Task task) {
    io.check(steps, sequences);
    usage.check();
    t = steps;
    n = sequences;
    count = BatchNorm.count(t, n, lengths());
    team.run(Math.ceilDiv(width, COLUMNS), task);
  }

  private long lengths() {
    return io.lengths() == null ? 0 : io.lengths().address();
  }

  /** A part's columns in a row of the scratch. */
  private long scratch(int row, int from) {
    return io.scratch().address() + 4 * ((long) row * width + from);
  }

  private void forwardPart(int part) {
    int from = part * COLUMNS;
    int cols = Math.min(COLUMNS, width - from);
    long at = 4L * from;
    long x = io.x().address() + at;
    long mean = scratch(0, from);
    long inverse = scratch(1, from);
    long runningMean = io.mean().address() + at;
    long runningVariance = io.variance().address() + at;
    if (io.gradients() == null) {
      Elementwise.copy(cols, runningMean, mean);
      BatchNorm.inverse(cols, epsilon, runningVariance, inverse);
    } else if (count > 0) {
      BatchNorm.moments(t, n, cols, width, count, x, lengths(), mean, inverse);
      BatchNorm.move(cols, momentum, count, mean, inverse, runningMean, runningVariance);
      BatchNorm.inverse(cols, epsilon, inverse, inverse);
    }
    BatchNorm.normalize(
        t,
        n,
        cols,
        width,
        x,
        lengths(),
        mean,
        inverse,
        io.scale().address() + at,
        io.shift().address() + at,
        io.y().address() + at);
  }

  private void backwardPart(int part) {
    int from = part * COLUMNS;
    int cols = Math.min(COLUMNS, width - from);
    long at = 4L * from;
    BatchNormIo.Gradients d = io.given();
    long x = io.x().address() + at;
    long dy = d.dy().address() + at;
    long mean = scratch(0, from);
    long inverse = scratch(1, from);
    long sum = scratch(2, from);
    long dot = scratch(3, from);
    BatchNorm.sums(t, n, cols, width, x, dy, lengths(), mean, inverse, sum, dot);
    Elementwise.add(cols, sum, d.dShift().address() + at);
    Elementwise.add(cols, dot, d.dScale().address() + at);
    Tensor dx = d.dx();
    if (dx != null) {
      long scale = io.scale().address() + at;
      long to = dx.address() + at;
      long valid = Math.max(1, count);
      BatchNorm.backward(
          t, n, cols, width, valid, x, dy, lengths(), mean, inverse, scale, sum, dot, to);
    }
  }
}
