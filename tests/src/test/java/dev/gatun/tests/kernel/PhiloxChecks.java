package dev.gatun.tests.kernel;

import dev.gatun.kernels.Philox;
import java.util.Arrays;
import java.util.List;

/** {@link Philox} against Random123's known answers, and dropout against its scalar definition. */
final class PhiloxChecks {
  private PhiloxChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("Philox known answers", b -> knownAnswers()),
        new Check("uniform numbers", b -> uniform()),
        new Check("dropout", PhiloxChecks::dropout),
        new Check("dropout of everything and nothing", PhiloxChecks::dropoutLimits));
  }

  /** The philox4x32-10 lines of Random123's kat_vectors. */
  private static void knownAnswers() {
    answer(0, 0, 0, new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    answer(-1, -1, -1, new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    answer(
        0x299f31d0a4093822L,
        0x85a308d3243f6a88L,
        0x0370734413198a2eL,
        new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  }

  private static void answer(long key, long low, long high, int[] expected) {
    for (int word = 0; word < 4; word++) {
      Check.that(Philox.word(key, low, high, word) == expected[word], "word " + word);
    }
  }

  private static void uniform() {
    double sum = 0;
    double doubles = 0;
    int count = 100_000;
    for (int i = 0; i < count; i++) {
      float f = Philox.uniform(7, i, 3, i & 3);
      double d = Philox.uniformDouble(7, i, 4);
      Check.that(f >= 0 && f < 1 && d >= 0 && d < 1, "outside [0, 1): " + f + ", " + d);
      sum += f;
      doubles += d;
    }
    // Standard deviation of the mean: 1 / sqrt(12 * 100000) = 0.0009; five of them.
    Check.near(0.5, sum / count, 0.0046, "mean of floats");
    Check.near(0.5, doubles / count, 0.0046, "mean of doubles");
  }

  private static void dropout(Buffers b) {
    long key = 0x1234_5678_9ABC_DEF0L;
    long high = (5L << 40) | 77;
    for (int n = 1; n <= 140; n++) {
      // Crosses the carry from the low to the high word of the block counter.
      long first = (n % 2 == 0 ? 0 : (1L << 34) - 64) + n * 3L;
      double keep = n % 3 == 0 ? 0.9 : 0.35;
      long x = b.random(n, 1);
      float[] xs = Buffers.read(x, n);
      long y = b.floats(n);
      Philox.dropout(n, first, x, y, keep, key, high);
      Philox.dropout(n, first, x, x, keep, key, high);
      for (int i = 0; i < n; i++) {
        long e = first + i;
        long word = Integer.toUnsignedLong(Philox.word(key, e >>> 2, high, (int) (e & 3)));
        boolean kept = word < Math.round(keep * 0x1p32);
        float expected = kept ? xs[i] * (float) (1 / keep) : 0f;
        Check.near(expected, Buffers.get(y, i), 0, "element " + i + " of " + n);
        Check.near(expected, Buffers.get(x, i), 0, "in place, element " + i + " of " + n);
      }
    }
  }

  private static void dropoutLimits(Buffers b) {
    int n = 99;
    long x = b.random(n, 1);
    long y = b.floats(n);
    Philox.dropout(n, 1, x, y, 1.0, 2, 3);
    Check.that(Arrays.equals(Buffers.read(x, n), Buffers.read(y, n)), "keeps all");
    long nan = b.floats(n);
    Philox.dropout(n, 0, nan, y, 1e-12, 2, 3);
    Check.near(new double[n], Buffers.read(y, n), 0, "a dropped NaN is 0");
  }
}
