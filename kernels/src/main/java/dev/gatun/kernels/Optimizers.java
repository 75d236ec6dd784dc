package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ORDER;
import static dev.gatun.kernels.Species.ZERO;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Parameter updates over flat float32 memory in one pass that also zeroes the gradient. Formulas
 * are PyTorch's. Elementwise, so the bits do not depend on how the memory is cut.
 */
public final class Optimizers {
  private Optimizers() {}

  /**
   * Stochastic gradient descent: g = gradScale·grad + weightDecay·p; m = momentum·m + (1 -
   * dampening)·g; g = nesterov ? g + momentum·m : m; p -= rate·g. Without m, the two in the middle
   * fall away. The first m of a run is g: give dampening 0 with a zeroed m.
   *
   * @param n elements
   * @param param p, updated
   * @param grad zeroed
   * @param buffer m, updated; 0 for no momentum
   */
  public static void sgd(
      long n,
      long param,
      long grad,
      long buffer,
      float rate,
      float momentum,
      float dampening,
      boolean nesterov,
      float weightDecay,
      float gradScale) {
    if (buffer == 0) {
      plainSgd(n, param, grad, rate, weightDecay, gradScale);
    } else {
      // Nesterov or not is one multiplication: g = own·g + ahead·m.
      float own = nesterov ? 1 : 0;
      float ahead = nesterov ? momentum : 1;
      momentumSgd(
          n,
          param,
          grad,
          buffer,
          rate,
          momentum,
          1 - dampening,
          own,
          ahead,
          weightDecay,
          gradScale);
    }
  }

