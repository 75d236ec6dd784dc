package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.MaskKey;
import dev.gatun.kernels.Philox;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The masks: their definition, their statistics, and the same ones on every backend. */
@ParameterizedClass
@MethodSource("names")
class DropoutContractTest extends Contract {
  private static final long SEED = 0x1234_5678_9ABC_DEF0L;

  private final Tensor step = workspace.tensor(DType.I64, 1);

  DropoutContractTest(String name) {
    super(name);
  }

  private MaskKey key(long seed, int layer, long atStep) {
    write(step, (double) atStep);
    return new MaskKey(seed, layer, step);
  }

  private double[] mask(int size, double rate, MaskKey key) {
    Tensor y = workspace.real(size);
    backend.fill(y, 1);
    backend.dropout(size, y, y, rate, key);
    return read(y);
  }

  /** The known answers of the generator's authors (Random123, kat_vectors). */
  @Test
  void philoxGivesItsKnownAnswers() {
    int[][] blocks = {
      {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
      {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
      {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}
    };
    for (int word = 0; word < 4; word++) {
      assertEquals(blocks[0][word], Philox.word(0, 0, 0, word));
      assertEquals(blocks[1][word], Philox.word(-1, -1, -1, word));
      assertEquals(
          blocks[2][word],
          Philox.word(0x299f31d0_a4093822L, 0x85a308d3_243f6a88L, 0x03707344_13198a2eL, word));
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.1, 0.5, 0.9})
  void followsItsDefinition(double rate) {
    int size = 131;
    MaskKey key = key(SEED, 5, (1L << 33) + 17);
    Tensor x = random(size + 3);
    Tensor y = random(size + 3);
    double[] expected = read(y);
    double[] given = read(x);
    int kept = 0;
    for (int e = 0; e < size; e++) {
      int word = Philox.word(SEED, e / 4, (5L << 40) + (1L << 33) + 17, e % 4);
      boolean keep = (word & 0xFFFF_FFFFL) < Math.round((1 - rate) * 4294967296.0);
      kept += keep ? 1 : 0;
      expected[e] = keep ? given[e] / (1 - rate) : 0;
    }
    backend.dropout(size, x, y, rate, key);
    assertTrue(rate == 0 ? kept == size : kept > 0 && kept < size);
    // a division, or a product with the rounded inverse: 2 roundings
    double[] actual = read(y);
    assertArrayEquals(expected, actual, 2 * eps * 10);
    for (int e = 0; e < size; e++) {
      assertEquals(expected[e] == 0, actual[e] == 0, "element " + e);
    }
  }

  @Test
  void keepsTheShareThatItShould() {
    int size = 40_000;
    double rate = 0.3;
    double[] mask = mask(size, rate, key(SEED, 1, 2));
    double kept = Arrays.stream(mask).filter(v -> v != 0).count();
    double sigma = Math.sqrt(size * rate * (1 - rate));
    assertTrue(Math.abs(kept - size * (1 - rate)) < 4 * sigma, "kept " + kept);
    double pairs = 0;
    for (int i = 1; i < size; i++) {
      pairs += mask[i] != 0 && mask[i - 1] != 0 ? 1 : 0;
    }
    // neighbours are independent: both kept with probability 0.49
    assertTrue(Math.abs(pairs / size - 0.49) < 0.02, "pairs " + pairs);
  }

  /** At these steps a word lies between round(keep * 2^32) of a double and of a float keep. */
  @Test
  void theLimitIsNotRoundedToAFloat() {
    assertTrue(mask(4, 0.3, key(SEED, 5, 2_069_126))[0] != 0);
    assertTrue(mask(4, 0.1, key(SEED, 5, 34_348_664))[3] != 0);
  }

  @Test
  void everyPartOfTheKeyMatters() {
    double[] mask = mask(200, 0.5, key(SEED, 1, 2));
    assertArrayEquals(mask, mask(200, 0.5, key(SEED, 1, 2)));
    assertFalse(Arrays.equals(mask, mask(200, 0.5, key(SEED + 1, 1, 2))));
    assertFalse(Arrays.equals(mask, mask(200, 0.5, key(SEED + (1L << 32), 1, 2))));
    assertFalse(Arrays.equals(mask, mask(200, 0.5, key(SEED, 2, 2))));
    assertFalse(Arrays.equals(mask, mask(200, 0.5, key(SEED, 1, 3))));
  }

  @Test
  void refusesWrongArguments() {
    Tensor x = workspace.real(5);
    MaskKey key = key(SEED, 1, 2);
    assertRefused("rate 1.0", () -> backend.dropout(5, x, x, 1, key));
    assertRefused("rate -0.1", () -> backend.dropout(5, x, x, -0.1, key));
    assertRefused("rate NaN", () -> backend.dropout(5, x, x, Double.NaN, key));
    assertRefused("dropout: x", () -> backend.dropout(6, x, x, 0.5, key));
    assertRefused("mask layer -1", () -> backend.dropout(5, x, x, 0.5, key.withLayer(-1)));
    assertRefused("mask step", () -> backend.dropout(5, x, x, 0.5, new MaskKey(1, 1, x)));
  }
}
