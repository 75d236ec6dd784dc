package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ONE;
import static dev.gatun.kernels.Species.ORDER;
import static dev.gatun.kernels.Species.ZERO;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Passes of parameter updates over flat float32 memory. A rule is one pass, or one that turns the
 * gradient into a direction and {@link #descend} or {@link #momentum} after it, which zero it. All
 * take whole vectors only: n is a multiple of {@link Species#lanes}, and the caller copies what is
 * left over. Elementwise, so the bits do not depend on how the memory is cut. In all, g = factor·g
 * + decay·p comes first.
 */
public final class Optimizers {
  private Optimizers() {}

  /** p = shrink·p - rate·g; g = 0. */
  public static void descend(
      long n, long p, long g, float factor, float decay, float rate, float shrink) {
    FloatVector decays = broadcast(F, decay);
    FloatVector downs = broadcast(F, -rate);
    FloatVector factors = broadcast(F, factor);
    FloatVector shrinks = broadcast(F, shrink);
    for (long i = 0; i < n; i += LANES, p += BYTES, g += BYTES) {
      FloatVector x = fromMemorySegment(F, ALL, p, ORDER);
      FloatVector d = decays.fma(x, fromMemorySegment(F, ALL, g, ORDER).mul(factors));
      downs.fma(d, x.mul(shrinks)).intoMemorySegment(ALL, p, ORDER);
      ZERO.intoMemorySegment(ALL, g, ORDER);
    }
  }

  /**
   * m = keep·m + g; p -= rate·(own·g + ahead·m); g = 0. Plain momentum has own 0 and ahead 1,
   * Nesterov's own 1 and ahead keep.
   */
  public static void momentum(
      long n,
      long p,
      long g,
      long m,
      float factor,
      float decay,
      float rate,
      float keep,
      float own,
      float ahead) {
    FloatVector decays = broadcast(F, decay);
    FloatVector keeps = broadcast(F, keep);
    FloatVector downs = broadcast(F, -rate);
    FloatVector aheads = broadcast(F, ahead);
    FloatVector factors = broadcast(F, factor);
    FloatVector owns = broadcast(F, own);
    for (long i = 0; i < n; i += LANES, p += BYTES, g += BYTES, m += BYTES) {
      FloatVector x = fromMemorySegment(F, ALL, p, ORDER);
      FloatVector d = decays.fma(x, fromMemorySegment(F, ALL, g, ORDER).mul(factors));
      FloatVector velocity = keeps.fma(fromMemorySegment(F, ALL, m, ORDER), d);
      velocity.intoMemorySegment(ALL, m, ORDER);
      downs.fma(aheads.fma(velocity, d.mul(owns)), x).intoMemorySegment(ALL, p, ORDER);
      ZERO.intoMemorySegment(ALL, g, ORDER);
    }
  }

  /**
   * Adam in one pass: m += fresh1·(g - m); v = keep2·v + fresh2·g²; p = shrink·p - rate·m /
   * (sqrt(v)/root + eps); g = 0.
   *
   * @param rate with the bias correction of m
   * @param root of the bias correction of v
   */
  public static void adam(
      long n,
      long p,
      long g,
      long m,
      long v,
      float factor,
      float decay,
      float rate,
      float shrink,
      float fresh1,
      float keep2,
      float fresh2,
      float root,
      float eps) {
    FloatVector decays = broadcast(F, decay);
    FloatVector freshes1 = broadcast(F, fresh1);
    FloatVector keeps2 = broadcast(F, keep2);
    FloatVector downs = broadcast(F, -rate);
    FloatVector factors = broadcast(F, factor);
    FloatVector freshes2 = broadcast(F, fresh2);
    FloatVector roots = broadcast(F, root);
    FloatVector floors = broadcast(F, eps);
    FloatVector shrinks = broadcast(F, shrink);
    for (long i = 0; i < n; i += LANES, p += BYTES, g += BYTES, m += BYTES, v += BYTES) {
      FloatVector x = fromMemorySegment(F, ALL, p, ORDER);
      FloatVector d = decays.fma(x, fromMemorySegment(F, ALL, g, ORDER).mul(factors));
      FloatVector first = fromMemorySegment(F, ALL, m, ORDER);
      first = freshes1.fma(d.sub(first), first);
      FloatVector second = keeps2.fma(fromMemorySegment(F, ALL, v, ORDER), d.mul(d).mul(freshes2));
      first.intoMemorySegment(ALL, m, ORDER);
      second.intoMemorySegment(ALL, v, ORDER);
      FloatVector denominator = second.sqrt().div(roots).add(floors);
      downs.fma(first.div(denominator), x.mul(shrinks)).intoMemorySegment(ALL, p, ORDER);
      ZERO.intoMemorySegment(ALL, g, ORDER);
    }
  }

  /**
   * The direction of rules with Adam's moments: m and v as there; g = (now·g + late·m) / (sqrt(v) /
   * root + eps) + penalty·p.
   */
  public static void adaptive(
      long n,
      long p,
      long g,
      long m,
      long v,
      float factor,
      float decay,
      float fresh1,
      float keep2,
      float fresh2,
      float root,
      float eps,
      float now,
      float late,
      float penalty) {
    FloatVector decays = broadcast(F, decay);
    FloatVector freshes1 = broadcast(F, fresh1);
    FloatVector keeps2 = broadcast(F, keep2);
    FloatVector penalties = broadcast(F, penalty);
    FloatVector lates = broadcast(F, late);
    FloatVector factors = broadcast(F, factor);
    FloatVector freshes2 = broadcast(F, fresh2);
    FloatVector roots = broadcast(F, root);
    FloatVector floors = broadcast(F, eps);
    FloatVector nows = broadcast(F, now);
    for (long i = 0; i < n; i += LANES, p += BYTES, g += BYTES, m += BYTES, v += BYTES) {
      FloatVector x = fromMemorySegment(F, ALL, p, ORDER);
      FloatVector d = decays.fma(x, fromMemorySegment(F, ALL, g, ORDER).mul(factors));
      FloatVector first = fromMemorySegment(F, ALL, m, ORDER);
      first = freshes1.fma(d.sub(first), first);
      FloatVector second = keeps2.fma(fromMemorySegment(F, ALL, v, ORDER), d.mul(d).mul(freshes2));
      first.intoMemorySegment(ALL, m, ORDER);
      second.intoMemorySegment(ALL, v, ORDER);
      FloatVector denominator = second.sqrt().div(roots).add(floors);
      penalties
          .fma(x, lates.fma(first, d.mul(nows)).div(denominator))
          .intoMemorySegment(ALL, g, ORDER);
    }
  }

  /** AMSGrad's direction: as {@link #adaptive} with the largest v so far in the root, now 0. */
  public static void amsgrad(
      long n,
      long p,
      long g,
      long m,
      long v,
      long most,
      float factor,
      float decay,
      float fresh1,
      float keep2,
      float fresh2,
      float root,
      float eps,
      float late) {
    FloatVector decays = broadcast(F, decay);
    FloatVector freshes1 = broadcast(F, fresh1);
    FloatVector keeps2 = broadcast(F, keep2);
    FloatVector factors = broadcast(F, factor);
    FloatVector freshes2 = broadcast(F, fresh2);
    FloatVector lates = broadcast(F, late);
    FloatVector roots = broadcast(F, root);
    FloatVector floors = broadcast(F, eps);
    for (long i = 0; i < n; i += LANES, p += BYTES, g += BYTES, m += BYTES, v += BYTES) {
      FloatVector x = fromMemorySegment(F, ALL, p, ORDER);
      FloatVector d = decays.fma(x, fromMemorySegment(F, ALL, g, ORDER).mul(factors));
      FloatVector first = fromMemorySegment(F, ALL, m, ORDER);
      first = freshes1.fma(d.sub(first), first);
      FloatVector second = keeps2.fma(fromMemorySegment(F, ALL, v, ORDER), d.mul(d).mul(freshes2));
      FloatVector top = second.max(fromMemorySegment(F, ALL, most + 4 * i, ORDER));
      first.intoMemorySegment(ALL, m, ORDER);
      second.intoMemorySegment(ALL, v, ORDER);
      top.intoMemorySegment(ALL, most + 4 * i, ORDER);
      first.mul(lates).div(top.sqrt().div(roots).add(floors)).intoMemorySegment(ALL, g, ORDER);
    }
  }

  /** v = keep·v + fresh·g²; g = g / (sqrt(v) + eps): RMSprop and, with keep 1, Adagrad. */
  public static void rms(
      long n,
      long p,
      long g,
      long v,
      float factor,
      float decay,
      float keep,
      float fresh,
      float eps) {
    FloatVector decays = broadcast(F, decay);
    FloatVector keeps = broadcast(F, keep);
    FloatVector factors = broadcast(F, factor);
    FloatVector freshes = broadcast(F, fresh);
    FloatVector floors = broadcast(F, eps);
    for (long i = 0; i < n; i += LANES, p += BYTES, g += BYTES, v += BYTES) {
      FloatVector d =
          decays.fma(
              fromMemorySegment(F, ALL, p, ORDER),
              fromMemorySegment(F, ALL, g, ORDER).mul(factors));
      FloatVector square = keeps.fma(fromMemorySegment(F, ALL, v, ORDER), d.mul(d).mul(freshes));
      square.intoMemorySegment(ALL, v, ORDER);
      d.div(square.sqrt().add(floors)).intoMemorySegment(ALL, g, ORDER);
    }
  }

  /** As {@link #rms} with the mean of g, squared, off v: a += fresh·(g - a). */
  public static void centeredRms(
      long n,
      long p,
      long g,
      long v,
      long a,
      float factor,
      float decay,
      float keep,
      float fresh,
      float eps) {
    FloatVector decays = broadcast(F, decay);
    FloatVector keeps = broadcast(F, keep);
    FloatVector freshes = broadcast(F, fresh);
    FloatVector factors = broadcast(F, factor);
    FloatVector floors = broadcast(F, eps);
    for (long i = 0; i < n; i += LANES, p += BYTES, g += BYTES, v += BYTES, a += BYTES) {
      FloatVector d =
          decays.fma(
              fromMemorySegment(F, ALL, p, ORDER),
              fromMemorySegment(F, ALL, g, ORDER).mul(factors));
      FloatVector square = keeps.fma(fromMemorySegment(F, ALL, v, ORDER), d.mul(d).mul(freshes));
      FloatVector mean = fromMemorySegment(F, ALL, a, ORDER);
      mean = freshes.fma(d.sub(mean), mean);
      square.intoMemorySegment(ALL, v, ORDER);
      mean.intoMemorySegment(ALL, a, ORDER);
      FloatVector variance = square.sub(mean.mul(mean)).max(ZERO);
      d.div(variance.sqrt().add(floors)).intoMemorySegment(ALL, g, ORDER);
    }
  }

  /**
   * v = keep·v + fresh·g²; g = sqrt(u + eps) / sqrt(v + eps)·g; u = keep·u + fresh·g², of the new
   * g.
   */
  public static void adadelta(
      long n,
      long p,
      long g,
      long v,
      long u,
      float factor,
      float decay,
      float keep,
      float fresh,
      float eps) {
    FloatVector decays = broadcast(F, decay);
    FloatVector keeps = broadcast(F, keep);
    FloatVector factors = broadcast(F, factor);
    FloatVector freshes = broadcast(F, fresh);
    FloatVector floors = broadcast(F, eps);
    for (long i = 0; i < n; i += LANES, p += BYTES, g += BYTES, v += BYTES, u += BYTES) {
      FloatVector d =
          decays.fma(
              fromMemorySegment(F, ALL, p, ORDER),
              fromMemorySegment(F, ALL, g, ORDER).mul(factors));
      FloatVector square = keeps.fma(fromMemorySegment(F, ALL, v, ORDER), d.mul(d).mul(freshes));
      square.intoMemorySegment(ALL, v, ORDER);
      FloatVector before = fromMemorySegment(F, ALL, u, ORDER);
      FloatVector to = before.add(floors).sqrt().div(square.add(floors).sqrt()).mul(d);
      keeps.fma(before, to.mul(to).mul(freshes)).intoMemorySegment(ALL, u, ORDER);
      to.intoMemorySegment(ALL, g, ORDER);
    }
  }

  /** c = m + fresh1·(g - m); m += fresh2·(g - m); g = sign(c). */
  public static void lion(
      long n, long p, long g, long m, float factor, float decay, float fresh1, float fresh2) {
    FloatVector decays = broadcast(F, decay);
    FloatVector freshes1 = broadcast(F, fresh1);
    FloatVector freshes2 = broadcast(F, fresh2);
    FloatVector minusOnes = broadcast(F, -1f);
    FloatVector factors = broadcast(F, factor);
    for (long i = 0; i < n; i += LANES, p += BYTES, g += BYTES, m += BYTES) {
      FloatVector d =
          decays.fma(
              fromMemorySegment(F, ALL, p, ORDER),
              fromMemorySegment(F, ALL, g, ORDER).mul(factors));
      FloatVector mean = fromMemorySegment(F, ALL, m, ORDER);
      FloatVector c = freshes1.fma(d.sub(mean), mean);
      freshes2.fma(d.sub(mean), mean).intoMemorySegment(ALL, m, ORDER);
      c.blend(ONE, c.compare(VectorOperators.GT, ZERO))
          .blend(minusOnes, c.compare(VectorOperators.LT, ZERO))
          .intoMemorySegment(ALL, g, ORDER);
    }
  }
}
