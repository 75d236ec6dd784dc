package dev.gatun.app.run;

import java.util.Arrays;
import java.util.Random;

/**
 * Draws tokens from logits. {@link Random}'s sequence is specified, so a seed gives the same tokens
 * everywhere.
 */
public final class Sampler {
  private final double temperature;
  private final int topK;
  private final Random random;
  private final double[] weights;
  private final float[] sorted;

  /**
   * A sampler.
   *
   * @param vocabulary V
   * @param temperature what logits are divided by; 0: the largest always wins
   * @param topK how many of the largest take part; 0: all
   * @param seed of the draws
   */
  public Sampler(int vocabulary, double temperature, int topK, long seed) {
    this.temperature = temperature;
    this.topK = topK == 0 ? vocabulary : Math.min(topK, vocabulary);
    random = new Random(seed);
    weights = new double[vocabulary];
    sorted = new float[vocabulary];
  }

  /**
   * Draws a token.
   *
   * @param logits [V]
   */
  public int next(float[] logits) {
    System.arraycopy(logits, 0, sorted, 0, sorted.length);
    Arrays.sort(sorted);
    float largest = sorted[sorted.length - 1];
    if (temperature == 0) {
      return indexOf(logits, largest);
    }
    float least = sorted[sorted.length - topK];
    double sum = 0;
    int left = topK; // of equal logits at the border only as many take part as there is room for
    for (int i = 0; i < weights.length; i++) {
      boolean takes = logits[i] >= least && left > 0;
      weights[i] = takes ? Math.exp((logits[i] - largest) / temperature) : 0;
      left -= takes ? 1 : 0;
      sum += weights[i];
    }
    double at = random.nextDouble() * sum;
    int last = 0;
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        last = i;
        at -= weights[i];
        if (at < 0) {
          return i;
        }
      }
    }
    return last;
  }

  private static int indexOf(float[] values, float value) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] == value) {
        return i;
      }
    }
    throw new IllegalArgumentException("logits are not numbers: " + values[0]);
  }
}
