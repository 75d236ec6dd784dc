package dev.gatun.app.config;

import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Pattern;

/** How numbers are read from files and shown to people. */
public final class Numbers {
  /** Not all that Java's parser takes: in data, 1f and 0x1p3 are slips or other things. */
  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?");

  private static final Pattern NOT_FINITE =
      Pattern.compile("[+-]?(?:nan|inf|infinity)", Pattern.CASE_INSENSITIVE);

  private Numbers() {}

  /**
   * Reads decimal digits, with an exponent or without, or a word for what is not finite.
   *
   * @return empty if it is none; NaN or infinite for those words and beyond a double's range
   */
  public static OptionalDouble read(String text) {
    if (DECIMAL.matcher(text).matches()) {
      return OptionalDouble.of(Double.parseDouble(text));
    }
    return NOT_FINITE.matcher(text).matches()
        ? OptionalDouble.of(Double.NaN)
        : OptionalDouble.empty();
  }

  /** With four decimals, or with an exponent where these would hide it or be lost in digits. */
  public static String shown(double x) {
    double size = Math.abs(x);
    boolean plain = x == 0 || !Double.isFinite(x) || (size >= 1e-3 && size < 1e6);
    return String.format(Locale.ROOT, plain ? "%.4f" : "%.3e", x);
  }
}