  private static void plainSgd(
      long n, long param, long grad, float rate, float weightDecay, float gradScale) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, param += BYTES, grad += BYTES) {
      FloatVector p = fromMemorySegment(F, ALL, param, ORDER);
      FloatVector g =
          broadcast(F, weightDecay).fma(p, fromMemorySegment(F, ALL, grad, ORDER).mul(gradScale));
      broadcast(F, -rate).fma(g, p).intoMemorySegment(ALL, param, ORDER);
      ZERO.intoMemorySegment(ALL, grad, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      FloatVector p = fromMemorySegment(F, ALL, param, ORDER, tail);
      FloatVector g =
          broadcast(F, weightDecay)
              .fma(p, fromMemorySegment(F, ALL, grad, ORDER, tail).mul(gradScale));
      broadcast(F, -rate).fma(g, p).intoMemorySegment(ALL, param, ORDER, tail);
      ZERO.intoMemorySegment(ALL, grad, ORDER, tail);
    }
  }

  private static void momentumSgd(
      long n,
      long param,
      long grad,
      long buffer,
      float rate,
      float momentum,
      float fresh,
      float own,
      float ahead,
      float weightDecay,
      float gradScale) {
    long i = 0;
    for (; i <= n - LANES; i += LANES, param += BYTES, grad += BYTES, buffer += BYTES) {
      FloatVector p = fromMemorySegment(F, ALL, param, ORDER);
      FloatVector g =
          broadcast(F, weightDecay).fma(p, fromMemorySegment(F, ALL, grad, ORDER).mul(gradScale));
      FloatVector m =
          broadcast(F, momentum).fma(fromMemorySegment(F, ALL, buffer, ORDER), g.mul(fresh));
      m.intoMemorySegment(ALL, buffer, ORDER);
      broadcast(F, -rate)
          .fma(broadcast(F, ahead).fma(m, g.mul(own)), p)
          .intoMemorySegment(ALL, param, ORDER);
      ZERO.intoMemorySegment(ALL, grad, ORDER);
    }
    if (i < n) {
      VectorMask<Float> tail = F.indexInRange(0L, n - i);
      FloatVector p = fromMemorySegment(F, ALL, param, ORDER, tail);
      FloatVector g =
          broadcast(F, weightDecay)
              .fma(p, fromMemorySegment(F, ALL, grad, ORDER, tail).mul(gradScale));
      FloatVector m =
          broadcast(F, momentum).fma(fromMemorySegment(F, ALL, buffer, ORDER, tail), g.mul(fresh));
      m.intoMemorySegment(ALL, buffer, ORDER, tail);
      broadcast(F, -rate)
          .fma(broadcast(F, ahead).fma(m, g.mul(own)), p)
          .intoMemorySegment(ALL, param, ORDER, tail);
      ZERO.intoMemorySegment(ALL, grad, ORDER, tail);
    }
  }

  /**
   * Adam (Kingma and Ba 2015) and, with decoupled decay, AdamW (Loshchilov and Hutter 2019): g =
   * gradScale·grad, plus weightDecay·p if coupled; m += (1 - beta1)·(g - m); v = beta2·v + (1 -
   * beta2)·g²; p = p·(1 - rate·weightDecay) if decoupled; p -= rate/bc1 · m / (sqrt(v)/sqrt(bc2) +
   * eps).
   *
   * @param n elements
   * @param param p, updated
   * @param grad zeroed
   * @param m first moment, updated
   * @param v second moment, updated
   * @param biasCorrection1 bc1 = 1 - beta1^t
   * @param biasCorrection2 bc2 = 1 - beta2^t
   */
  public static void adam(
      long n,
      long param,
      long grad,
      long m,
      long v,
      double rate,
      double beta1,
      double beta2,
      double eps,
      double biasCorrection1,
      double biasCorrection2,
      double weightDecay,
      boolean decoupled,
      float gradScale) {
    float shrink = decoupled ? (float) (1 - rate * weightDecay) : 1;
    float decay = decoupled ? 0 : (float) weightDecay;
    float root = (float) Math.sqrt(biasCorrection2);
    float down = (float) (-rate / biasCorrection1);
    float fresh1 = (float) (1 - beta1);
    float fresh2 = (float) (1 - beta2);
    float keep2 = (float) beta2;
    long whole = n - n % LANES;
    adamVectors(
        whole,
        param,
        grad,
        m,
        v,
        gradScale,
        shrink,
        decay,
        fresh1,
        fresh2,
        keep2,
        root,
        (float) eps,
        down);
    if (whole < n) {
      long at = 4 * whole;
      adamTail(
          n - whole,
          param + at,
          grad + at,
          m + at,
          v + at,
          gradScale,
          shrink,
          decay,
          fresh1,
          fresh2,
          keep2,
          root,
          (float) eps,
          down);
    }
  }

  /** Whole vectors; apart from the tail because C1 cannot compile both in one method. */
  private static void adamVectors(
      long n,
      long param,
      long grad,
      long m,
      long v,
      float gradScale,
      float shrink,
      float decay,
      float fresh1,
      float fresh2,
      float keep2,
      float root,
      float floor,
      float down) {
    FloatVector shrinks = FloatVector.broadcast(F, shrink);
    FloatVector decays = FloatVector.broadcast(F, decay);
    FloatVector freshes1 = FloatVector.broadcast(F, fresh1);
    FloatVector freshes2 = FloatVector.broadcast(F, fresh2);
    FloatVector keeps2 = FloatVector.broadcast(F, keep2);
    FloatVector roots = FloatVector.broadcast(F, root);
    FloatVector floors = FloatVector.broadcast(F, floor);
    FloatVector downs = FloatVector.broadcast(F, down);
    for (long i = 0; i < n; i += LANES, param += BYTES, grad += BYTES, m += BYTES, v += BYTES) {
      FloatVector p = fromMemorySegment(F, ALL, param, ORDER);
      FloatVector g = decays.fma(p, fromMemorySegment(F, ALL, grad, ORDER).mul(gradScale));
      FloatVector first = fromMemorySegment(F, ALL, m, ORDER);
      first = freshes1.fma(g.sub(first), first);
      FloatVector second = keeps2.fma(fromMemorySegment(F, ALL, v, ORDER), g.mul(g).mul(freshes2));
      first.intoMemorySegment(ALL, m, ORDER);
      second.intoMemorySegment(ALL, v, ORDER);
      FloatVector denominator = second.sqrt().div(roots).add(floors);
      downs.fma(first.div(denominator), p.mul(shrinks)).intoMemorySegment(ALL, param, ORDER);
      ZERO.intoMemorySegment(ALL, grad, ORDER);
    }
  }

  private static void adamTail(
      long n,
      long param,
      long grad,
      long m,
      long v,
      float gradScale,
      float shrink,
      float decay,
      float fresh1,
      float fresh2,
      float keep2,
      float root,
      float floor,
      float down) {
    FloatVector shrinks = FloatVector.broadcast(F, shrink);
    FloatVector decays = FloatVector.broadcast(F, decay);
    FloatVector freshes1 = FloatVector.broadcast(F, fresh1);
    FloatVector freshes2 = FloatVector.broadcast(F, fresh2);
    FloatVector keeps2 = FloatVector.broadcast(F, keep2);
    FloatVector roots = FloatVector.broadcast(F, root);
    FloatVector floors = FloatVector.broadcast(F, floor);
    FloatVector downs = FloatVector.broadcast(F, down);
    VectorMask<Float> tail = F.indexInRange(0L, n);
    FloatVector p = fromMemorySegment(F, ALL, param, ORDER, tail);
    FloatVector g = decays.fma(p, fromMemorySegment(F, ALL, grad, ORDER, tail).mul(gradScale));
    FloatVector first = fromMemorySegment(F, ALL, m, ORDER, tail);
    first = freshes1.fma(g.sub(first), first);
    FloatVector second =
        keeps2.fma(fromMemorySegment(F, ALL, v, ORDER, tail), g.mul(g).mul(freshes2));
    first.intoMemorySegment(ALL, m, ORDER, tail);
    second.intoMemorySegment(ALL, v, ORDER, tail);
    FloatVector denominator = second.sqrt().div(roots).add(floors);
    downs.fma(first.div(denominator), p.mul(shrinks)).intoMemorySegment(ALL, param, ORDER, tail);
    ZERO.intoMemorySegment(ALL, grad, ORDER, tail);
  }
}
