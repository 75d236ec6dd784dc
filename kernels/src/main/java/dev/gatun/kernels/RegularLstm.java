package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ONE;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;

/**
 * The LSTM cell on one row of H units with a mask on the candidate (Semeniuta et al. 2016) and
 * zoneout of c (Krueger et al. 2016), in parts between which c may be normalised. What is not
 * wanted is a row of ones. All arguments but H are addresses of float32 rows; gates as {@link
 * Lstm}.
 */
public final class RegularLstm {
  private RegularLstm() {}

  /**
   * The state: cNew = f·cPrev + i·(mask·g), c = fresh·cNew + (1 - fresh)·cPrev.
   *
   * @param h H, units
   * @param gates [4H], in: pre-activations; out: the activations i, f, g, o
   * @param mask [H], factors of the candidate
   * @param fresh [H], 1 where c is new and 0 where it stays; between them in evaluation
   * @param cPrev [H], c of the step before
   * @param cNew [H], out: c before zoneout
   * @param c [H], out
   */
  public static void state(
      int h, long gates, long mask, long fresh, long cPrev, long cNew, long c) {
    long block = 4L * h;
    // Pass by pass: the row stays in the first cache level in between.
    Activations.sigmoid(2L * h, gates, gates);
    Activations.tanh(h, gates + 2 * block, gates + 2 * block);
    Activations.sigmoid(h, gates + 3 * block, gates + 3 * block);
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector in = fromMemorySegment(F, ALL, gates + o, ORDER);
      FloatVector forget = fromMemorySegment(F, ALL, gates + block + o, ORDER);
      FloatVector candidate = fromMemorySegment(F, ALL, gates + 2 * block + o, ORDER);
      FloatVector kept = fromMemorySegment(F, ALL, mask + o, ORDER);
      FloatVector taken = fromMemorySegment(F, ALL, fresh + o, ORDER);
      FloatVector previous = fromMemorySegment(F, ALL, cPrev + o, ORDER);
      FloatVector next = forget.fma(previous, in.mul(candidate.mul(kept)));
      next.intoMemorySegment(ALL, cNew + o, ORDER);
      taken.fma(next, ONE.sub(taken).mul(previous)).intoMemorySegment(ALL, c + o, ORDER);
    }
    for (long o = 4L * u; o < block; o += 4) {
      float in = Species.getFloat(gates + o);
      float candidate = Species.getFloat(gates + 2 * block + o) * Species.getFloat(mask + o);
      float taken = Species.getFloat(fresh + o);
      float previous = Species.getFloat(cPrev + o);
      float next = Math.fma(Species.getFloat(gates + block + o), previous, in * candidate);
      Species.setFloat(cNew + o, next);
      Species.setFloat(c + o, Math.fma(taken, next, (1 - taken) * previous));
    }
  }

  /**
   * The output: h = o·tanh(v).
   *
   * @param h H, units
   * @param gates [4H], as {@link #state} left them
   * @param v [H], cNew, or its normalisation
   * @param tanh [H], out: tanh(v); may be {@code v}
   * @param hOut [H], out; may be {@code tanh}
   */
  public static void output(int h, long gates, long v, long tanh, long hOut) {
    Activations.tanh(h, v, tanh);
    Elementwise.product(h, gates + 12L * h, tanh, hOut);
  }

  /**
   * The derivative of {@link #output}.
   *
   * @param h H, units
   * @param gates [4H], the activations that forward left
   * @param tanh [H], as forward left it
   * @param dh [H], dL/dh
   * @param dGates [4H], out: dL/d(pre-activation) of o in its last block; may be {@code gates}
   * @param dv [H], out: dL/dv; may be {@code dh}
   */
  public static void outputBackward(int h, long gates, long tanh, long dh, long dGates, long dv) {
    long block = 4L * h;
    long outputs = gates + 3 * block;
    long dOutputs = dGates + 3 * block;
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector out = fromMemorySegment(F, ALL, outputs + o, ORDER);
      FloatVector squashed = fromMemorySegment(F, ALL, tanh + o, ORDER);
      FloatVector d = fromMemorySegment(F, ALL, dh + o, ORDER);
      FloatVector dOut = ONE.sub(out).mul(out).mul(d.mul(squashed));
      dOut.intoMemorySegment(ALL, dOutputs + o, ORDER);
      squashed.neg().fma(squashed, ONE).mul(d.mul(out)).intoMemorySegment(ALL, dv + o, ORDER);
    }
    for (long o = 4L * u; o < block; o += 4) {
      float out = Species.getFloat(outputs + o);
      float squashed = Species.getFloat(tanh + o);
      float d = Species.getFloat(dh + o);
      Species.setFloat(dOutputs + o, (1 - out) * out * (d * squashed));
      Species.setFloat(dv + o, Math.fma(-squashed, squashed, 1f) * (d * out));
    }
  }

  /**
   * The derivative of {@link #state}; the gates of i, f and g.
   *
   * @param h H, units
   * @param gates [4H], the activations that forward left
   * @param mask [H], as given to forward
   * @param fresh [H], as given to forward
   * @param cPrev [H], as given to forward
   * @param dNew [H], dL/dcNew by way of h
   * @param dGates [4H], out: dL/d(pre-activations) in the first three blocks; may be {@code gates}
   * @param dc [H], in: dL/dc from the step after; out: dL/dcPrev
   */
  public static void stateBackward(
      int h, long gates, long mask, long fresh, long cPrev, long dNew, long dGates, long dc) {
    long block = 4L * h;
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector in = fromMemorySegment(F, ALL, gates + o, ORDER);
      FloatVector forget = fromMemorySegment(F, ALL, gates + block + o, ORDER);
      FloatVector candidate = fromMemorySegment(F, ALL, gates + 2 * block + o, ORDER);
      FloatVector taken = fromMemorySegment(F, ALL, fresh + o, ORDER);
      FloatVector later = fromMemorySegment(F, ALL, dc + o, ORDER);
      FloatVector d = taken.fma(later, fromMemorySegment(F, ALL, dNew + o, ORDER));
      later = ONE.sub(taken).mul(later);
      FloatVector dKept = d.mul(fromMemorySegment(F, ALL, mask + o, ORDER));
      FloatVector previous = fromMemorySegment(F, ALL, cPrev + o, ORDER);
      FloatVector dIn = ONE.sub(in).mul(in).mul(dKept.mul(candidate));
      FloatVector dForget = ONE.sub(forget).mul(forget).mul(d.mul(previous));
      FloatVector dCandidate = candidate.neg().fma(candidate, ONE).mul(dKept.mul(in));
      dIn.intoMemorySegment(ALL, dGates + o, ORDER);
      dForget.intoMemorySegment(ALL, dGates + block + o, ORDER);
      dCandidate.intoMemorySegment(ALL, dGates + 2 * block + o, ORDER);
      d.fma(forget, later).intoMemorySegment(ALL, dc + o, ORDER);
    }
    stateBackwardTail(h, u, gates, mask, fresh, cPrev, dNew, dGates, dc);
  }

  /** The units from u on, one by one: masked, so many vectors are more than C1 compiles. */
  private static void stateBackwardTail(
      int h,
      int u,
      long gates,
      long mask,
      long fresh,
      long cPrev,
      long dNew,
      long dGates,
      long dc) {
    long block = 4L * h;
    for (long o = 4L * u; o < block; o += 4) {
      float in = Species.getFloat(gates + o);
      float forget = Species.getFloat(gates + block + o);
      float candidate = Species.getFloat(gates + 2 * block + o);
      float taken = Species.getFloat(fresh + o);
      float later = Species.getFloat(dc + o);
      float d = Math.fma(taken, later, Species.getFloat(dNew + o));
      float dKept = d * Species.getFloat(mask + o);
      Species.setFloat(dGates + o, (1 - in) * in * (dKept * candidate));
      Species.setFloat(
          dGates + block + o, (1 - forget) * forget * (d * Species.getFloat(cPrev + o)));
      Species.setFloat(dGates + 2 * block + o, Math.fma(-candidate, candidate, 1f) * (dKept * in));
      Species.setFloat(dc + o, Math.fma(d, forget, (1 - taken) * later));
    }
  }
}
