package dev.gatun.kernels;

import static dev.gatun.kernels.Species.LANES;

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
    // Pass by pass, because two activations in one loop exceed C2's node budget for inlining and
    // then allocate; the row stays in the first cache level in between.
    Activations.sigmoid(2L * h, gates, gates);
    Activations.tanh(h, candidates, candidates);
    Activations.sigmoid(h, outputs, outputs);
    int u = 0;
    for (; u <= h - LANES; u += LANES) {
      long o = 4L * u;
      FloatVector added = Species.load(gates + o).mul(Species.load(candidates + o));
      FloatVector cell = Species.load(gates + block + o).fma(Species.load(cPrev + o), added);
      FloatVector squashed = Activations.tanh(cell);
      Species.store(cell, c + o);
      if (tanhC != 0) {
        Species.store(squashed, tanhC + o);
      }
      Species.store(Species.load(outputs + o).mul(squashed), hOut + o);
    }
    if (u < h) {
      VectorMask<Float> m = Species.first(h - u);
      long o = 4L * u;
      FloatVector added = Species.load(gates + o, m).mul(Species.load(candidates + o, m));
      FloatVector cell = Species.load(gates + block + o, m).fma(Species.load(cPrev + o, m), added);
      FloatVector squashed = Activations.tanh(cell);
      Species.store(cell, c + o, m);
      if (tanhC != 0) {
        Species.store(squashed, tanhC + o, m);
      }
      Species.store(Species.load(outputs + o, m).mul(squashed), hOut + o, m);
    }
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
      FloatVector in = Species.load(g);
      FloatVector forget = Species.load(g + block);
      FloatVector candidate = Species.load(g + 2 * block);
      FloatVector out = Species.load(g + 3 * block);
      FloatVector squashed = Species.load(tanhC + o);
      FloatVector dOut = Species.load(dh + o);
      FloatVector dCell = cellGradient(dOut.mul(out), squashed, Species.load(dc + o));
      FloatVector previous = Species.load(cPrev + o);
      Species.store(sigmoidGradient(dCell.mul(candidate), in), d);
      Species.store(sigmoidGradient(dCell.mul(previous), forget), d + block);
      Species.store(tanhGradient(dCell.mul(in), candidate), d + 2 * block);
      Species.store(sigmoidGradient(dOut.mul(squashed), out), d + 3 * block);
      Species.store(dCell.mul(forget), dc + o);
    }
    if (u < h) {
      backwardTail(h, u, gates, dGates, cPrev, tanhC, dh, dc);
    }
  }

  private static void backwardTail(
      int h, int u, long gates, long dGates, long cPrev, long tanhC, long dh, long dc) {
    VectorMask<Float> m = Species.first(h - u);
    long block = 4L * h;
    long o = 4L * u;
    long g = gates + o;
    long d = dGates + o;
    FloatVector in = Species.load(g, m);
    FloatVector forget = Species.load(g + block, m);
    FloatVector candidate = Species.load(g + 2 * block, m);
    FloatVector out = Species.load(g + 3 * block, m);
    FloatVector squashed = Species.load(tanhC + o, m);
    FloatVector dOut = Species.load(dh + o, m);
    FloatVector dCell = cellGradient(dOut.mul(out), squashed, Species.load(dc + o, m));
    FloatVector previous = Species.load(cPrev + o, m);
    Species.store(sigmoidGradient(dCell.mul(candidate), in), d, m);
    Species.store(sigmoidGradient(dCell.mul(previous), forget), d + block, m);
    Species.store(tanhGradient(dCell.mul(in), candidate), d + 2 * block, m);
    Species.store(sigmoidGradient(dOut.mul(squashed), out), d + 3 * block, m);
    Species.store(dCell.mul(forget), dc + o, m);
  }

  /** dc + dTanh·(1 - tanhC²). */
  private static FloatVector cellGradient(FloatVector dTanh, FloatVector tanhC, FloatVector dc) {
    return tanhGradient(dTanh, tanhC).add(dc);
  }

  /** d·(1 - t²) for t = tanh(x). */
  static FloatVector tanhGradient(FloatVector d, FloatVector t) {
    return t.mul(t).neg().add(1f).mul(d);
  }

  /** d·s·(1 - s) for s = sigmoid(x). */
  static FloatVector sigmoidGradient(FloatVector d, FloatVector s) {
    return s.mul(s.neg().add(1f)).mul(d);
  }
}
