package dev.gatun.app.config;

import dev.gatun.app.config.DataKeys.Kind;
import java.util.List;

/** The keys of series beyond their columns and windows. */
public final class SeriesKeys {
  /** What is done about missing values. */
  public enum Missing {
    ERROR,
    DROP,
    MEAN,
    MEDIAN,
    MODE,
    FORWARD,
    LINEAR,
    MASK,
    DECAY
  }

  public static final Key<Missing> MISSING =
      Key.of(
              "data.missing",
              Type.oneOf(Missing.class),
              Missing.ERROR,
              "what is done about missing values; drop: leave out the windows or sequences that have one")
          .when(DataKeys.TYPE, Kind.SERIES, Kind.SEQUENCES)
          .knownAs("fillna", "imputation", "impute", "nan", "missing_values", "interpolate");

  public static final Key<Boolean> HIDDEN_DECAY =
      Key.of(
              "data.hidden_decay",
              Type.flag(),
              false,
              "let states too fade with the time since inputs were seen, at learnt rates")
          .when(MISSING, Missing.DECAY)
          .knownAs("state_decay", "gru_d", "grud", "decay_hidden");

  public static final Key<List<String>> SENTINEL =
      Key.of(
              "data.sentinel",
              Type.names(0, "a value or a list of them, each once"),
              List.<String>of(),
              "values that mean missing, besides an empty field, ?, NA and NaN")
          .when(DataKeys.TYPE, Kind.SERIES, Kind.SEQUENCES)
          .knownAs("na_values", "missing_value", "fill_value", "nodata");

  public static final Key<Integer> WINDOW_START =
      Key.of(
              "data.window_start",
              Type.whole(0, 1_000_000),
              0,
              "rows of a window in the first epoch, widened until it is whole; 0: all are whole")
          .when(DataKeys.TYPE, Kind.SERIES)
          .knownAs("curriculum", "curriculum_start", "initial_window");

  public static final Key<Integer> WINDOW_GROWTH =
      Key.of(
              "data.window_growth",
              Type.whole(1, 1_000_000),
              1,
              "rows by which windows widen each epoch from data.window_start on")
          .when(DataKeys.TYPE, Kind.SERIES)
          .knownAs("curriculum_growth", "curriculum_step");

  public static final Key<String> VALIDATION_FROM =
      Key.of(
              "data.validation_from",
              Type.text("a time of the column data.time"),
              "",
              "the time that validation begins at, instead of data.validation's part")
          .when(DataKeys.TYPE, Kind.SERIES)
          .knownAs("validation_start", "val_start", "train_end", "train_until");

  public static final Key<String> TEST_FROM =
      Key.of(
              "data.test_from",
              Type.text("a time of the column data.time"),
              "",
              "the time that the test part begins at, instead of data.test's part")
          .when(DataKeys.TYPE, Kind.SERIES)
          .knownAs("test_start", "validation_end");

  public static final Key<Boolean> STREAM =
      Key.of(
              "data.stream",
              Type.flag(),
              false,
              "keep the series in a temporary file, not in memory")
          .when(DataKeys.TYPE, Kind.SERIES)
          .knownAs("streaming", "memory_map", "mmap", "lazy");

  static final List<Key<?>> ALL =
      List.of(
          MISSING,
          HIDDEN_DECAY,
          SENTINEL,
          WINDOW_START,
          WINDOW_GROWTH,
          VALIDATION_FROM,
          TEST_FROM,
          STREAM);

  private SeriesKeys() {}
}
