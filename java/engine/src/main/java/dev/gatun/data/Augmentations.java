package dev.gatun.data;

/**
 * The usual augmentations of sequences (a survey: Iwana and Uchida 2021, "An empirical survey of
 * data augmentation for time series classification with neural networks").
 */
public final class Augmentations {
  private Augmentations() {}

  private static double within(double value, double most, String what) {
    if (!(value >= 0 && value <= most)) {
      throw new IllegalArgumentException(
          what + " " + value + " must be at least 0 and at most " + most);
    }
    return value;
  }

  /** Runs backwards, with a probability. */
  public static Augmentation reverse(double probability) {
    return new Reverse(within(probability, 1, "the probability of a reversal"));
  }

  private record Reverse(double probability) implements Augmentation {
    @Override
    public void apply(Steps steps, Draws draws) {
      if (draws.uniform() >= probability) {
        return;
      }
      int last = steps.length() - 1;
      for (int t = 0; t < (last + 1) / 2; t++) {
        for (int c = 0; c < steps.columns(); c++) {
          float early = steps.get(t, c);
          steps.set(t, c, steps.get(last - t, c));
          steps.set(last - t, c, early);
        }
      }
    }

    @Override
    public Keeps keeps() {
      return Keeps.MEANING;
    }
  }

  /** Moves by up to so many steps either way; the step at the end that opens is repeated. */
  public static Augmentation shift(int most) {
    return new Shift((int) within(most, (1 << 30) - 1, "the largest shift"));
  }

  private record Shift(int most) implements Augmentation {
    @Override
    public void apply(Steps steps, Draws draws) {
      int by = draws.below(2 * most + 1) - most;
      int length = steps.length();
      for (int i = 0; i < length; i++) {
        // Backwards where steps move up, so that none is overwritten before it is read.
        int t = by > 0 ? length - 1 - i : i;
        int from = Math.clamp((long) t - by, 0, length - 1);
        for (int c = 0; c < steps.columns(); c++) {
          steps.set(t, c, steps.get(from, c));
        }
      }
    }

    @Override
    public Keeps keeps() {
      return Keeps.MEANING;
    }
  }

  /** Adds to every number a normal one (Um et al. 2017). */
  public static Augmentation jitter(double deviation) {
    return new Jitter(within(deviation, Float.MAX_VALUE, "the deviation of jitter"));
  }

  private record Jitter(double deviation) implements Augmentation {
    @Override
    public void apply(Steps steps, Draws draws) {
      for (int t = 0; t < steps.length(); t++) {
        for (int c = 0; c < steps.columns(); c++) {
          steps.set(t, c, (float) (steps.get(t, c) + deviation * draws.normal()));
        }
      }
    }

    @Override
    public Keeps keeps() {
      return Keeps.STEPS;
    }

    @Override
    public boolean takesTokens() {
      return false;
    }
  }

  /** Multiplies each column by a normal number around 1, the same in all steps (Um et al. 2017). */
  public static Augmentation scaling(double deviation) {
    return new Scaling(within(deviation, Float.MAX_VALUE, "the deviation of scaling"));
  }

  private record Scaling(double deviation) implements Augmentation {
    @Override
    public void apply(Steps steps, Draws draws) {
      for (int c = 0; c < steps.columns(); c++) {
        double factor = 1 + deviation * draws.normal();
        for (int t = 0; t < steps.length(); t++) {
          steps.set(t, c, (float) (steps.get(t, c) * factor));
        }
      }
    }

    @Override
    public Keeps keeps() {
      return Keeps.STEPS;
    }

    @Override
    public boolean takesTokens() {
      return false;
    }
  }

  /**
   * Runs a window of the steps at half or at twice the speed, and the whole so that its length
   * stays (Le Guennec et al. 2016, "Data augmentation for time series classification using
   * convolutional neural networks").
   *
   * @param fraction of the steps, 0.1 in the paper
   */
  public static Augmentation warp(double fraction) {
    return new Warp(within(fraction, 1, "the fraction of a warped window"));
  }

  private static final class Warp implements Augmentation {
    private final double fraction;

    // Of the sequence at hand: a lambda that held them would be an object for each.
    private double start;
    private double window;
    private double factor;
    private double stretch;
    private final Steps.Places places = this::place;

    Warp(double fraction) {
      this.fraction = fraction;
    }

    @Override
    public void apply(Steps steps, Draws draws) {
      int length = steps.length();
      int paces = length - 1; // from the first to the last
      int width = (int) Math.round(fraction * paces);
      if (width < 1) {
        return;
      }
      window = width;
      start = draws.below(paces - width + 1);
      factor = draws.uniform() < 0.5 ? 0.5 : 2;
      stretch = (paces - window + window * factor) / paces;
      steps.resample(length, places);
    }

    @Override
    public String toString() {
      return "Warp[fraction=" + fraction + "]";
    }

    /** Where step t of the warped sequence was. */
    private double place(int t) {
      double at = t * stretch;
      double end = start + window * factor;
      return at < start ? at : at < end ? start + (at - start) / factor : at - end + start + window;
    }

    @Override
    public Keeps keeps() {
      return Keeps.ORDER;
    }
  }

  /**
   * Gives each step twice, with a probability. What is then longer than the longest sequence of the
   * data loses its start.
   */
  public static Augmentation repeat(double probability) {
    return new Repeat(within(probability, 1, "the probability of a repetition"));
  }

  private record Repeat(double probability) implements Augmentation {
    @Override
    public void apply(Steps steps, Draws draws) {
      steps.repeat(probability, draws);
    }

    @Override
    public Keeps keeps() {
      return Keeps.ORDER;
    }
  }

  /**
   * Zeroes all numbers of a run of steps, of any width up to a fraction of them (Park et al. 2019,
   * "SpecAugment").
   */
  public static Augmentation timeMask(double fraction) {
    return new TimeMask(within(fraction, 1, "the fraction of a time mask"));
  }

  private record TimeMask(double fraction) implements Augmentation {
    @Override
    public void apply(Steps steps, Draws draws) {
      int width = draws.below((int) (fraction * steps.length()) + 1);
      int from = draws.below(steps.length() - width + 1);
      for (int t = from; t < from + width; t++) {
        for (int c = 0; c < steps.columns(); c++) {
          steps.set(t, c, 0);
        }
      }
    }

    @Override
    public Keeps keeps() {
      return Keeps.STEPS;
    }

    @Override
    public boolean takesTokens() {
      return false;
    }
  }
}
