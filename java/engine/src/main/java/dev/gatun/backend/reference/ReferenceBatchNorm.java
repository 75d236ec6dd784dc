package dev.gatun.backend.reference;

import dev.gatun.backend.BatchNormIo;
import dev.gatun.backend.BatchNormalization;

/** Batch normalisation in plain loops. */
final class ReferenceBatchNorm implements BatchNormalization {
  private final double epsilon;
  private final double momentum;
  private final BatchNormIo io;
  private final int width;

  ReferenceBatchNorm(double epsilon, double momentum, BatchNormIo io) {
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.io = io;
    width = io.width();
  }

  private boolean valid(long row, int n) {
    return io.lengths() == null || row / n < io.lengths().getLong(row % n);
  }

  private long count(int t, int n) {
    long count = 0;
    for (long row = 0; row < (long) t * n; row++) {
      count += valid(row, n) ? 1 : 0;
    }
    return count;
  }

  @Override
  public void forward(int t, int n) {
    io.check(t, n);
    for (int c = 0; c < width; c++) {
      double mean = io.mean().get(c);
      double variance = io.variance().get(c);
      if (io.gradients() != null) {
        long count = count(t, n);
        mean = mean(t, n, c, count);
        variance = variance(t, n, c, mean, count);
        move(c, mean, variance, count);
      }
      double inverse = 1 / Math.sqrt(variance + epsilon);
      io.scratch().set(c, mean);
      io.scratch().set(width + c, inverse);
      for (long row = 0; row < (long) t * n; row++) {
        double normal = (io.x().get(row * width + c) - mean) * inverse;
        double y = normal * io.scale().get(c) + io.shift().get(c);
        io.y().set(row * width + c, valid(row, n) ? y : 0);
      }
    }
  }

  private double mean(int t, int n, int c, long count) {
    double sum = 0;
    for (long row = 0; row < (long) t * n; row++) {
      sum += valid(row, n) ? io.x().get(row * width + c) : 0;
    }
    return count == 0 ? 0 : sum / count;
  }

  private double variance(int t, int n, int c, double mean, long count) {
    double sum = 0;
    for (long row = 0; row < (long) t * n; row++) {
      double d = io.x().get(row * width + c) - mean;
      sum += valid(row, n) ? d * d : 0;
    }
    return count == 0 ? 0 : sum / count;
  }

  private void move(int c, double mean, double variance, long count) {
    if (count > 1 && Double.isFinite(mean) && Double.isFinite(variance)) {
      double unbiased = variance * count / (count - 1);
      io.mean().set(c, (1 - momentum) * io.mean().get(c) + momentum * mean);
      io.variance().set(c, (1 - momentum) * io.variance().get(c) + momentum * unbiased);
    }
  }

  @Override
  public void backward(int t, int n) {
    io.check(t, n);
    BatchNormIo.Gradients d = io.given();
    long count = count(t, n);
    for (int c = 0; c < width; c++) {
      double mean = io.scratch().get(c);
      double inverse = io.scratch().get(width + c);
      double sum = 0;
      double dot = 0;
      for (long row = 0; row < (long) t * n; row++) {
        if (valid(row, n)) {
          double dy = d.dy().get(row * width + c);
          sum += dy;
          dot += dy * (io.x().get(row * width + c) - mean) * inverse;
        }
      }
      d.dShift().set(c, d.dShift().get(c) + sum);
      d.dScale().set(c, d.dScale().get(c) + dot);
      for (long row = 0; d.dx() != null && row < (long) t * n; row++) {
        double normal = (io.x().get(row * width + c) - mean) * inverse;
        double centred = d.dy().get(row * width + c) - (sum + normal * dot) / count;
        d.dx().set(row * width + c, valid(row, n) ? io.scale().get(c) * inverse * centred : 0);
      }
    }
  }
}
