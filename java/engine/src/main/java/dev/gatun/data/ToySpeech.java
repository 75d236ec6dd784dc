package dev.gatun.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Speech in miniature, to try alignment on: words of letters 1 to {@link #LETTERS} as noisy frames
 * of {@link #FEATURES} numbers, without a word on where a letter begins. A letter sounds like its
 * own pattern, the same in all words, for 2 to 5 frames; 0 to 2 frames of silence follow it, at
 * least 1 before the same letter again. To each number normal noise is added. The same seed gives
 * the same words.
 */
public final class ToySpeech {
  /** Different letters; label 0 is left for CTC's blank. */
  public static final int LETTERS = 6;

  /** Numbers of a frame. */
  public static final int FEATURES = 8;

  private static final int SHORTEST_WORD = 2;
  private static final int LONGEST_WORD = 7;

  /** So that letters of the same language sound the same whatever seed words are drawn with. */
  private static final long LANGUAGE = 2006;

  private final float[][] patterns = new float[LETTERS + 1][FEATURES];
  private final Random random;
  private final double noise;

  private ToySpeech(long seed, double noise) {
    random = new Random(seed);
    this.noise = noise;
    Random language = new Random(LANGUAGE);
    for (int letter = 1; letter <= LETTERS; letter++) {
      for (int c = 0; c < FEATURES; c++) {
        patterns[letter][c] = language.nextBoolean() ? 1 : -1;
      }
    }
  }

  /** Words and how they sound. */
  public static final class Words {
    private final float[][][] frames;
    private final int[][] labels;

    private Words(float[][][] frames, int[][] labels) {
      this.frames = frames;
      this.labels = labels;
    }

    /** [word][frame][{@link #FEATURES}]. */
    public float[][][] frames() {
      return frames;
    }

    /** [word][letter], 1 to {@link #LETTERS}. */
    public int[][] labels() {
      return labels;
    }

    /** For an {@link ArraySource}. */
    public Examples examples() {
      return Examples.features(frames).labels(labels);
    }
  }

  /**
   * Speaks random words.
   *
   * @param count of words
   * @param noise its standard deviation; letters differ by 2 in some of their numbers
   * @param seed of words, durations and noise
   */
  public static Words speak(int count, double noise, long seed) {
    ToySpeech speaker = new ToySpeech(seed, noise);
    float[][][] frames = new float[count][][];
    int[][] labels = new int[count][];
    for (int i = 0; i < count; i++) {
      labels[i] = speaker.word();
      frames[i] = speaker.sound(labels[i]);
    }
    return new Words(frames, labels);
  }

  private int[] word() {
    int[] letters = new int[random.nextInt(SHORTEST_WORD, LONGEST_WORD + 1)];
    for (int i = 0; i < letters.length; i++) {
      letters[i] = random.nextInt(1, LETTERS + 1);
    }
    return letters;
  }

  private float[][] sound(int[] letters) {
    List<float[]> frames = new ArrayList<>();
    for (int i = 0; i < letters.length; i++) {
      add(frames, letters[i], random.nextInt(2, 6));
      boolean again = i + 1 < letters.length && letters[i + 1] == letters[i];
      add(frames, 0, random.nextInt(again ? 1 : 0, 3));
    }
    return frames.toArray(float[][]::new);
  }

  private void add(List<float[]> frames, int letter, int count) {
    for (int i = 0; i < count; i++) {
      float[] frame = new float[FEATURES];
      for (int c = 0; c < FEATURES; c++) {
        frame[c] = (float) (patterns[letter][c] + noise * random.nextGaussian());
      }
      frames.add(frame);
    }
  }
}
