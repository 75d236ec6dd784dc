package dev.gatun.backend.reference;

import dev.gatun.kernels.Philox;

/** Which elements a dropout mask keeps: see {@link dev.gatun.backend.MaskKey}. */
final class Mask {
  private static final double WORDS = 0x1p32;
  private static final int WORDS_PER_BLOCK = 4;

  private Mask() {}

  /** Whether element {@code e} survives a dropout of this rate. */
  static boolean keeps(long seed, long counterHigh, long e, double rate) {
    long threshold = Math.round((1 - rate) * WORDS);
    int word = Philox.word(seed, e / WORDS_PER_BLOCK, counterHigh, (int) (e % WORDS_PER_BLOCK));
    return Integer.toUnsignedLong(word) < threshold;
  }
}
