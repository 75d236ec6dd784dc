package dev.gatun.backend.cpu;

import dev.gatun.backend.PoolingIo;
import dev.gatun.backend.RowPooling;
import dev.gatun.kernels.TimePooling;
import dev.gatun.tensor.Usage;

/** Pooling over time; a sequence is a part. */
final class CpuPooling implements RowPooling {
  private final Team team;
  private final Usage usage;
  private final PoolingIo io;
  private final int width;
  private final Team.Task forwardTask = this::forwardPart;
  private final Team.Task backwardTask = this::backwardPart;
  private int t;
  private int n;

  CpuPooling(Team team, Usage usage, PoolingIo io) {
    this.team = team;
    this.usage = usage;
    this.io = io;
    width = io.width();
  }

  @Override
  public void forward(int steps, int sequences) {
    run(steps, sequences, forwardTask);
  }

  @Override
  public void backward(int steps, int sequences) {
    io.gradientOut();
    run(steps, sequences, backwardTask);
  }

  private void run(int steps, int sequences, Team.Task task) {
    io.check(steps, sequences);
    usage.check();
    t = steps;
    n = sequences;
    team.run(n, task);
  }

  private int length(int i) {
    return io.lengths() == null ? t : (int) io.lengths().getLong(i);
  }

  private void forwardPart(int i) {
    long at = 4L * i * width;
    long stride = (long) n * width;
    long x = io.x().address() + at;
    long y = io.y().address() + at;
    if (io.chosen() == null) {
      TimePooling.mean(length(i), width, x, stride, y);
    } else {
      TimePooling.max(length(i), width, x, stride, y, io.chosen().address() + at);
    }
  }

  private void backwardPart(int i) {
    long at = 4L * i * width;
    long stride = (long) n * width;
    long dy = io.gradientIn().address() + at;
    long dx = io.gradientOut().address() + at;
    if (io.chosen() == null) {
      TimePooling.meanBackward(length(i), t, width, dy, dx, stride);
    } else {
      TimePooling.maxBackward(t, width, dy, io.chosen().address() + at, dx, stride);
    }
  }
}
