package dev.gatun.kernels;

import static dev.gatun.kernels.Species.ALL;
import static dev.gatun.kernels.Species.BYTES;
import static dev.gatun.kernels.Species.F;
import static dev.gatun.kernels.Species.L;
import static dev.gatun.kernels.Species.LANES;
import static dev.gatun.kernels.Species.ORDER;
import static dev.gatun.kernels.Species.ZERO;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Philox4x32-10, the counter-based generator of every random mask and order (Salmon et al. 2011,
 * "Parallel random numbers: as easy as 1, 2, 3").
 */
public final class Philox {
  private static final int ROUNDS = 10;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;

  private static final long LOW = 0xFFFFFFFFL;
  private static final int BLOCKS = LANES / 2;

  // Nanoseconds an element on Zen 5: vectors of 512 bits 0.57 and of 256, which have no 64-bit
  // multiplication, 2.8; blocks one by one 3. Shuffles of two lanes, at 128 bits, allocate.
  private static final boolean WIDE = LANES == 16;
  private static final LongVector IOTA = LongVector.broadcast(L, 0).addIndex(1);

  // 0 0 1 1 ... and the second half of the same, to interleave words 0 and 1 with words 2 and 3.
  private static final VectorShuffle<Long> LOWER = VectorShuffle.fromOp(L, i -> i / 2);
  private static final VectorShuffle<Long> UPPER = VectorShuffle.fromOp(L, i -> (i + BLOCKS) / 2);
  private static final VectorMask<Long> ODD =
      VectorMask.fromLong(L, 0xAAAAAAAAAAAAAAAAL & ((1L << BLOCKS) - 1));

  private Philox() {}

  /**
   * One word of the block at {@code counter}: the value for the element {@code 4 * counter + word}.
   *
   * @param key the two key words, low word first
   * @param counterLow the low 64 bits of the counter
   * @param counterHigh the high 64 bits of the counter
   * @param word 0 to 3
   */
  public static int word(long key, long counterLow, long counterHigh, int word) {
    int c0 = (int) counterLow;
    int c1 = (int) (counterLow >>> 32);
    int c2 = (int) counterHigh;
    int c3 = (int) (counterHigh >>> 32);
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = MULTIPLIER_0 * (c0 & 0xFFFFFFFFL);
      long product1 = MULTIPLIER_1 * (c2 & 0xFFFFFFFFL);
      int next0 = (int) (product1 >>> 32) ^ c1 ^ k0;
      int next2 = (int) (product0 >>> 32) ^ c3 ^ k1;
      c1 = (int) product1;
      c3 = (int) product0;
      c0 = next0;
      c2 = next2;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    return switch (word) {
      case 0 -> c0;
      case 1 -> c1;
      case 2 -> c2;
      default -> c3;
    };
  }

  /** A float uniform in [0, 1) from the upper 24 bits of one {@link #word}. */
  public static float uniform(long key, long counterLow, long counterHigh, int word) {
    return (word(key, counterLow, counterHigh, word) >>> 8) * 0x1p-24f;
  }

  /** A double uniform in [0, 1) from 53 bits of words 0 (upper part) and 1 of a block. */
  public static double uniformDouble(long key, long counterLow, long counterHigh) {
    long upper = word(key, counterLow, counterHigh, 0) & LOW;
    long lower = word(key, counterLow, counterHigh, 1) & LOW;
    return ((upper << 32 | lower) >>> 11) * 0x1p-53;
  }

  /** The limit below which a word, read as unsigned, keeps its element: round(keep·2^32). */
  public static long threshold(double keepProbability) {
    return Math.round(keepProbability * 0x1p32);
  }

  /**
   * Inverted dropout: y[i] = x[i]·(1/keep) where the mask keeps element e = firstElement + i, else
   * 0. It keeps e iff word e mod 4 of the block e / 4 is below {@link #threshold}. Applied to dy it
   * is its own backward.
   *
   * @param n floats
   * @param firstElement the index in the mask of x[0], so that any part can be done alone
   * @param x address of n floats
   * @param y address of n floats, out; may be {@code x}
   * @param keepProbability above 0, at most 1
   * @param key the two key words, low word first
   * @param counterHigh the high 64 bits of the counter
   */
  public static void dropout(
      long n,
      long firstElement,
      long x,
      long y,
      double keepProbability,
      long key,
      long counterHigh) {
    long threshold = threshold(keepProbability);
    if (threshold > LOW) {
      Elementwise.copy(n, x, y);
      return;
    }
    float scale = (float) (1 / keepProbability);
    apply(n, firstElement, x, y, scale, threshold, key, counterHigh);
  }

  /**
   * The factors of a mask: y[i] = kept where the mask keeps element firstElement + i, else 0.
   *
   * @param n floats
   * @param firstElement the index in the mask of y[0]
   * @param y address of n floats, out
   * @param kept 1 / keepProbability for inverted dropout
   * @param keepProbability above 0, at most 1
   * @param key the two key words, low word first
   * @param counterHigh the high 64 bits of the counter
   */
  public static void mask(
      long n,
      long firstElement,
      long y,
      float kept,
      double keepProbability,
      long key,
      long counterHigh) {
    Elementwise.fill(n, y, kept);
    long threshold = threshold(keepProbability);
    if (threshold <= LOW) {
      apply(n, firstElement, y, y, 1f, threshold, key, counterHigh);
    }
  }

