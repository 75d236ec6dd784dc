package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ORDER;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;

/**
 * What one core can do, for comparison: multiply-adds from registers and reading from memory. Each
 * figure is the best of many short runs, because other work on the machine only slows.
 */
public final class Peak {
  private static final int ROUNDS = 2_000;
  // Two units of latency 4 need 8; 12 leave 4 of 16 registers for the operands.
  private static final int ACCUMULATORS = 12;

  private Peak() {}

  /**
   * The peak of fused multiply-adds on one thread in GFLOP/s (two operations each).
   *
   * @param seconds how long to measure, 0.5 or more so that the loop is compiled
   */
  public static double fmaGflops(double seconds) {
    double flops = 2.0 * LANES * ACCUMULATORS * ROUNDS;
    long end = System.nanoTime() + (long) (seconds * 1e9);
    double best = 0;
    double kept = 0;
    do {
      long start = System.nanoTime();
      // 0.5·x + 0.25 converges to 0.5: no overflow and no subnormal numbers, however long it runs.
      kept += multiplyAdds(ROUNDS, 0.5f, 0.25f);
      best = Math.max(best, flops / (System.nanoTime() - start));
    } while (System.nanoTime() < end);
    if (Double.isNaN(kept)) {
      throw new AssertionError("a converging sum became NaN");
    }
    return best;
  }

  private static float multiplyAdds(int rounds, float factor, float term) {
    FloatVector f = FloatVector.broadcast(F, factor);
    FloatVector t = FloatVector.broadcast(F, term);
    FloatVector a0 = FloatVector.broadcast(F, 0f);
    FloatVector a1 = FloatVector.broadcast(F, 1f);
    FloatVector a2 = FloatVector.broadcast(F, 2f);
    FloatVector a3 = FloatVector.broadcast(F, 3f);
    FloatVector a4 = FloatVector.broadcast(F, 4f);
    FloatVector a5 = FloatVector.broadcast(F, 5f);
    FloatVector a6 = FloatVector.broadcast(F, 6f);
    FloatVector a7 = FloatVector.broadcast(F, 7f);
    FloatVector a8 = FloatVector.broadcast(F, 8f);
    FloatVector a9 = FloatVector.broadcast(F, 9f);
    FloatVector a10 = FloatVector.broadcast(F, 10f);
    FloatVector a11 = FloatVector.broadcast(F, 11f);
    for (int r = 0; r < rounds; r++) {
      a0 = a0.fma(f, t);
      a1 = a1.fma(f, t);
      a2 = a2.fma(f, t);
      a3 = a3.fma(f, t);
      a4 = a4.fma(f, t);
      a5 = a5.fma(f, t);
      a6 = a6.fma(f, t);
      a7 = a7.fma(f, t);
      a8 = a8.fma(f, t);
      a9 = a9.fma(f, t);
      a10 = a10.fma(f, t);
      a11 = a11.fma(f, t);
    }
    FloatVector sum = a0.add(a1).add(a2).add(a3).add(a4).add(a5);
    sum = sum.add(a6).add(a7).add(a8).add(a9).add(a10).add(a11);
    return sum.lane(0);
  }

  /**
   * Reading speed of one thread in GB/s (10^9 bytes): of the cache level that {@code bytes} fit in.
   *
   * @param address readable memory of {@code bytes}
   * @param bytes at least a few thousand
   * @param seconds how long to measure
   */
  public static double readGBps(long address, long bytes, double seconds) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    long passes = Math.max(1, (1L << 22) / bytes);
    double best = 0;
    double kept = 0;
    do {
      long start = System.nanoTime();
      for (long pass = 0; pass < passes; pass++) {
        kept += read(address, bytes);
      }
      best = Math.max(best, (double) bytes * passes / (System.nanoTime() - start));
    } while (System.nanoTime() < end);
    // Uses the sums, so that the reads stay.
    return kept == 0.1 ? Math.nextUp(best) : best;
  }

  private static float read(long address, long bytes) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    long end = address + bytes - 4 * BYTES;
    for (long x = address; x <= end; x += 4 * BYTES) {
      s0 = s0.add(fromMemorySegment(F, ALL, x, ORDER));
      s1 = s1.add(fromMemorySegment(F, ALL, x + BYTES, ORDER));
      s2 = s2.add(fromMemorySegment(F, ALL, x + 2 * BYTES, ORDER));
      s3 = s3.add(fromMemorySegment(F, ALL, x + 3 * BYTES, ORDER));
    }
    return s0.add(s1).add(s2.add(s3)).lane(0);
  }
}
