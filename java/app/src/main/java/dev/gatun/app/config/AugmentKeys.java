package dev.gatun.app.config;

import static dev.gatun.app.config.DataKeys.Kind.SEQUENCES;
import static dev.gatun.app.config.DataKeys.Kind.SERIES;
import static dev.gatun.app.config.DataKeys.Kind.STRINGS;
import static dev.gatun.app.config.DataKeys.Kind.TRANSCRIPTS;

import java.util.List;

/** The keys under {@code data.augment:}, each 0 for off. */
public final class AugmentKeys {
  private static final Interval FRACTION = Interval.atLeast(0).atMost(1);
  private static final Interval DEVIATION = Interval.atLeast(0);

  public static final Key<Double> REVERSE =
      key("reverse", FRACTION, "probability that a sequence runs backwards")
          .when(DataKeys.TYPE, SEQUENCES, STRINGS)
          .knownAs("flip", "reversal", "time_reversal");

  public static final Key<Integer> SHIFT =
      Key.of(
              "data.augment.shift",
              Type.whole(0, 1 << 20),
              0,
              "a sequence moves by up to so many steps either way")
          .when(DataKeys.TYPE, SEQUENCES, STRINGS)
          .knownAs("translate", "roll", "time_shift");

  public static final Key<Double> WARP =
      key("warp", FRACTION, "the fraction of steps that run at half or at twice the speed")
          .when(DataKeys.TYPE, SEQUENCES, STRINGS, TRANSCRIPTS)
          .knownAs("window_warp", "time_warp", "window_warping");

  public static final Key<Double> REPEAT =
      key("repeat", FRACTION, "probability that a step comes twice")
          .when(DataKeys.TYPE, SEQUENCES, STRINGS, TRANSCRIPTS)
          .knownAs("repetition", "duplicate");

  public static final Key<Double> SCALING =
      key("scaling", DEVIATION, "standard deviation of the factor of a column, around 1")
          .when(DataKeys.TYPE, SEQUENCES, TRANSCRIPTS, SERIES)
          .knownAs("magnitude", "scale");

  public static final Key<Double> JITTER =
      key("jitter", DEVIATION, "standard deviation of what is added to a number, in scaled units")
          .when(DataKeys.TYPE, SEQUENCES, TRANSCRIPTS, SERIES)
          .knownAs("noise", "gaussian_noise");

  public static final Key<Double> TIME_MASK =
      key("time_mask", FRACTION, "up to this fraction of the steps, in one run, becomes 0")
          .when(DataKeys.TYPE, SEQUENCES, TRANSCRIPTS, SERIES)
          .knownAs("mask", "specaugment", "cutout");

  static final List<Key<?>> ALL = List.of(REVERSE, SHIFT, WARP, REPEAT, SCALING, JITTER, TIME_MASK);

  private AugmentKeys() {}

  private static Key<Double> key(String name, Interval values, String says) {
    return Key.of("data.augment." + name, Type.number(values), 0.0, says);
  }
}
