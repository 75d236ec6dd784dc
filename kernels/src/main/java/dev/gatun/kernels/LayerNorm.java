package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Layer normalisation of one row of n float32 values at addresses (Ba, Kiros and Hinton 2016), the
 * variance biased. Sums are in an order that depends on n and the vector width only.
 */
public final class LayerNorm {
  private LayerNorm() {}

  /**
   * xHat = (x - mean) / sqrt(variance + epsilon).
   *
   * @param xHat [n], out; may be {@code x}
   * @return 1 / sqrt(variance + epsilon)
   */
  public static float normalize(int n, long x, float epsilon, long xHat) {
    float mean = sum(n, x) / n;
    float variance = sumOfSquares(n, x, mean) / n;
    float inverse = (float) (1 / Math.sqrt((double) variance + epsilon));
    int i = 0;
    for (; i <= n - LANES; i += LANES, x += BYTES, xHat += BYTES) {
      fromMemorySegment(F, ALL, x, ORDER)
          .sub(mean)
          .mul(inverse)
          .intoMemorySegment(ALL, xHat, ORDER);
    }
    for (; i < n; i++, x += 4, xHat += 4) {
      Species.setFloat(xHat, (Species.getFloat(x) - mean) * inverse);
    }
    return inverse;
  }

  private static float sum(int n, long x) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int i = 0;
    for (; i <= n - 4 * LANES; i += 4 * LANES, x += 4 * BYTES) {
      s0 = s0.add(fromMemorySegment(F, ALL, x, ORDER));
      s1 = s1.add(fromMemorySegment(F, ALL, x + BYTES, ORDER));
      s2 = s2.add(fromMemorySegment(F, ALL, x + 2 * BYTES, ORDER));
      s3 = s3.add(fromMemorySegment(F, ALL, x + 3 * BYTES, ORDER));
    }
    for (; i <= n - LANES; i += LANES, x += BYTES) {
      s0 = s0.add(fromMemorySegment(F, ALL, x, ORDER));
    }
    FloatVector s = s0.add(s1).add(s2.add(s3));
    s = LANES >= 16 ? s.add(s.rearrange(Species.ROTATE_8)) : s;
    s = LANES >= 8 ? s.add(s.rearrange(Species.ROTATE_4)) : s;
    float total = (s.lane(0) + s.lane(2)) + (s.lane(1) + s.lane(3));
    // The last units one by one: through a mask C2 may leave the sum on the heap.
    for (; i < n; i++, x += 4) {
      total += Species.getFloat(x);
    }
    return total;
  }

  /** The sum of (x - mean)². */
  private static float sumOfSquares(int n, long x, float mean) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int i = 0;
    for (; i <= n - 4 * LANES; i += 4 * LANES, x += 4 * BYTES) {
      FloatVector a = fromMemorySegment(F, ALL, x, ORDER).sub(mean);
      FloatVector b = fromMemorySegment(F, ALL, x + BYTES, ORDER).sub(mean);
      FloatVector c = fromMemorySegment(F, ALL, x + 2 * BYTES, ORDER).sub(mean);
      FloatVector d = fromMemorySegment(F, ALL, x + 3 * BYTES, ORDER).sub(mean);
      s0 = a.fma(a, s0);
      s1 = b.fma(b, s1);
      s2 = c.fma(c, s2);
      s3 = d.fma(d, s3);
    }
    for (; i <= n - LANES; i += LANES, x += BYTES) {
      FloatVector a = fromMemorySegment(F, ALL, x, ORDER).sub(mean);
      s0 = a.fma(a, s0);
    }
    FloatVector s = s0.add(s1).add(s2.add(s3));
    s = LANES >= 16 ? s.add(s.rearrange(Species.ROTATE_8)) : s;
    s = LANES >= 8 ? s.add(s.rearrange(Species.ROTATE_4)) : s;
    float total = (s.lane(0) + s.lane(2)) + (s.lane(1) + s.lane(3));
    for (; i < n; i++, x += 4) {
      float a = Species.getFloat(x) - mean;
      total = Math.fma(a, a, total);
    }
    return total;
  }

  /** y[n] = gain·xHat + shift; y may be xHat. */
  public static void scaleShift(int n, long xHat, long gain, long shift, long y) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      long o = 4L * i;
      FloatVector v = fromMemorySegment(F, ALL, xHat + o, ORDER);
      FloatVector scale = fromMemorySegment(F, ALL, gain + o, ORDER);
      v.fma(scale, fromMemorySegment(F, ALL, shift + o, ORDER))
          .intoMemorySegment(ALL, y + o, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      long o = 4L * i;
      FloatVector v = fromMemorySegment(F, ALL, xHat + o, ORDER, tail);
      FloatVector scale = fromMemorySegment(F, ALL, gain + o, ORDER, tail);
      v.fma(scale, fromMemorySegment(F, ALL, shift + o, ORDER, tail))
          .intoMemorySegment(ALL, y + o, ORDER, tail);
    }
  }

  /**
   * The derivative of {@link #normalize} and {@link #scaleShift}.
   *
   * @param dy [n], dL/dy
   * @param xHat [n], as normalize left it
   * @param inverse as normalize returned it
   * @param dGain [n], dy·xHat is added
   * @param dShift [n], dy is added; 0: not wanted
   * @param dx [n], out: dL/dx; may be {@code xHat} or {@code dy}
   */
  public static void backward(
      int n, long dy, long xHat, long gain, float inverse, long dGain, long dShift, long dx) {
    if (dShift != 0) {
      Elementwise.add(n, dy, dShift);
    }
    long sums = sumsBackward(n, dy, xHat, gain, dGain);
    float mean = Float.intBitsToFloat((int) (sums >>> 32)) / n;
    float slope = Float.intBitsToFloat((int) sums) / n;
    FloatVector means = FloatVector.broadcast(F, mean);
    FloatVector negativeSlope = FloatVector.broadcast(F, -slope);
    FloatVector scale = FloatVector.broadcast(F, inverse);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      long o = 4L * i;
      FloatVector d = fromMemorySegment(F, ALL, dy + o, ORDER);
      d = d.mul(fromMemorySegment(F, ALL, gain + o, ORDER)).sub(means);
      FloatVector hat = fromMemorySegment(F, ALL, xHat + o, ORDER);
      hat.fma(negativeSlope, d).mul(scale).intoMemorySegment(ALL, dx + o, ORDER);
    }
    for (long o = 4L * i; o < 4L * n; o += 4) {
      float d = Species.getFloat(dy + o) * Species.getFloat(gain + o) - mean;
      Species.setFloat(dx + o, Math.fma(Species.getFloat(xHat + o), -slope, d) * inverse);
    }
  }

  /** Adds dy·xHat to dGain; the bits of the sums of gain·dy (upper half) and of gain·dy·xHat. */
  private static long sumsBackward(int n, long dy, long xHat, long gain, long dGain) {
    FloatVector first = FloatVector.zero(F);
    FloatVector second = first;
    // The last units one by one: through a mask, C2 gives up on the loop and it allocates.
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      long o = 4L * i;
      FloatVector d = fromMemorySegment(F, ALL, dy + o, ORDER);
      FloatVector hat = fromMemorySegment(F, ALL, xHat + o, ORDER);
      d.fma(hat, fromMemorySegment(F, ALL, dGain + o, ORDER))
          .intoMemorySegment(ALL, dGain + o, ORDER);
      d = d.mul(fromMemorySegment(F, ALL, gain + o, ORDER));
      first = first.add(d);
      second = d.fma(hat, second);
    }
    first = LANES >= 16 ? first.add(first.rearrange(Species.ROTATE_8)) : first;
    first = LANES >= 8 ? first.add(first.rearrange(Species.ROTATE_4)) : first;
    second = LANES >= 16 ? second.add(second.rearrange(Species.ROTATE_8)) : second;
    second = LANES >= 8 ? second.add(second.rearrange(Species.ROTATE_4)) : second;
    float sum = (first.lane(0) + first.lane(2)) + (first.lane(1) + first.lane(3));
    float along = (second.lane(0) + second.lane(2)) + (second.lane(1) + second.lane(3));
    for (long o = 4L * i; o < 4L * n; o += 4) {
      float d = Species.getFloat(dy + o);
      float hat = Species.getFloat(xHat + o);
      Species.setFloat(dGain + o, Math.fma(d, hat, Species.getFloat(dGain + o)));
      d *= Species.getFloat(gain + o);
      sum += d;
      along = Math.fma(d, hat, along);
    }
    return (long) Float.floatToRawIntBits(sum) << 32
        | (Float.floatToRawIntBits(along) & 0xFFFFFFFFL);
  }
}
