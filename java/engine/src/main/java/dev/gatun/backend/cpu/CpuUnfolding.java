package dev.gatun.backend.cpu;

import dev.gatun.backend.UnfoldIo;
import dev.gatun.backend.UnfoldSpec;
import dev.gatun.backend.Unfolding;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Windows;
import dev.gatun.tensor.Usage;

/** Windows over time; a sequence is a part. */
final class CpuUnfolding implements Unfolding {
  private final Team team;
  private final Usage usage;
  private final UnfoldSpec spec;
  private final UnfoldIo io;
  private final int width;
  private final Team.Task forwardTask = this::forwardPart;
  private final Team.Task backwardTask = this::backwardPart;
  private int t;
  private int n;

  CpuUnfolding(Team team, Usage usage, UnfoldSpec spec, UnfoldIo io) {
    this.team = team;
    this.usage = usage;
    this.spec = spec;
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
    io.check(spec, steps, sequences);
    usage.check();
    t = steps;
    n = sequences;
    team.run(n, task);
  }

  private int length(int i) {
    return io.lengths() == null ? t : (int) io.lengths().getLong(i);
  }

  private void forwardPart(int i) {
    int length = length(i);
    int windows = spec.windows(length);
    if (io.windows() != null) {
      io.windows().setLong(i, windows);
    }
    int columns = width * spec.kernel();
    long x = io.x().address() + 4L * i * width;
    long stride = (long) n * width;
    for (int j = 0; j < spec.time(t); j++) {
      long to = io.columns().address() + 4 * ((long) j * n + i) * columns;
      if (j < windows) {
        int first = j * spec.stride() - spec.left();
        Windows.copy(first, spec.kernel(), length, width, x, stride, to);
      } else {
        Elementwise.fill(columns, to, 0f);
      }
    }
  }

  private void backwardPart(int i) {
    int length = length(i);
    long dx = io.gradientOut().address() + 4L * i * width;
    long stride = (long) n * width;
    for (int s = 0; s < t; s++) {
      Elementwise.fill(width, dx + 4 * stride * s, 0f);
    }
    int columns = width * spec.kernel();
    for (int j = 0; j < spec.windows(length); j++) {
      long from = io.gradientIn().address() + 4 * ((long) j * n + i) * columns;
      int first = j * spec.stride() - spec.left();
      Windows.add(first, spec.kernel(), length, width, from, dx, stride);
    }
  }
}
