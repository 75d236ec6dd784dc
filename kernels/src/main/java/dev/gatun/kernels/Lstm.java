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
 * The LSTM cell on one row of H units (Hochreiter and Schmidhuber 1997 with the forget gate of Gers
 * et al. 2000). Gate blocks are in the order i, f, g, o, each H long. All arguments but H are
 * addresses of float32 rows.
 */
public final class Lstm {
  private Lstm() {}

  /**
   * One step: c = f·cPrev + i·g, h = o·tanh(c).
   *
   * @param h H, units
   * @param gates [4H], in: pre-activations; out: the activations i, f, g, o
   * @param cPrev [H], c of the step before
   * @param c [H], out; may be {@code cPrev}
   * @param tanhC [H], out: tanh(c) for the backward pass; 0 where none is wanted
   * @param hOut [H], out
   */
  public static void forward(int h, long gates, long cPrev, long c, long tanhC, long hOut) {
    long block = 4L * h;
    long candidates = gates + 2 * block;
    long outputs = gates + 3 * block;
    // Pass by pass: the row stays in the first cache level in between.
    Activations.sigmoid(2L * h, gates, gates);
    Activations.tanh(h, candidates, candidates);
    Activations.sigmoid(h, outputs, outputs);
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector in = fromMemorySegment(F, ALL, gates + o, ORDER);
      FloatVector forget = fromMemorySegment(F, ALL, gates + block + o, ORDER);
      FloatVector candidate = fromMemorySegment(F, ALL, candidates + o, ORDER);
      FloatVector previous = fromMemorySegment(F, ALL, cPrev + o, ORDER);
      forget.fma(previous, in.mul(candidate)).intoMemorySegment(ALL, c + o, ORDER);
    }
    if (u < h) {
      VectorMask<Float> m = F.indexInRange(0L, h - u);
      long o = 4L * u;
      FloatVector in = fromMemorySegment(F, ALL, gates + o, ORDER, m);
      FloatVector forget = fromMemorySegment(F, ALL, gates + block + o, ORDER, m);
      FloatVector candidate = fromMemorySegment(F, ALL, candidates + o, ORDER, m);
      FloatVector previous = fromMemorySegment(F, ALL, cPrev + o, ORDER, m);
      forget.fma(previous, in.mul(candidate)).intoMemorySegment(ALL, c + o, ORDER, m);
    }
    long squashed = tanhC == 0 ? hOut : tanhC;
    Activations.tanh(h, c, squashed);
    Elementwise.product(h, outputs, squashed, hOut);
  }

  /**
   * The derivative of one {@link #forward} step.
   *
   * @param h H, units
   * @param gates [4H], the activations that forward left
   * @param dGates [4H], out: dL/d(pre-activations); may be {@code gates}
   * @param cPrev [H], as given to forward
   * @param tanhC [H], as saved by forward
   * @param dh [H], dL/dh of this step, from above and from the step after
   * @param dc [H], in: dL/dc of this step from the step after; out: dL/dcPrev
   */
  public static void backward(
      int h, long gates, long dGates, long cPrev, long tanhC, long dh, long dc) {
    long block = 4L * h;
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      long g = gates + o;
      long d = dGates + o;
      FloatVector in = fromMemorySegment(F, ALL, g, ORDER);
      FloatVector forget = fromMemorySegment(F, ALL, g + block, ORDER);
      FloatVector candidate = fromMemorySegment(F, ALL, g + 2 * block, ORDER);
      FloatVector out = fromMemorySegment(F, ALL, g + 3 * block, ORDER);
      FloatVector squashed = fromMemorySegment(F, ALL, tanhC + o, ORDER);
      FloatVector dOut = fromMemorySegment(F, ALL, dh + o, ORDER);
      FloatVector previous = fromMemorySegment(F, ALL, cPrev + o, ORDER);
      FloatVector dCell = squashed.neg().fma(squashed, ONE).mul(dOut.mul(out));
      dCell = dCell.add(fromMemorySegment(F, ALL, dc + o, ORDER));
      FloatVector dIn = ONE.sub(in).mul(in).mul(dCell.mul(candidate));
      FloatVector dForget = ONE.sub(forget).mul(forget).mul(dCell.mul(previous));
      FloatVector dCandidate = candidate.neg().fma(candidate, ONE).mul(dCell.mul(in));
      FloatVector dOutput = ONE.sub(out).mul(out).mul(dOut.mul(squashed));
      dIn.intoMemorySegment(ALL, d, ORDER);
      dForget.intoMemorySegment(ALL, d + block, ORDER);
      dCandidate.intoMemorySegment(ALL, d + 2 * block, ORDER);
      dOutput.intoMemorySegment(ALL, d + 3 * block, ORDER);
      dCell.mul(forget).intoMemorySegment(ALL, dc + o, ORDER);
    }
    backwardTail(h, u, gates, dGates, cPrev, tanhC, dh, dc);
  }

  /** The units from u on, one by one: masked, so many vectors are more than C1 compiles. */
  private static void backwardTail(
      int h, int u, long gates, long dGates, long cPrev, long tanhC, long dh, long dc) {
    long block = 4L * h;
    for (long o = 4L * u; o < block; o += 4) {
      long g = gates + o;
      long d = dGates + o;
      float in = Species.getFloat(g);
      float forget = Species.getFloat(g + block);
      float candidate = Species.getFloat(g + 2 * block);
      float out = Species.getFloat(g + 3 * block);
      float squashed = Species.getFloat(tanhC + o);
      float dOut = Species.getFloat(dh + o);
      float dCell = Math.fma(-squashed, squashed, 1f) * (dOut * out) + Species.getFloat(dc + o);
      Species.setFloat(d, (1 - in) * in * (dCell * candidate));
      Species.setFloat(d + block, (1 - forget) * forget * (dCell * Species.getFloat(cPrev + o)));
      Species.setFloat(d + 2 * block, Math.fma(-candidate, candidate, 1f) * (dCell * in));
      Species.setFloat(d + 3 * block, (1 - out) * out * (dOut * squashed));
      Species.setFloat(dc + o, dCell * forget);
    }
  }
}