  private static void apply(
      long n,
      long firstElement,
      long x,
      long y,
      float scale,
      long threshold,
      long key,
      long counterHigh) {
    long head = Math.min(n, -firstElement & 3);
    scalarDropout(0, head, firstElement, x, y, scale, threshold, key, counterHigh);
    long i = head;
    for (; WIDE && i <= n - 2L * LANES; i += 2L * LANES) {
      twoVectors(
          (firstElement + i) >>> 2, x + 4 * i, y + 4 * i, scale, threshold, key, counterHigh);
    }
    for (; i <= n - 4; i += 4) {
      oneBlock((firstElement + i) >>> 2, x + 4 * i, y + 4 * i, scale, threshold, key, counterHigh);
    }
    scalarDropout(i, n, firstElement, x, y, scale, threshold, key, counterHigh);
  }

  private static void scalarDropout(
      long from,
      long to,
      long firstElement,
      long x,
      long y,
      float scale,
      long threshold,
      long key,
      long counterHigh) {
    for (long i = from; i < to; i++) {
      long e = firstElement + i;
      boolean keep = (word(key, e >>> 2, counterHigh, (int) e & 3) & LOW) < threshold;
      Species.setFloat(y + 4 * i, keep ? Species.getFloat(x + 4 * i) * scale : 0f);
    }
  }

  /** Four elements, as {@link #word} computes them but all at once. */
  private static void oneBlock(
      long block, long x, long y, float scale, long threshold, long key, long counterHigh) {
    long c0 = block & LOW;
    long c1 = block >>> 32;
    long c2 = counterHigh & LOW;
    long c3 = counterHigh >>> 32;
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = MULTIPLIER_0 * c0;
      long product1 = MULTIPLIER_1 * c2;
      c0 = (product1 >>> 32) ^ c1 ^ (k0 & LOW);
      c2 = (product0 >>> 32) ^ c3 ^ (k1 & LOW);
      c1 = product1 & LOW;
      c3 = product0 & LOW;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    keep(c0 - threshold, x, y, scale);
    keep(c1 - threshold, x + 4, y + 4, scale);
    keep(c2 - threshold, x + 8, y + 8, scale);
    keep(c3 - threshold, x + 12, y + 12, scale);
  }

  /** Keeps where {@code below} is negative, without a branch that is mispredicted at random. */
  private static void keep(long below, long x, long y, float scale) {
    int bits = Float.floatToRawIntBits(Species.getFloat(x) * scale) & (int) (below >> 63);
    Species.setFloat(y, Float.intBitsToFloat(bits));
  }

  /** LANES / 2 blocks at once, each in the low halves of one lane of four vectors. */
  private static void twoVectors(
      long block, long x, long y, float scale, long threshold, long key, long counterHigh) {
    LongVector counter = IOTA.add(block);
    LongVector c0 = counter.and(LOW);
    LongVector c1 = counter.lanewise(VectorOperators.LSHR, 32);
    LongVector c2 = LongVector.broadcast(L, counterHigh & LOW);
    LongVector c3 = LongVector.broadcast(L, counterHigh >>> 32);
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      LongVector product0 = c0.mul(MULTIPLIER_0);
      LongVector product1 = c2.mul(MULTIPLIER_1);
      c0 = product1.lanewise(VectorOperators.LSHR, 32);
      c0 = c0.lanewise(VectorOperators.XOR, c1).lanewise(VectorOperators.XOR, k0 & LOW);
      c2 = product0.lanewise(VectorOperators.LSHR, 32);
      c2 = c2.lanewise(VectorOperators.XOR, c3).lanewise(VectorOperators.XOR, k1 & LOW);
      c1 = product1.and(LOW);
      c3 = product0.and(LOW);
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    LongVector words01 = c1.lanewise(VectorOperators.LSHL, 32).or(c0);
    LongVector words23 = c3.lanewise(VectorOperators.LSHL, 32).or(c2);
    LongVector first = words01.rearrange(LOWER).blend(words23.rearrange(LOWER), ODD);
    LongVector second = words01.rearrange(UPPER).blend(words23.rearrange(UPPER), ODD);
    // Flipping the sign bit turns the unsigned comparison into a signed one.
    int limit = (int) threshold + Integer.MIN_VALUE;
    IntVector words = first.reinterpretAsInts().add(Integer.MIN_VALUE);
    VectorMask<Float> mask = words.compare(VectorOperators.LT, limit).cast(F);
    FloatVector value = fromMemorySegment(F, ALL, x, ORDER).mul(scale);
    ZERO.blend(value, mask).intoMemorySegment(ALL, y, ORDER);
    words = second.reinterpretAsInts().add(Integer.MIN_VALUE);
    mask = words.compare(VectorOperators.LT, limit).cast(F);
    value = fromMemorySegment(F, ALL, x + BYTES, ORDER).mul(scale);
    ZERO.blend(value, mask).intoMemorySegment(ALL, y + BYTES, ORDER);
  }
}
