package dev.gatun.kernels;

import static dev.gatun.kernels.Lstm.sigmoidGradient;
import static dev.gatun.kernels.Lstm.tanhGradient;
import static dev.gatun.kernels.Species.LANES;

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
    Activations.sigmoidOfSum(2L * h, gh, gx);
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      Species.store(Species.load(gx + o).mul(Species.load(hPrev + o)), rh + o);
    }
    if (u < h) {
      VectorMask<Float> m = Species.first(h - u);
      long o = 4L * u;
      Species.store(Species.load(gx + o, m).mul(Species.load(hPrev + o, m)), rh + o, m);
    }
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
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      long x = gx + 2 * block + o;
      FloatVector candidate =
          Activations.tanh(Species.load(x).add(Species.load(gh + 2 * block + o)));
      FloatVector update = Species.load(gx + block + o);
      Species.store(candidate, x);
      Species.store(Gru.state(update, candidate, Species.load(hPrev + o)), hOut + o);
    }
    if (u < h) {
      VectorMask<Float> m = Species.first(h - u);
      long o = 4L * u;
      long x = gx + 2 * block + o;
      FloatVector candidate =
          Activations.tanh(Species.load(x, m).add(Species.load(gh + 2 * block + o, m)));
      FloatVector update = Species.load(gx + block + o, m);
      Species.store(candidate, x, m);
      Species.store(Gru.state(update, candidate, Species.load(hPrev + o, m)), hOut + o, m);
    }
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
      FloatVector update = Species.load(gx + block + o);
      FloatVector candidate = Species.load(gx + 2 * block + o);
      FloatVector d = Species.load(dh + o);
      FloatVector step = d.mul(Species.load(hPrev + o).sub(candidate));
      Species.store(sigmoidGradient(step, update), dG + block + o);
      Species.store(tanhGradient(d.mul(update.neg().add(1f)), candidate), dG + 2 * block + o);
      Species.store(d.mul(update), dhPrev + o);
    }
    if (u < h) {
      VectorMask<Float> m = Species.first(h - u);
      long o = 4L * u;
      FloatVector update = Species.load(gx + block + o, m);
      FloatVector candidate = Species.load(gx + 2 * block + o, m);
      FloatVector d = Species.load(dh + o, m);
      FloatVector step = d.mul(Species.load(hPrev + o, m).sub(candidate));
      Species.store(sigmoidGradient(step, update), dG + block + o, m);
      Species.store(tanhGradient(d.mul(update.neg().add(1f)), candidate), dG + 2 * block + o, m);
      Species.store(d.mul(update), dhPrev + o, m);
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
      FloatVector reset = Species.load(gx + o);
      FloatVector d = Species.load(dRh + o);
      Species.store(sigmoidGradient(d.mul(Species.load(hPrev + o)), reset), dG + o);
      Species.store(d.fma(reset, Species.load(dhPrev + o)), dhPrev + o);
    }
    if (u < h) {
      VectorMask<Float> m = Species.first(h - u);
      long o = 4L * u;
      FloatVector reset = Species.load(gx + o, m);
      FloatVector d = Species.load(dRh + o, m);
      Species.store(sigmoidGradient(d.mul(Species.load(hPrev + o, m)), reset), dG + o, m);
      Species.store(d.fma(reset, Species.load(dhPrev + o, m)), dhPrev + o, m);
    }
  }
}
