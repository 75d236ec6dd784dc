package dev.gatun.train;

import java.util.Arrays;
import java.util.List;

/**
 * Vectors of tokens that stand in like places: skip-gram with negative sampling (Mikolov et al.
 * 2013, "Distributed representations of words and phrases and their compositionality", equation 4).
 * For a token w and each c of the tokens around it the sum
 *
 * <pre>log s(u_w . v_c) + sum over k negatives n: log s(-u_n . v_c)</pre>
 *
 * is raised by stochastic steps whose rate falls to zero in a straight line; negatives are drawn by
 * their count to the power of 3/4. One thread, so that a seed gives the same bits.
 *
 * @param size E
 * @param window the most tokens to each side; each place draws its own from 1 to this
 * @param negatives k for each pair
 * @param subsample tokens of a larger share f are left out with probability 1 - (sqrt(f / s) + 1) s
 *     / f, as the authors' program does; 0: none are
 * @param epochs how often the corpus is gone through
 * @param rate of the first step
 * @param seed of everything random
 */
public record Word2Vec(
    int size, int window, int negatives, double subsample, int epochs, double rate, long seed) {
  /** Sums beyond this have a slope of nearly nothing: the table of the sigmoid ends there. */
  private static final int REACH = 6;

  private static final int STEPS = 1000;

  private static final float[] SIGMOID = sigmoids();

  /** Checks the numbers. */
  public Word2Vec {
    if (size < 1 || window < 1 || negatives < 1 || epochs < 1) {
      throw new IllegalArgumentException(
          "size %d, window %d, negatives %d, epochs %d: give at least 1 of each"
              .formatted(size, window, negatives, epochs));
    }
    if (!(subsample >= 0 && rate > 0 && rate <= 1)) {
      throw new IllegalArgumentException(
          "subsample %s and rate %s: give 0 or more, and above 0 to 1".formatted(subsample, rate));
    }
  }

  /** The authors' usual numbers: window 5, 5 negatives, subsample 1e-3, 5 epochs, rate 0.025. */
  public static Word2Vec of(int size, long seed) {
    return new Word2Vec(size, 5, 5, 1e-3, 5, 0.025, seed);
  }

  /**
   * Learns from a corpus that is one text.
   *
   * @param tokens ids, 0 to vocabulary - 1
   * @param vocabulary V
   * @return a vector for each id, V of E; of one that does not occur, its random beginning
   * @throws IllegalArgumentException if an id is out of range or there are fewer than 2 tokens
   */
  public float[][] learn(int[] tokens, int vocabulary) {
    return learn(List.of(tokens), vocabulary);
  }

  /**
   * Learns from a corpus of several texts: the end of one is not near the beginning of the next.
   *
   * @param texts ids of each
   * @return as {@link #learn(int[], int)}
   */
  public float[][] learn(List<int[]> texts, int vocabulary) {
    int[] tokens = texts.stream().flatMapToInt(Arrays::stream).toArray();
    if (tokens.length < 2) {
      throw new IllegalArgumentException(tokens.length + " tokens: there must be at least 2");
    }
    long[] counts = new long[vocabulary];
    for (int token : tokens) {
      if (token < 0 || token >= vocabulary) {
        throw new IllegalArgumentException(
            "token %d is outside 0 to %d".formatted(token, vocabulary - 1));
      }
      counts[token]++;
    }
    int[] owners = new int[tokens.length];
    for (int text = 0, at = 0; text < texts.size(); text++) {
      int end = at + texts.get(text).length;
      Arrays.fill(owners, at, end, text);
      at = end;
    }
    return new Run(this, counts, tokens.length).learn(tokens, owners);
  }

  private static float[] sigmoids() {
    float[] table = new float[2 * REACH * STEPS + 1];
    for (int i = 0; i < table.length; i++) {
      // StrictMath: the same bits, interpreted and compiled.
      table[i] = (float) (1 / (1 + StrictMath.exp(REACH - (double) i / STEPS)));
    }
    return table;
  }

  private static float sigmoid(float x) {
    float within = Math.clamp(x, -REACH, REACH);
    return SIGMOID[(int) ((within + REACH) * STEPS)];
  }

  /** The work of one call. */
  private static final class Run {
    private final Word2Vec how;
    private final long all;
    private final long[] counts;
    private final float[][] inner;
    private final float[][] outer;
    private final double[] share;
    private final float[] change;
    private long state;

    Run(Word2Vec how, long[] counts, long all) {
      this.how = how;
      this.counts = counts;
      this.all = all;
      state = how.seed;
      inner = new float[counts.length][how.size];
      outer = new float[counts.length][how.size];
      change = new float[how.size];
      for (float[] vector : inner) {
        for (int i = 0; i < how.size; i++) {
          vector[i] = (float) ((uniform() - 0.5) / how.size);
        }
      }
      share = new double[counts.length];
      double sum = 0;
      for (int i = 0; i < share.length; i++) {
        sum += StrictMath.pow((double) counts[i], 0.75);
        share[i] = sum;
      }
    }

    /** SplitMix64 (Steele et al. 2014). */
    private long next() {
      state += 0x9E3779B97F4A7C15L;
      long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      return z ^ (z >>> 31);
    }

    private double uniform() {
      return (next() >>> 11) * 0x1p-53;
    }

    /** The text of each token is the one whose number {@code owners} has at its place. */
    float[][] learn(int[] tokens, int[] owners) {
      int[] kept = new int[tokens.length];
      int[] texts = new int[tokens.length];
      for (int epoch = 0; epoch < how.epochs; epoch++) {
        int count = 0;
        for (int i = 0; i < tokens.length; i++) {
          if (keeps(tokens[i])) {
            texts[count] = owners[i];
            kept[count++] = tokens[i];
          }
        }
        for (int at = 0; at < count; at++) {
          double done = (epoch + (double) at / count) / how.epochs;
          float rate = (float) (how.rate * Math.max(1e-4, 1 - done));
          int reach = 1 + (int) (uniform() * how.window);
          int last = Math.min(count - 1, at + reach);
          for (int near = Math.max(0, at - reach); near <= last; near++) {
            if (near != at && texts[near] == texts[at]) {
              pair(kept[near], kept[at], rate);
            }
          }
        }
      }
      return inner;
    }

    private boolean keeps(int token) {
      if (how.subsample == 0) {
        return true;
      }
      double f = (double) counts[token] / all;
      double odds = (Math.sqrt(f / how.subsample) + 1) * how.subsample / f;
      return odds >= 1 || uniform() < odds;
    }

    /** One step: the vector of a token near, what it should foretell, and some drawn ones. */
    private void pair(int near, int wanted, float rate) {
      float[] v = inner[near];
      for (int k = 0; k <= how.negatives; k++) {
        int token = k == 0 ? wanted : draw();
        if (k > 0 && token == wanted) {
          continue;
        }
        float[] u = outer[token];
        float dot = 0;
        for (int i = 0; i < v.length; i++) {
          dot += v[i] * u[i];
        }
        float step = rate * ((k == 0 ? 1 : 0) - sigmoid(dot));
        for (int i = 0; i < v.length; i++) {
          change[i] += step * u[i];
          u[i] += step * v[i];
        }
      }
      for (int i = 0; i < v.length; i++) {
        v[i] += change[i];
        change[i] = 0;
      }
    }

    private int draw() {
      double at = uniform() * share[share.length - 1];
      int low = 0;
      int high = share.length - 1;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (share[middle] <= at) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }
  }
}
