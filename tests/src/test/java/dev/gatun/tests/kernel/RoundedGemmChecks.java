package dev.gatun.tests.kernel;

import dev.gatun.backend.WeightType;
import dev.gatun.kernels.PackedGemm;
import dev.gatun.kernels.RoundedGemm;
import java.util.Arrays;
import java.util.List;

/** {@link RoundedGemm} against products with the rounded weights, and its bits by rows. */
final class RoundedGemmChecks {
  private RoundedGemmChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("bfloat16 product", b -> sizes(b, WeightType.BFLOAT16)),
        new Check("int8 product", b -> sizes(b, WeightType.INT8)),
        new Check("bfloat16 product bits by rows", b -> rows(b, WeightType.BFLOAT16)),
        new Check("int8 product bits by rows", b -> rows(b, WeightType.INT8)),
        new Check("int8 row of zeros", RoundedGemmChecks::zeros));
  }

  private static void sizes(Buffers b, WeightType type) {
    for (int n = 1; n <= 150; n += 3) {
      compare(b, type, 1 + n % 10, 1 + (n * 7) % 19, n);
    }
    compare(b, type, 1, 133, 4 * PackedGemm.panelColumns() + 5);
    compare(b, type, 9, 64, 2 * PackedGemm.panelColumns());
  }

  private static void compare(Buffers b, WeightType type, int rows, int k, int n) {
    long weights = b.random(n * k, 1);
    Packed packed = new Packed(b, type, weights, k, n);
    long[] a = rowsOf(b, rows, k);
    long[] added = rowsOf(b, rows, n);
    float[][] old = new float[rows][];
    long[] set = new long[rows];
    for (int i = 0; i < rows; i++) {
      set[i] = b.floats(n);
      old[i] = Buffers.read(added[i], n);
    }
    packed.multiply(rows, a, set, false);
    packed.multiply(rows, a, added, true);
    // As for PackedGemm: k roundings of sums below sqrt(k) or so.
    double tolerance = 1e-6 * (1 + Math.sqrt(k));
    for (int j = 0; j < n; j++) {
      float[] row = Buffers.read(weights + 4L * j * k, k);
      float largest = 0;
      for (float w : row) {
        largest = Math.max(largest, Math.abs(w));
      }
      float scale = WeightType.int8Scale(largest);
      for (int i = 0; i < rows; i++) {
        double expected = 0;
        for (int p = 0; p < k; p++) {
          double w =
              type == WeightType.INT8
                  ? (double) scale * WeightType.toInt8(row[p], scale)
                  : WeightType.fromBfloat16(WeightType.toBfloat16(row[p]));
          expected += w * Buffers.get(a[i], p);
        }
        String what = type + " " + rows + "x" + k + "x" + n + " [" + i + "," + j + "]";
        Check.near(expected, Buffers.get(set[i], j), tolerance, "set " + what);
        Check.near(old[i][j] + expected, Buffers.get(added[i], j), tolerance, "add " + what);
      }
    }
  }

  private static void rows(Buffers b, WeightType type) {
    int rows = 9;
    int k = 61;
    int n = 3 * PackedGemm.panelColumns() + 21;
    Packed packed = new Packed(b, type, b.random(n * k, 1), k, n);
    long[] a = rowsOf(b, rows, k);
    long[] together = rowsOf(b, rows, n);
    packed.multiply(rows, a, together, false);
    for (int i = 0; i < rows; i++) {
      long[] alone = {b.floats(n)};
      packed.multiply(1, new long[] {a[i]}, alone, false);
      Check.that(
          Arrays.equals(Buffers.read(together[i], n), Buffers.read(alone[0], n)),
          type + ": row " + i + " has other bits alone");
    }
  }

  private static void zeros(Buffers b) {
    long weights = b.random(2 * 5, 0);
    Packed packed = new Packed(b, WeightType.INT8, weights, 5, 2);
    long[] c = {b.random(2, 1)};
    packed.multiply(1, new long[] {b.random(5, 1)}, c, false);
    Check.that(Arrays.equals(new float[2], Buffers.read(c[0], 2)), "0 * x is not 0");
  }

  private static long[] rowsOf(Buffers b, int rows, int width) {
    long[] addresses = new long[rows];
    for (int i = 0; i < rows; i++) {
      addresses[i] = b.random(width, 1);
    }
    return addresses;
  }

  private static final class Packed {
    private final WeightType type;
    private final int k;
    private final int n;
    private final long panels;
    private final long scales;

    Packed(Buffers b, WeightType type, long weights, int k, int n) {
      this.type = type;
      this.k = k;
      this.n = n;
      int floats = (int) PackedGemm.packedFloats(k, n);
      panels = b.floats(floats / (type == WeightType.INT8 ? 4 : 2));
      scales = b.floats(n);
      if (type == WeightType.INT8) {
        RoundedGemm.packInt8(weights, k, n, panels, scales);
      } else {
        RoundedGemm.packBfloat16(weights, k, n, panels);
      }
    }

    void multiply(int rows, long[] a, long[] c, boolean add) {
      int all = PackedGemm.panels(n);
      if (type == WeightType.INT8) {
        RoundedGemm.multiplyInt8(rows, a, panels, scales, c, k, n, 0, all, add);
      } else {
        RoundedGemm.multiplyBfloat16(rows, a, panels, c, k, n, 0, all, add);
      }
    }
  }
}
