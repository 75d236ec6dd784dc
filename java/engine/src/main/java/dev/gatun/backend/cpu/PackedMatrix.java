package dev.gatun.backend.cpu;

import dev.gatun.backend.WeightType;
import dev.gatun.kernels.PackedGemm;
import dev.gatun.kernels.RoundedGemm;
import dev.gatun.tensor.Workspace;

/**
 * A matrix B [K, N] packed for products A·B with rows given by address. Written by the pack methods
 * only; any number of threads multiply by it.
 */
final class PackedMatrix {
  private final int k;
  private final int n;
  private final WeightType type;
  private final long panels;

  /** [N] what a step of an INT8 column is worth; 0 for the other types. */
  private final long scales;

  PackedMatrix(Workspace workspace, int k, int n, WeightType type) {
    this.k = k;
    this.n = n;
    this.type = type;
    long floats = PackedGemm.packedFloats(k, n);
    panels =
        switch (type) {
          case FLOAT32 -> workspace.real(floats).address();
          case BFLOAT16 -> workspace.real(floats / 2).address();
          case INT8 -> workspace.real(floats / 4).address();
        };
    scales = type == WeightType.INT8 ? workspace.real(n).address() : 0;
  }

  /** Packs B = W' of W [N, K] at an address: a state times W'. */
  void packTransposed(long weight) {
    switch (type) {
      case FLOAT32 -> PackedGemm.pack(weight, 1, k, k, n, panels);
      case BFLOAT16 -> RoundedGemm.packBfloat16(weight, k, n, panels);
      case INT8 -> RoundedGemm.packInt8(weight, k, n, panels, scales);
    }
  }

  /** Packs B = W [K, N] at an address, FLOAT32: gradients times W. */
  void packPlain(long weight) {
    PackedGemm.pack(weight, n, 1, k, n, panels);
  }

  /** C_i [N] += A_i [K]·B for the first rows of a and c. */
  void multiplyAdd(int rows, long[] a, long[] c) {
    multiply(rows, a, c, 0, panels(), true);
  }

  /** C_i [N] = A_i [K]·B for the first rows of a and c. */
  void multiplySet(int rows, long[] a, long[] c) {
    multiply(rows, a, c, 0, panels(), false);
  }

  /** The same for the columns of panels from to to-1 only. */
  void multiply(int rows, long[] a, long[] c, int from, int to, boolean add) {
    switch (type) {
      case FLOAT32 -> PackedGemm.multiply(rows, a, 0, panels, c, 0, k, n, from, to, add);
      case BFLOAT16 -> RoundedGemm.multiplyBfloat16(rows, a, panels, c, k, n, from, to, add);
      case INT8 -> RoundedGemm.multiplyInt8(rows, a, panels, scales, c, k, n, from, to, add);
    }
  }

  /** Panels of all columns. */
  int panels() {
    return PackedGemm.panels(n);
  }
}
