package dev.gatun.backend.reference;

import dev.gatun.backend.UnfoldIo;
import dev.gatun.backend.UnfoldSpec;
import dev.gatun.backend.Unfolding;

/** Windows over time in plain loops. */
final class ReferenceUnfolding implements Unfolding {
  private final UnfoldSpec spec;
  private final UnfoldIo io;
  private final int width;

  ReferenceUnfolding(UnfoldSpec spec, UnfoldIo io) {
    this.spec = spec;
    this.io = io;
    width = io.width();
  }

  private int length(int i, int t) {
    return io.lengths() == null ? t : (int) io.lengths().getLong(i);
  }

  @Override
  public void forward(int t, int n) {
    io.check(spec, t, n);
    int kernel = spec.kernel();
    for (int i = 0; i < n; i++) {
      int length = length(i, t);
      if (io.windows() != null) {
        io.windows().setLong(i, spec.windows(length));
      }
      for (int j = 0; j < spec.time(t); j++) {
        for (int at = 0; at < width * kernel; at++) {
          int s = j * spec.stride() - spec.left() + at % kernel;
          boolean valid = j < spec.windows(length) && s >= 0 && s < length;
          double value = valid ? io.x().get(((long) s * n + i) * width + at / kernel) : 0;
          io.columns().set(((long) j * n + i) * width * kernel + at, value);
        }
      }
    }
  }

  @Override
  public void backward(int t, int n) {
    io.check(spec, t, n);
    int kernel = spec.kernel();
    for (long i = 0; i < (long) t * n * width; i++) {
      io.gradientOut().set(i, 0);
    }
    for (int i = 0; i < n; i++) {
      int length = length(i, t);
      for (int j = 0; j < spec.windows(length); j++) {
        for (int at = 0; at < width * kernel; at++) {
          int s = j * spec.stride() - spec.left() + at % kernel;
          if (s >= 0 && s < length) {
            long to = ((long) s * n + i) * width + at / kernel;
            double d = io.gradientIn().get(((long) j * n + i) * width * kernel + at);
            io.gradientOut().set(to, io.gradientOut().get(to) + d);
          }
        }
      }
    }
  }
}
