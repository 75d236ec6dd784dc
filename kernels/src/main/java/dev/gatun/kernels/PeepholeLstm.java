package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ONE;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The LSTM cell on one row of H units with peepholes (Gers and Schmidhuber 2000) and a limit of c
 * (Sak et al. 2014), and with the mask and zoneout of {@link RegularLstm}. In parts between which
 * what a gate sees of c is added to its pre-activation, by {@link Elementwise#addProduct}: to i and
 * f before {@link #state}, to o after it. All arguments but H and the limit are addresses of
 * float32 rows; gates as {@link Lstm}.
 */
public final class PeepholeLstm {
  private PeepholeLstm() {}

  /**
   * The state: cNew = f·cPrev + i·(mask·g), limited; c = fresh·cNew + (1 - fresh)·cPrev.
   *
   * @param h H, units
   * @param gates [4H], in: pre-activations; out: the activations i, f, g; o as it was
   * @param mask [H], factors of the candidate
   * @param fresh [H], 1 where c is new and 0 where it stays; between them in evaluation
   * @param limit of the absolute value of cNew, or infinity; NaN stays
   * @param cPrev [H], c of the step before
   * @param cNew [H], out: c before zoneout
   * @param c [H], out; may be {@code cNew} where that is not wanted
   */
  public static void state(
      int h, long gates, long mask, long fresh, float limit, long cPrev, long cNew, long c) {
    long block = 4L * h;
    Activations.sigmoid(2L * h, gates, gates);
    Activations.tanh(h, gates + 2 * block, gates + 2 * block);
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
      next = next.blend(limit, next.compare(VectorOperators.GT, limit));
      next = next.blend(-limit, next.compare(VectorOperators.LT, -limit));
      next.intoMemorySegment(ALL, cNew + o, ORDER);
      taken.fma(next, ONE.sub(taken).mul(previous)).intoMemorySegment(ALL, c + o, ORDER);
    }
    for (long o = 4L * u; o < block; o += 4) {
      float in = Species.getFloat(gates + o);
      float candidate = Species.getFloat(gates + 2 * block + o) * Species.getFloat(mask + o);
      float taken = Species.getFloat(fresh + o);
      float previous = Species.getFloat(cPrev + o);
      float next = Math.fma(Species.getFloat(gates + block + o), previous, in * candidate);
      next = next > limit ? limit : next < -limit ? -limit : next;
      Species.setFloat(cNew + o, next);
      Species.setFloat(c + o, Math.fma(taken, next, (1 - taken) * previous));
    }
  }

  /**
   * The output: h = o·tanh(cNew).
   *
   * @param h H, units
   * @param gates [4H], in its last block the pre-activation of o; out: its activation
   * @param cNew [H], as {@link #state} left it
   * @param tanh [H], out: tanh(cNew); may be {@code cNew}
   * @param hOut [H], out; may be {@code tanh}
   */
  public static void output(int h, long gates, long cNew, long tanh, long hOut) {
    long outputs = gates + 12L * h;
    Activations.sigmoid(h, outputs, outputs);
    Activations.tanh(h, cNew, tanh);
    Elementwise.product(h, outputs, tanh, hOut);
  }

  /**
   * The derivative of the limit, before {@link RegularLstm#stateBackward}: makes dNew + fresh·dc 0
   * where cNew is limited.
   *
   * @param h H, units
   * @param limit as given to forward
   * @param cNew [H], as forward left it
   * @param fresh [H], as given to forward, 0 or 1
   * @param dc [H], dL/dc from the step after
   * @param dNew [H], in and out: dL/dcNew by way of h
   */
  public static void limitBackward(int h, float limit, long cNew, long fresh, long dc, long dNew) {
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector size = fromMemorySegment(F, ALL, cNew + o, ORDER).lanewise(VectorOperators.ABS);
      FloatVector taken = fromMemorySegment(F, ALL, fresh + o, ORDER);
      FloatVector none = taken.mul(fromMemorySegment(F, ALL, dc + o, ORDER)).neg();
      fromMemorySegment(F, ALL, dNew + o, ORDER)
          .blend(none, size.compare(VectorOperators.GE, limit))
          .intoMemorySegment(ALL, dNew + o, ORDER);
    }
    for (long o = 4L * u; o < 4L * h; o += 4) {
      if (Math.abs(Species.getFloat(cNew + o)) >= limit) {
        Species.setFloat(dNew + o, -(Species.getFloat(fresh + o) * Species.getFloat(dc + o)));
      }
    }
  }

  /**
   * The derivative of a peephole, v += peephole·c: dc += peephole·d, dPeephole += d·c.
   *
   * @param h H, units
   * @param peephole [H], its weights
   * @param c [H], what it shows
   * @param d [H], dL/d(pre-activation) of its gate
   * @param dc [H], in and out: dL/dc
   * @param dPeephole [H], in and out: the gradient of its weights
   */
  public static void peepholeBackward(
      int h, long peephole, long c, long d, long dc, long dPeephole) {
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector gate = fromMemorySegment(F, ALL, d + o, ORDER);
      fromMemorySegment(F, ALL, peephole + o, ORDER)
          .fma(gate, fromMemorySegment(F, ALL, dc + o, ORDER))
          .intoMemorySegment(ALL, dc + o, ORDER);
      fromMemorySegment(F, ALL, c + o, ORDER)
          .fma(gate, fromMemorySegment(F, ALL, dPeephole + o, ORDER))
          .intoMemorySegment(ALL, dPeephole + o, ORDER);
    }
    for (long o = 4L * u; o < 4L * h; o += 4) {
      float gate = Species.getFloat(d + o);
      float carried = Species.getFloat(dc + o);
      float sum = Species.getFloat(dPeephole + o);
      Species.setFloat(dc + o, Math.fma(Species.getFloat(peephole + o), gate, carried));
      Species.setFloat(dPeephole + o, Math.fma(Species.getFloat(c + o), gate, sum));
    }
  }
}
