package dev.gatun.kernels;

import static dev.gatun.kernels.Lstm.sigmoidGradient;
import static dev.gatun.kernels.Lstm.tanhGradient;
import static dev.gatun.kernels.Species.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The GRU cell with the reset gate after the recurrent product, on one row of H units: n = tanh(W_n
 * x + b_Wn + r·(R_n h + b_Rn)), as in cuDNN, PyTorch and Keras. Gate blocks are in the order r, z,
 * n, each H long. All arguments but H are addresses of float32 rows. {@link GruResetBefore} is the
 * other form.
 */
public final class Gru {
  private Gru() {}

  /**
   * One step: h' = n + z·(h - n), which is (1 - z)·n + z·h.
   *
   * @param h H, units
   * @param gx [3H], in: W x + b_W; out: the activations r, z, n
   * @param gh [3H], R h + b_R; its n block is needed again by backward
   * @param hPrev [H], h of the step before
   * @param hOut [H], out; may be {@code hPrev}
   */
  public static void forward(int h, long gx, long gh, long hPrev, long hOut) {
    long block = 4L * h;
    // Pass by pass, as in Lstm.forward.
    Activations.sigmoidOfSum(2L * h, gh, gx);
    long candidates = gx + 2 * block;
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector recurrent = Species.load(gh + 2 * block + o);
      FloatVector candidate =
          Activations.tanh(Species.load(gx + o).fma(recurrent, Species.load(candidates + o)));
      Species.store(candidate, candidates + o);
      FloatVector update = Species.load(gx + block + o);
      Species.store(state(update, candidate, Species.load(hPrev + o)), hOut + o);
    }
    if (u < h) {
      VectorMask<Float> m = Species.first(h - u);
      long o = 4L * u;
      FloatVector recurrent = Species.load(gh + 2 * block + o, m);
      FloatVector candidate =
          Activations.tanh(Species.load(gx + o, m).fma(recurrent, Species.load(candidates + o, m)));
      Species.store(candidate, candidates + o, m);
      FloatVector update = Species.load(gx + block + o, m);
      Species.store(state(update, candidate, Species.load(hPrev + o, m)), hOut + o, m);
    }
  }

  /** n + z·(h - n). */
  static FloatVector state(FloatVector update, FloatVector candidate, FloatVector previous) {
    return update.fma(previous.sub(candidate), candidate);
  }

  /**
   * The derivative of one {@link #forward} step.
   *
   * @param h H, units
   * @param gx [3H], the activations r, z, n that forward left
   * @param gh [3H], as given to forward; only the n block is read
   * @param hPrev [H], as given to forward
   * @param dh [H], dL/dh of this step
   * @param dGx [3H], out: dL/d(W x + b_W); may be {@code gx}
   * @param dGh [3H], out: dL/d(R h + b_R); may be {@code gh}
   * @param dhPrev [H], out: dh·z, to which the caller adds dGh·R; may be {@code dh}
   */
  public static void backward(
      int h, long gx, long gh, long hPrev, long dh, long dGx, long dGh, long dhPrev) {
    long block = 4L * h;
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector reset = Species.load(gx + o);
      FloatVector update = Species.load(gx + block + o);
      FloatVector candidate = Species.load(gx + 2 * block + o);
      FloatVector recurrent = Species.load(gh + 2 * block + o);
      FloatVector d = Species.load(dh + o);
      FloatVector dUpdate = sigmoidGradient(d.mul(Species.load(hPrev + o).sub(candidate)), update);
      FloatVector dCandidate = tanhGradient(d.mul(update.neg().add(1f)), candidate);
      FloatVector dReset = sigmoidGradient(dCandidate.mul(recurrent), reset);
      Species.store(dReset, dGx + o);
      Species.store(dUpdate, dGx + block + o);
      Species.store(dCandidate, dGx + 2 * block + o);
      Species.store(dReset, dGh + o);
      Species.store(dUpdate, dGh + block + o);
      Species.store(dCandidate.mul(reset), dGh + 2 * block + o);
      Species.store(d.mul(update), dhPrev + o);
    }
    if (u < h) {
      VectorMask<Float> m = Species.first(h - u);
      long o = 4L * u;
      FloatVector reset = Species.load(gx + o, m);
      FloatVector update = Species.load(gx + block + o, m);
      FloatVector candidate = Species.load(gx + 2 * block + o, m);
      FloatVector recurrent = Species.load(gh + 2 * block + o, m);
      FloatVector d = Species.load(dh + o, m);
      FloatVector dUpdate =
          sigmoidGradient(d.mul(Species.load(hPrev + o, m).sub(candidate)), update);
      FloatVector dCandidate = tanhGradient(d.mul(update.neg().add(1f)), candidate);
      FloatVector dReset = sigmoidGradient(dCandidate.mul(recurrent), reset);
      Species.store(dReset, dGx + o, m);
      Species.store(dUpdate, dGx + block + o, m);
      Species.store(dCandidate, dGx + 2 * block + o, m);
      Species.store(dReset, dGh + o, m);
      Species.store(dUpdate, dGh + block + o, m);
      Species.store(dCandidate.mul(reset), dGh + 2 * block + o, m);
      Species.store(d.mul(update), dhPrev + o, m);
    }
  }
}
