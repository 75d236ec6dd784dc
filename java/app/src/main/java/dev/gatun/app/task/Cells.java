package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.SeriesKeys;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Which cells of a CSV file have no value.
 *
 * @param fillable whether {@code data.missing} may say what becomes of them
 * @param allowed whether a value may be missing
 * @param sentinels texts that say so, besides the usual ones; numbers in any writing
 */
public record Cells(boolean fillable, boolean allowed, List<String> sentinels) {
  /** Every value has to be there. */
  public static final Cells COMPLETE = new Cells(false, false, List.of());

  private static final Set<String> WORDS = Set.of("", "?", "na", "n/a", "nan", "null", "none");

  /** As a configuration says. */
  public static Cells of(Config config) {
    DataKeys.Kind kind = config.get(DataKeys.TYPE);
    if (kind != DataKeys.Kind.SERIES && kind != DataKeys.Kind.SEQUENCES) {
      return COMPLETE;
    }
    return new Cells(
        true,
        config.get(SeriesKeys.MISSING) != SeriesKeys.Missing.ERROR,
        config.get(SeriesKeys.SENTINEL));
  }

  /** Whether a cell, without space around it, says that its value is missing. */
  boolean missing(String text) {
    return text.isEmpty() || (allowed && saysNone(text)) || sentinel(text);
  }

  /** Whether a text says that there is no value, where a value may be missing. */
  static boolean saysNone(String text) {
    return WORDS.contains(text.toLowerCase(Locale.ROOT));
  }

  /** Whether a text is one of the values that mean missing. */
  boolean sentinel(String text) {
    if (sentinels.isEmpty()) {
      return false;
    }
    OptionalDouble value = Numbers.read(text);
    for (String sentinel : sentinels) {
      OptionalDouble number = Numbers.read(sentinel);
      if (sentinel.equals(text)
          || (value.isPresent()
              && number.isPresent()
              && value.getAsDouble() == number.getAsDouble())) {
        return true;
      }
    }
    return false;
  }
}
