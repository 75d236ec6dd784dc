package dev.gatun.kernels;

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
}
