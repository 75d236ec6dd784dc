package dev.gatun.tests.kernel;

import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Peak;
import dev.gatun.kernels.Reductions;
import java.util.Arrays;
import java.util.List;

/** {@link Elementwise}, {@link Reductions} and {@link Peak}, for every size from 1 to 70. */
final class ElementwiseChecks {
  private ElementwiseChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("fill, copy, add, scale, axpy, multiply", ElementwiseChecks::flat),
        new Check("bias and column sum", ElementwiseChecks::columns),
        new Check("gather and scatter", ElementwiseChecks::embedding),
        new Check("sum of squares", ElementwiseChecks::sumOfSquares),
        new Check("dot product", ElementwiseChecks::dot),
        new Check("first non-finite", ElementwiseChecks::firstNonFinite),
        new Check("peak figures", ElementwiseChecks::peak));
  }

  private static void flat(Buffers b) {
    for (int n = 1; n <= 70; n++) {
      long x = b.random(n, 2);
      long y = b.random(n, 2);
      long z = b.floats(n);
      float[] xs = Buffers.read(x, n);
      float[] ys = Buffers.read(y, n);
      Elementwise.fill(n, z, 2.5f);
      Elementwise.add(n, x, z);
      for (int i = 0; i < n; i++) {
        Check.near(2.5f + xs[i], Buffers.get(z, i), 0, "fill and add");
      }
      Elementwise.copy(n, y, z);
      Elementwise.axpy(n, 0.75f, x, z);
      Elementwise.scale(n, -3f, z);
      Elementwise.multiply(n, y, z);
      for (int i = 0; i < n; i++) {
        float expected = Math.fma(0.75f, xs[i], ys[i]) * -3f * ys[i];
        Check.near(expected, Buffers.get(z, i), 0, "copy, axpy, scale, multiply");
      }
    }
  }

  private static void columns(Buffers b) {
    for (int cols = 1; cols <= 70; cols++) {
      int rows = 1 + cols % 9;
      int stride = cols + 3;
      long x = b.random(rows * stride, 1);
      long bias = b.random(cols, 1);
      long sum = b.random(cols, 1);
      float[] before = Buffers.read(x, rows * stride);
      float[] expected = Buffers.read(sum, cols);
      Elementwise.addBias(rows, cols, x, stride, bias);
      for (int r = 0; r < rows; r++) {
        for (int j = 0; j < stride; j++) {
          float want = before[r * stride + j] + (j < cols ? Buffers.get(bias, j) : 0);
          Check.near(want, Buffers.get(x, r * stride + j), 0, "bias of row " + r);
          if (j < cols) {
            expected[j] += want;
          }
        }
      }
      long parts = b.floats(Buffers.read(sum, cols));
      Elementwise.columnSum(rows, cols, x, stride, sum);
      Check.that(Arrays.equals(expected, Buffers.read(sum, cols)), "column sum of " + cols);
      int cut = cols / 3;
      Elementwise.columnSum(rows, cut, x, stride, parts);
      Elementwise.columnSum(rows, cols - cut, x + 4L * cut, stride, parts + 4L * cut);
      Check.that(Arrays.equals(expected, Buffers.read(parts, cols)), "column sum in two parts");
    }
  }

  private static void embedding(Buffers b) {
    int[] ids = {3, 0, -1, 3, 2, 3};
    for (int cols = 1; cols <= 70; cols++) {
      int stride = cols + 2;
      long at = b.ints(ids);
      long table = b.random(4 * cols, 1);
      long y = b.floats(ids.length * stride);
      Elementwise.gatherRows(ids.length, at, cols, table, y, stride);
      long dTable = b.random(4 * cols, 1);
      float[] expected = Buffers.read(dTable, 4 * cols);
      for (int i = 0; i < ids.length; i++) {
        for (int j = 0; j < cols; j++) {
          float want = ids[i] < 0 ? 0 : Buffers.get(table, ids[i] * cols + j);
          Check.near(want, Buffers.get(y, i * stride + j), 0, "row " + i);
          if (ids[i] >= 0) {
            expected[ids[i] * cols + j] += want;
          }
        }
      }
      int cut = cols / 2;
      Elementwise.scatterAddRows(ids.length, at, cols, 0, cut, y, stride, dTable, -1);
      Elementwise.scatterAddRows(ids.length, at, cols, cut, cols, y, stride, dTable, -1);
      Check.that(Arrays.equals(expected, Buffers.read(dTable, 4 * cols)), "scatter of " + cols);
    }
  }

  private static void sumOfSquares(Buffers b) {
    for (int n = 0; n <= 300; n++) {
      long x = b.random(n, 1e20f);
      double expected = 0;
      for (int i = 0; i < n; i++) {
        expected += (double) Buffers.get(x, i) * Buffers.get(x, i);
      }
      Check.near(expected, Reductions.sumOfSquares(n, x), 1e-14 * expected, "of " + n);
    }
    long bad = b.floats(new float[] {1, Float.NaN, 2});
    Check.near(Double.NaN, Reductions.sumOfSquares(3, bad), 0, "with NaN");
  }

  private static void dot(Buffers b) {
    for (int n = 0; n <= 150; n++) {
      long x = b.random(n, 1);
      long y = b.random(n, 1);
      double expected = 0;
      double size = 0;
      for (int i = 0; i < n; i++) {
        double product = (double) Buffers.get(x, i) * Buffers.get(y, i);
        expected += product;
        size += Math.abs(product);
      }
      Check.near(expected, Reductions.dot(n, x, y), 1e-6 * size, "of " + n);
    }
  }

  private static void firstNonFinite(Buffers b) {
    float[] bad = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
    for (int n = 1; n <= 150; n++) {
      long x = b.floats(new float[n]);
      Elementwise.fill(n, x, Float.MAX_VALUE);
      Check.that(Reductions.firstNonFinite(n, x) == -1, "none in " + n);
      int first = n * 7 / 11;
      Buffers.set(x, n - 1, bad[n % 3]);
      Buffers.set(x, first, bad[(n + 1) % 3]);
      Check.that(Reductions.firstNonFinite(n, x) == first, first + " in " + n);
    }
  }

  private static void peak(Buffers b) {
    double gflops = Peak.fmaGflops(0.02);
    Check.that(gflops > 0 && gflops < 1e5, "peak of " + gflops + " GFLOP/s");
    double speed = Peak.readGBps(b.floats(4096), 4 * 4096, 0.02);
    Check.that(speed > 0 && speed < 1e5, "reading at " + speed + " GB/s");
  }
}
