package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ONE;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

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
      FloatVector v = fromMemorySegment(F, ALL, x, ORDER);
      v.blend(0f, v.compare(VectorOperators.LE, 0f)).intoMemorySegment(ALL, y, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      FloatVector v = fromMemorySegment(F, ALL, x, ORDER, tail);
      v.blend(0f, v.compare(VectorOperators.LE, 0f)).intoMemorySegment(ALL, y, ORDER, tail);
    }
  }

  /** dx[n] = dy[n]·(1 - y[n]²) for y = tanh(x); dx may be dy or y. */
  public static void tanhBackward(long n, long y, long dy, long dx) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, y += BYTES, dy += BYTES, dx += BYTES) {
      FloatVector t = fromMemorySegment(F, ALL, y, ORDER);
      FloatVector d = fromMemorySegment(F, ALL, dy, ORDER);
      t.neg().fma(t, ONE).mul(d).intoMemorySegment(ALL, dx, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      FloatVector t = fromMemorySegment(F, ALL, y, ORDER, tail);
      FloatVector d = fromMemorySegment(F, ALL, dy, ORDER, tail);
      t.neg().fma(t, ONE).mul(d).intoMemorySegment(ALL, dx, ORDER, tail);
    }
  }

  /** dx[n] = y[n] > 0 ? dy[n] : 0 for y = max(x, 0); dx may be dy or y. */
  public static void reluBackward(long n, long y, long dy, long dx) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, y += BYTES, dy += BYTES, dx += BYTES) {
      FloatVector off = fromMemorySegment(F, ALL, y, ORDER);
      fromMemorySegment(F, ALL, dy, ORDER)
          .blend(0f, off.compare(VectorOperators.LE, 0f))
          .intoMemorySegment(ALL, dx, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      FloatVector off = fromMemorySegment(F, ALL, y, ORDER, tail);
      fromMemorySegment(F, ALL, dy, ORDER, tail)
          .blend(0f, off.compare(VectorOperators.LE, 0f))
          .intoMemorySegment(ALL, dx, ORDER, tail);
    }
  }

  /** y[n] = x[n] where it is above 0, else leak·x[n]; y may be x. */
  public static void leakyRelu(long n, float leak, long x, long y) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, y += BYTES) {
      FloatVector v = fromMemorySegment(F, ALL, x, ORDER);
      v.mul(leak).blend(v, v.compare(VectorOperators.GT, 0f)).intoMemorySegment(ALL, y, ORDER);
    }
    for (; i < n; i++, x += Float.BYTES, y += Float.BYTES) {
      float v = Species.getFloat(x);
      Species.setFloat(y, v > 0 ? v : v * leak);
    }
  }

  /** dx[n] = dy[n] where y[n] is above 0, else leak·dy[n]; dx may be dy or y. */
  public static void leakyReluBackward(long n, float leak, long y, long dy, long dx) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, y += BYTES, dy += BYTES, dx += BYTES) {
      FloatVector v = fromMemorySegment(F, ALL, y, ORDER);
      FloatVector d = fromMemorySegment(F, ALL, dy, ORDER);
      d.mul(leak).blend(d, v.compare(VectorOperators.GT, 0f)).intoMemorySegment(ALL, dx, ORDER);
    }
    for (; i < n; i++, y += Float.BYTES, dy += Float.BYTES, dx += Float.BYTES) {
      float v = Species.getFloat(y);
      float d = Species.getFloat(dy);
      Species.setFloat(dx, v > 0 ? d : d * leak);
    }
  }

  /** dx[n] = dy[n] where y[n] is above 0, else dy[n]·(y[n] + 1); dx may be dy or y. */
  public static void eluBackward(long n, long y, long dy, long dx) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, y += BYTES, dy += BYTES, dx += BYTES) {
      FloatVector v = fromMemorySegment(F, ALL, y, ORDER);
      FloatVector d = fromMemorySegment(F, ALL, dy, ORDER);
      v.fma(d, d).blend(d, v.compare(VectorOperators.GT, 0f)).intoMemorySegment(ALL, dx, ORDER);
    }
    for (; i < n; i++, y += Float.BYTES, dy += Float.BYTES, dx += Float.BYTES) {
      float v = Species.getFloat(y);
      float d = Species.getFloat(dy);
      Species.setFloat(dx, v > 0 ? d : Math.fma(v, d, d));
    }
  }

  /** dx[n] = dy[n]·y[n]·(1 - y[n]) for y = 1 / (1 + exp(-x)); dx may be dy or y. */
  public static void sigmoidBackward(long n, long y, long dy, long dx) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, y += BYTES, dy += BYTES, dx += BYTES) {
      FloatVector v = fromMemorySegment(F, ALL, y, ORDER);
      FloatVector d = fromMemorySegment(F, ALL, dy, ORDER);
      ONE.sub(v).mul(v).mul(d).intoMemorySegment(ALL, dx, ORDER);
    }
    for (; i < n; i++, y += Float.BYTES, dy += Float.BYTES, dx += Float.BYTES) {
      float v = Species.getFloat(y);
      float d = Species.getFloat(dy);
      Species.setFloat(dx, (1 - v) * v * d);
    }
  }
}
