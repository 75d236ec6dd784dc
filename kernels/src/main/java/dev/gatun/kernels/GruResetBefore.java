package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ONE;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The GRU cell with the reset gate before the recurrent product (Cho et al. 2014, the default of
 * ONNX), on one row of H units: n = tanh(W_n x + b_Wn + R_n (r·h) + b_Rn). Gate blocks are in the
 * order r, z, n, each H long. All arguments but H are addresses of float32 rows.
 *
 * <p>A forward step is {@link #forwardGates}, then the product of rh with R_n into the n block of
 * gh, then {@link #forwardState}. A backward step is {@link #backwardState}, then dRh = dG_n·R_n,
 * then {@link #backwardReset}; the caller then adds dG_r·R_r + dG_z·R_z to dhPrev. One dG serves
 * both sides, because every pre-activation is a plain sum of its two parts.
 */
public final class GruResetBefore {
  private GruResetBefore() {}

  /**
   * r, z and r·h.
   *
   * @param h H, units
   * @param gx [3H], in: W x + b_W; out: the activations r and z in the first two blocks
   * @param gh [3H], R h + b_R in the first two blocks; the third is not read
   * @param hPrev [H], h of the step before
   * @param rh [H], out: r·hPrev
   */
  public static void forwardGates(int h, long gx, long gh, long hPrev, long rh) {
    Elementwise.add(2L * h, gh, gx);
    Activations.sigmoid(2L * h, gx, gx);
    Elementwise.product(h, gx, hPrev, rh);
  }

  /**
   * n and h' = n + z·(h - n), which is (1 - z)·n + z·h.
   *
   * @param h H, units
   * @param gx [3H], in: r, z and the pre-activation of n; out: the activation n in the third block
   * @param gh [3H], R_n (r·h) + b_Rn in the third block; the others are not read
   * @param hPrev [H], h of the step before
   * @param hOut [H], out; may be {@code hPrev}
   */
  public static void forwardState(int h, long gx, long gh, long hPrev, long hOut) {
    long block = 4L * h;
    long candidates = gx + 2 * block;
    Elementwise.add(h, gh + 2 * block, candidates);
    Activations.tanh(h, candidates, candidates);
    Gru.state(h, gx + block, candidates, hPrev, hOut);
  }

  /**
   * The gradients that do not pass the reset gate; called first.
   *
   * @param h H, units
   * @param gx [3H], the activations r, z, n that forward left
   * @param hPrev [H], as given to forward
   * @param dh [H], dL/dh of this step
   * @param dG [3H], out: dL/d(pre-activation) of z and n in the last two blocks, the first is left;
   *     may be {@code gx}
   * @param dhPrev [H], out: dh·z; may be {@code dh}
   */
  public static void backwardState(int h, long gx, long hPrev, long dh, long dG, long dhPrev) {
    long block = 4L * h;
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector z = fromMemorySegment(F, ALL, gx + block + o, ORDER);
      FloatVector n = fromMemorySegment(F, ALL, gx + 2 * block + o, ORDER);
      FloatVector previous = fromMemorySegment(F, ALL, hPrev + o, ORDER);
      FloatVector d = fromMemorySegment(F, ALL, dh + o, ORDER);
      FloatVector dz = ONE.sub(z).mul(z).mul(d.mul(previous.sub(n)));
      FloatVector dn = n.neg().fma(n, ONE).mul(d.mul(ONE.sub(z)));
      dz.intoMemorySegment(ALL, dG + block + o, ORDER);
      dn.intoMemorySegment(ALL, dG + 2 * block + o, ORDER);
      d.mul(z).intoMemorySegment(ALL, dhPrev + o, ORDER);
    }
    if (u < h) {
      VectorMask<Float> m = F.indexInRange(0L, h - u);
      long o = 4L * u;
      FloatVector z = fromMemorySegment(F, ALL, gx + block + o, ORDER, m);
      FloatVector n = fromMemorySegment(F, ALL, gx + 2 * block + o, ORDER, m);
      FloatVector previous = fromMemorySegment(F, ALL, hPrev + o, ORDER, m);
      FloatVector d = fromMemorySegment(F, ALL, dh + o, ORDER, m);
      FloatVector dz = ONE.sub(z).mul(z).mul(d.mul(previous.sub(n)));
      FloatVector dn = n.neg().fma(n, ONE).mul(d.mul(ONE.sub(z)));
      dz.intoMemorySegment(ALL, dG + block + o, ORDER, m);
      dn.intoMemorySegment(ALL, dG + 2 * block + o, ORDER, m);
      d.mul(z).intoMemorySegment(ALL, dhPrev + o, ORDER, m);
    }
  }

  /**
   * The gradients through r·h; called when dRh is known.
   *
   * @param h H, units
   * @param gx [3H], the activations that forward left; only r, the first block, is read
   * @param hPrev [H], as given to forward
   * @param dRh [H], dL/d(r·h) = dG_n·R_n
   * @param dG [3H], out: dL/d(pre-activation) of r in the first block; may be {@code gx}
   * @param dhPrev [H], dRh·r is added
   */
  public static void backwardReset(int h, long gx, long hPrev, long dRh, long dG, long dhPrev) {
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector r = fromMemorySegment(F, ALL, gx + o, ORDER);
      FloatVector d = fromMemorySegment(F, ALL, dRh + o, ORDER);
      FloatVector previous = fromMemorySegment(F, ALL, hPrev + o, ORDER);
      FloatVector direct = fromMemorySegment(F, ALL, dhPrev + o, ORDER);
      ONE.sub(r).mul(r).mul(d.mul(previous)).intoMemorySegment(ALL, dG + o, ORDER);
      d.fma(r, direct).intoMemorySegment(ALL, dhPrev + o, ORDER);
    }
    if (u < h) {
      VectorMask<Float> m = F.indexInRange(0L, h - u);
      long o = 4L * u;
      FloatVector r = fromMemorySegment(F, ALL, gx + o, ORDER, m);
      FloatVector d = fromMemorySegment(F, ALL, dRh + o, ORDER, m);
      FloatVector previous = fromMemorySegment(F, ALL, hPrev + o, ORDER, m);
      FloatVector direct = fromMemorySegment(F, ALL, dhPrev + o, ORDER, m);
      ONE.sub(r).mul(r).mul(d.mul(previous)).intoMemorySegment(ALL, dG + o, ORDER, m);
      d.fma(r, direct).intoMemorySegment(ALL, dhPrev + o, ORDER, m);
    }
  }
}
