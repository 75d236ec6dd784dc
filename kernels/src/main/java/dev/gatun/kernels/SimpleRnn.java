package dev.gatun.kernels;

import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The simple recurrent cell (Elman 1990), h' = act(W x + b_W + R h + b_R), elementwise over n
 * float32 values at addresses. The tanh cell's forward pass is {@link Activations#tanh(long, long,
 * long)}.
 */
public final class SimpleRnn {
  private SimpleRnn() {}

  /** y[n] = max(x[n], 0), NaN for NaN; y may be x. */
  public static void relu(long n, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      FloatVector v = Species.load(x);
      Species.store(v.blend(0f, v.compare(VectorOperators.LE, 0f)), y);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      FloatVector v = Species.load(x, tail);
      Species.store(v.blend(0f, v.compare(VectorOperators.LE, 0f)), y, tail);
    }
  }

  /** dx[n] = dy[n]·(1 - y[n]²) for y = tanh(x); dx may be dy or y. */
  public static void tanhBackward(long n, long y, long dy, long dx) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, y += BYTES, dy += BYTES, dx += BYTES) {
      Species.store(Lstm.tanhGradient(Species.load(dy), Species.load(y)), dx);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      Species.store(Lstm.tanhGradient(Species.load(dy, tail), Species.load(y, tail)), dx, tail);
    }
  }

  /** dx[n] = y[n] > 0 ? dy[n] : 0 for y = max(x, 0); dx may be dy or y. */
  public static void reluBackward(long n, long y, long dy, long dx) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, y += BYTES, dy += BYTES, dx += BYTES) {
      FloatVector off = Species.load(y);
      Species.store(Species.load(dy).blend(0f, off.compare(VectorOperators.LE, 0f)), dx);
    }
    if (i < n) {
      VectorMask<Float> tail = Species.first(n - i);
      FloatVector off = Species.load(y, tail);
      Species.store(
          Species.load(dy, tail).blend(0f, off.compare(VectorOperators.LE, 0f)), dx, tail);
    }
  }
}
