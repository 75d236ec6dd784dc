package dev.gatun.tests.kernel;

import dev.gatun.kernels.PackedGemm;
import java.util.Arrays;
import java.util.List;

/** {@link PackedGemm} against a scalar product, and its bits against other splits of the work. */
final class GemmChecks {
  private GemmChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("packed product of small sizes", GemmChecks::small),
        new Check("packed product, both ways of packing", GemmChecks::layouts),
        new Check("packed product bits by rows and panels", GemmChecks::splits));
  }

  private static void small(Buffers b) {
    for (int n = 1; n <= 70; n++) {
      int rows = 1 + n % 13;
      int k = 1 + (n * 7) % 19;
      compare(b, rows, k, n, n, 1);
      compare(b, rows, k, n, 1, k);
    }
    compare(b, 1, 5, 300, 1, 5);
    compare(b, 23, 0, 30, 30, 1);
  }

  private static void layouts(Buffers b) {
    compare(b, 25, 133, 257, 257, 1);
    compare(b, 25, 133, 257, 1, 133);
    compare(b, 4, 40, 70, 80, 1);
  }

  private static void compare(Buffers b, int rows, int k, int n, int rowStride, int colStride) {
    int size = Math.max(1, (k == 0 ? 0 : (k - 1) * rowStride + (n - 1) * colStride + 1));
    long weights = b.random(size, 1);
    long packed = b.floats((int) PackedGemm.packedFloats(k, n));
    PackedGemm.pack(weights, rowStride, colStride, k, n, packed);
    long[] a = new long[rows];
    long[] added = new long[rows];
    long[] set = new long[rows];
    double[][] expected = new double[rows][n];
    double[][] old = new double[rows][n];
    for (int i = 0; i < rows; i++) {
      a[i] = b.random(k, 1);
      added[i] = b.random(n, 1);
      set[i] = b.floats(n);
      for (int j = 0; j < n; j++) {
        old[i][j] = Buffers.get(added[i], j);
        for (int p = 0; p < k; p++) {
          expected[i][j] +=
              (double) Buffers.get(a[i], p) * Buffers.get(weights, p * rowStride + j * colStride);
        }
      }
    }
    long start = b.random(n, 1);
    PackedGemm.multiply(rows, a, 0, packed, 0, added, 0, k, n);
    PackedGemm.multiply(rows, a, 0, packed, start, set, 0, k, n);
    // Terms below 1: each of k additions rounds a sum below sqrt(k) or so.
    double tolerance = 1e-6 * (1 + Math.sqrt(k));
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < n; j++) {
        String what = rows + "x" + k + "x" + n + " [" + i + "," + j + "]";
        double started = Buffers.get(start, j) + expected[i][j];
        Check.near(started, Buffers.get(set[i], j), tolerance, "start " + what);
        Check.near(old[i][j] + expected[i][j], Buffers.get(added[i], j), tolerance, "add " + what);
      }
    }
  }

  private static void splits(Buffers b) {
    int rows = 17;
    int k = 61;
    int n = 3 * PackedGemm.panelColumns() + 21;
    long weights = b.random(k * n, 1);
    long packed = b.floats((int) PackedGemm.packedFloats(k, n));
    PackedGemm.pack(weights, n, 1, k, n, packed);
    long start = b.random(n, 1);
    long a0 = b.random(rows * k, 1);
    long[] a = new long[rows];
    for (int i = 0; i < rows; i++) {
      a[i] = a0 + 4L * i * k;
    }
    float[][] whole = null;
    for (int part = 1; part <= rows; part++) {
      long[] c = new long[rows];
      for (int i = 0; i < rows; i++) {
        c[i] = b.floats(n);
      }
      for (int from = 0; from < rows; from += part) {
        int some = Math.min(part, rows - from);
        int middle = part % 4;
        PackedGemm.multiply(some, a, from, packed, start, c, from, k, n, 0, middle);
        PackedGemm.multiply(
            some, a, from, packed, start, c, from, k, n, middle, PackedGemm.panels(n));
      }
      float[][] got = new float[rows][];
      for (int i = 0; i < rows; i++) {
        got[i] = Buffers.read(c[i], n);
      }
      whole = whole == null ? got : whole;
      Check.that(Arrays.deepEquals(whole, got), "other bits in parts of " + part + " rows");
    }
  }
}
