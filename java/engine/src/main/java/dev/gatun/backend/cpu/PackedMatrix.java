package dev.gatun.backend.cpu;

import dev.gatun.backend.WeightType;
import dev.gatun.kernels.Elementwise;
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

  /** [N] what a product that is not added to anything starts from. */
  private final long zeros;

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
    zeros = workspace.real(n).address();
  }

  /** The address of N zeros. */
  long zeros() {
    return zeros;
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

  /**
   * C_i [N] = A_i [K]·B, added to C_i if {@code add}, for the first rows of a and c, the columns of
   * one chunk only. Chunks are whole panels, and some may be empty.
   */
  void multiply(int rows, long[] a, long[] c, int chunk, int chunks, boolean add) {
    multiply(rows, a, c, add ? 0 : zeros, chunk, chunks);
  }

  /**
   * C_i [N] = start [N] + A_i [K]·B, likewise.
   *
   * @param start its address; 0: what C_i holds
   */
  void multiply(int rows, long[] a, long[] c, long start, int chunk, int chunks) {
    int from = panel(chunk, chunks);
    int to = panel(chunk + 1, chunks);
    if (type == WeightType.FLOAT32) {
      PackedGemm.multiply(rows, a, 0, panels, start, c, 0, k, n, from, to);
      return;
    }
    if (start != 0) {
      int first = Math.min(n, from * PackedGemm.panelColumns());
      int end = Math.min(n, to * PackedGemm.panelColumns());
      for (int i = 0; i < rows; i++) {
        Elementwise.copy(end - first, start + 4L * first, c[i] + 4L * first);
      }
    }
    if (type == WeightType.BFLOAT16) {
      RoundedGemm.multiplyBfloat16(rows, a, panels, c, k, n, from, to, true);
    } else {
      RoundedGemm.multiplyInt8(rows, a, panels, scales, c, k, n, from, to, true);
    }
  }

  private int panel(int chunk, int chunks) {
    return (int) ((long) PackedGemm.panels(n) * chunk / chunks);
  }
}
