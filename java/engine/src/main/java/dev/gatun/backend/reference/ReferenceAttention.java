package dev.gatun.backend.reference;

import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.AttentionSpec.Score;
import dev.gatun.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Attention in plain loops. */
final class ReferenceAttention implements Attention {
  private final AttentionSpec spec;
  private final AttentionIo io;
  private final boolean additive;
  private final int width;
  private final int depth;

  /** Of one query, its scores or the gradients of its weights. */
  private final double[] each;

  ReferenceAttention(AttentionSpec spec, AttentionIo io) {
    this.spec = spec;
    this.io = io;
    additive = spec.score() == Score.ADDITIVE;
    width = io.width();
    depth = io.depth();
    each = new double[spec.maxKeys()];
  }

  private int length(int i, int tk) {
    return io.lengths() == null ? tk : (int) io.lengths().getLong(i);
  }

  /** Element k of a query; what v is multiplied with where there are none. */
  private double query(long row, int k) {
    return io.queries() == null ? 0 : io.queries().get(row * width + k);
  }

  private double vector(int k) {
    return Objects.requireNonNull(io.vector()).get(k);
  }

  private double hidden(long queryRow, long keyRow, int k) {
    return Math.tanh(query(queryRow, k) + io.keys().get(keyRow * width + k));
  }

  /** What a dot product multiplies a key with. */
  private double asked(long queryRow, int k) {
    return io.queries() == null ? vector(k) : query(queryRow, k);
  }

  private double score(long queryRow, long keyRow) {
    double sum = 0;
    for (int k = 0; k < width; k++) {
      sum +=
          additive
              ? vector(k) * hidden(queryRow, keyRow, k)
              : asked(queryRow, k) * io.keys().get(keyRow * width + k);
    }
    return spec.scale() * sum;
  }

  @Override
  public void forward(int tq, int tk, int n) {
    io.check(spec, tq, tk, n);
    for (int row = 0; row < tq * n; row++) {
      int i = row % n;
      int length = length(i, tk);
      double largest = Double.NEGATIVE_INFINITY;
      for (int s = 0; s < length; s++) {
        each[s] = score(row, (long) s * n + i);
        largest = Math.max(largest, each[s]);
      }
      double sum = 0;
      for (int s = 0; s < length; s++) {
        each[s] = Math.exp(each[s] - largest);
        sum += each[s];
      }
      for (int s = 0; s < tk; s++) {
        io.weights().set((long) row * tk + s, s < length ? each[s] / sum : 0);
      }
      for (int e = 0; e < depth; e++) {
        double total = 0;
        for (int s = 0; s < length; s++) {
          double weight = io.weights().get((long) row * tk + s);
          total += weight * io.values().get(((long) s * n + i) * depth + e);
        }
        io.context().set((long) row * depth + e, total);
      }
    }
  }

  @Override
  public void backward(int tq, int tk, int n) {
    io.check(spec, tq, tk, n);
    AttentionIo.Gradients d = io.given();
    zero(d.dQueries(), (long) tq * n * width);
    zero(d.dKeys(), (long) tk * n * width);
    zero(d.dValues(), (long) tk * n * depth);
    for (int row = 0; row < tq * n; row++) {
      int i = row % n;
      int length = length(i, tk);
      double mean = 0;
      for (int s = 0; s < length; s++) {
        long keyRow = (long) s * n + i;
        double weight = io.weights().get((long) row * tk + s);
        each[s] = 0;
        for (int e = 0; e < depth; e++) {
          double dc = d.dContext().get((long) row * depth + e);
          each[s] += dc * io.values().get(keyRow * depth + e);
          add(d.dValues(), keyRow * depth + e, weight * dc);
        }
        mean += weight * each[s];
      }
      for (int s = 0; s < length; s++) {
        double dScore = io.weights().get((long) row * tk + s) * (each[s] - mean);
        backward(d, row, (long) s * n + i, spec.scale() * dScore);
      }
    }
  }

  private void backward(AttentionIo.Gradients d, long queryRow, long keyRow, double g) {
    for (int k = 0; k < width; k++) {
      double key = io.keys().get(keyRow * width + k);
      if (additive) {
        double h = hidden(queryRow, keyRow, k);
        double inner = g * vector(k) * (1 - h * h);
        add(d.dVector(), k, g * h);
        add(d.dQueries(), queryRow * width + k, inner);
        add(d.dKeys(), keyRow * width + k, inner);
      } else {
        add(d.dKeys(), keyRow * width + k, g * asked(queryRow, k));
        if (io.queries() == null) {
          add(d.dVector(), k, g * key);
        } else {
          add(d.dQueries(), queryRow * width + k, g * key);
        }
      }
    }
  }

  private static void zero(@Nullable Tensor tensor, long size) {
    for (long i = 0; tensor != null && i < size; i++) {
      tensor.set(i, 0);
    }
  }

  private static void add(@Nullable Tensor to, long i, double value) {
    if (to != null) {
      to.set(i, to.get(i) + value);
    }
  }

  @Override
  public long bytes() {
    return 0;
  }

  @Override
  public void close() {}
}
