package dev.gatun.backend.reference;

import dev.gatun.backend.PoolingIo;
import dev.gatun.backend.PoolingKind;
import dev.gatun.backend.RowPooling;

/** Pooling over time in plain loops. */
final class ReferencePooling implements RowPooling {
  private final PoolingKind kind;
  private final PoolingIo io;

  ReferencePooling(PoolingKind kind, PoolingIo io) {
    this.kind = kind;
    this.io = io;
  }

  private int length(int i, int t) {
    return io.lengths() == null ? t : (int) io.lengths().getLong(i);
  }

  @Override
  public void forward(int t, int n) {
    io.check(t, n);
    int width = io.width();
    for (int at = 0; at < n * width; at++) {
      int length = length(at / width, t);
      double sum = 0;
      int best = -1;
      for (int s = 0; s < length; s++) {
        double x = io.x().get((long) s * n * width + at);
        sum += x;
        if (best < 0 || x > io.x().get((long) best * n * width + at) || Double.isNaN(x)) {
          best = s;
        }
      }
      if (io.chosen() != null) {
        io.chosen().setLong(at, best);
      }
      double largest = best < 0 ? 0 : io.x().get((long) best * n * width + at);
      double mean = length == 0 ? 0 : sum / length;
      io.y().set(at, kind == PoolingKind.MAX ? largest : mean);
    }
  }

  @Override
  public void backward(int t, int n) {
    io.check(t, n);
    int width = io.width();
    for (int at = 0; at < n * width; at++) {
      int length = length(at / width, t);
      double dy = io.gradientIn().get(at);
      for (int s = 0; s < t; s++) {
        boolean chosen = io.chosen() == null ? s < length : s == io.chosen().getLong(at);
        double share = io.chosen() == null ? dy / length : dy;
        io.gradientOut().set((long) s * n * width + at, chosen ? share : 0);
      }
    }
  }
}
