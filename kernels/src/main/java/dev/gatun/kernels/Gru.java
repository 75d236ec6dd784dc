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
   * @param gh [3H], R h + b_R, left as it is; its n block is needed again by backward
   * @param hPrev [H], h of the step before
   * @param hOut [H], out; may be {@code hPrev}
   */
  public static void forward(int h, long gx, long gh, long hPrev, long hOut) {
    long block = 4L * h;
    // Pass by pass: the row stays in the first cache level in between.
    Elementwise.add(2L * h, gh, gx);
    Activations.sigmoid(2L * h, gx, gx);
    long candidates = gx + 2 * block;
    Elementwise.addProduct(h, gx, gh + 2 * block, candidates);
    Activations.tanh(h, candidates, candidates);
    state(h, gx + block, candidates, hPrev, hOut);
  }

  /** h' = n + z·(h - n), all [H]. */
  static void state(int h, long update, long candidate, long hPrev, long hOut) {
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector z = fromMemorySegment(F, ALL, update + o, ORDER);
      FloatVector n = fromMemorySegment(F, ALL, candidate + o, ORDER);
      FloatVector previous = fromMemorySegment(F, ALL, hPrev + o, ORDER);
      z.fma(previous.sub(n), n).intoMemorySegment(ALL, hOut + o, ORDER);
    }
    if (u < h) {
      VectorMask<Float> m = F.indexInRange(0L, h - u);
      long o = 4L * u;
      FloatVector z = fromMemorySegment(F, ALL, update + o, ORDER, m);
      FloatVector n = fromMemorySegment(F, ALL, candidate + o, ORDER, m);
      FloatVector previous = fromMemorySegment(F, ALL, hPrev + o, ORDER, m);
      z.fma(previous.sub(n), n).intoMemorySegment(ALL, hOut + o, ORDER, m);
    }
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
      FloatVector r = fromMemorySegment(F, ALL, gx + o, ORDER);
      FloatVector z = fromMemorySegment(F, ALL, gx + block + o, ORDER);
      FloatVector n = fromMemorySegment(F, ALL, gx + 2 * block + o, ORDER);
      FloatVector recurrent = fromMemorySegment(F, ALL, gh + 2 * block + o, ORDER);
      FloatVector previous = fromMemorySegment(F, ALL, hPrev + o, ORDER);
      FloatVector d = fromMemorySegment(F, ALL, dh + o, ORDER);
      FloatVector dz = ONE.sub(z).mul(z).mul(d.mul(previous.sub(n)));
      FloatVector dn = n.neg().fma(n, ONE).mul(d.mul(ONE.sub(z)));
      FloatVector dr = ONE.sub(r).mul(r).mul(dn.mul(recurrent));
      dr.intoMemorySegment(ALL, dGx + o, ORDER);
      dz.intoMemorySegment(ALL, dGx + block + o, ORDER);
      dn.intoMemorySegment(ALL, dGx + 2 * block + o, ORDER);
      dr.intoMemorySegment(ALL, dGh + o, ORDER);
      dz.intoMemorySegment(ALL, dGh + block + o, ORDER);
      dn.mul(r).intoMemorySegment(ALL, dGh + 2 * block + o, ORDER);
      d.mul(z).intoMemorySegment(ALL, dhPrev + o, ORDER);
    }
    if (u < h) {
      backwardTail(h, u, gx, gh, hPrev, dh, dGx, dGh, dhPrev);
    }
  }

  /** The units from u on, one by one: masked, so many vectors are more than C1 compiles. */
  private static void backwardTail(
      int h, int u, long gx, long gh, long hPrev, long dh, long dGx, long dGh, long dhPrev) {
    long block = 4L * h;
    for (long o = 4L * u; o < block; o += 4) {
      float r = Species.getFloat(gx + o);
      float z = Species.getFloat(gx + block + o);
      float n = Species.getFloat(gx + 2 * block + o);
      float d = Species.getFloat(dh + o);
      float dz = (1 - z) * z * (d * (Species.getFloat(hPrev + o) - n));
      float dn = Math.fma(-n, n, 1f) * (d * (1 - z));
      float dr = (1 - r) * r * (dn * Species.getFloat(gh + 2 * block + o));
      Species.setFloat(dGx + o, dr);
      Species.setFloat(dGx + block + o, dz);
      Species.setFloat(dGx + 2 * block + o, dn);
      Species.setFloat(dGh + o, dr);
      Species.setFloat(dGh + block + o, dz);
      Species.setFloat(dGh + 2 * block + o, dn * r);
      Species.setFloat(dhPrev + o, d * z);
    }
  }
}
