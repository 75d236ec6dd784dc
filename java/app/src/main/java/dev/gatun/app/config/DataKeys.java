package dev.gatun.app.config;

import java.nio.file.Path;
import java.util.List;

/** The keys under {@code data:}. */
public final class DataKeys {
  /** The kinds of data. */
  public enum Kind {
    TEXT,
    SERIES,
    TRANSCRIPTS,
    SEQUENCES,
    STRINGS,
    PAIRS
  }

  /** How columns of a series are brought to one scale; fitted on the training part only. */
  public enum Scaling {
    STANDARD,
    MINMAX,
    NONE
  }

  public static final Key<Kind> TYPE =
      Key.required("data.type", Type.oneOf(Kind.class), "the kind of data");

  public static final Key<Path> PATH =
      Key.required("data.path", Type.path("a file"), "the data")
          .knownAs("file", "filename", "dataset");

  public static final Key<String> TIME =
      Key.of(
              "data.time",
              Type.text("a column's name"),
              "",
              "column that names each row in reports; default: the row's number")
          .when(TYPE, Kind.SERIES)
          .knownAs("date", "timestamp");

  public static final Key<List<String>> TARGETS =
      Key.required(
              "data.targets",
              Type.names(1, "a column's name or a list of them, each once"),
              "what is forecast")
          .when(TYPE, Kind.SERIES)
          .knownAs("target", "label", "y");

  public static final Key<List<String>> INPUTS =
      Key.of(
              "data.inputs",
              Type.names(0, "a column's name or a list of them, each once"),
              List.<String>of(),
              "columns the model sees; default: of a series the targets, else all other columns")
          .when(TYPE, Kind.SERIES, Kind.TRANSCRIPTS, Kind.SEQUENCES)
          .knownAs("input", "features", "columns", "x");

  public static final Key<String> SEQUENCE =
      Key.of(
              "data.sequence",
              Type.text("a column's name"),
              "sequence",
              "column that names the sequence of each row; its rows stand together")
          .when(TYPE, Kind.TRANSCRIPTS, Kind.SEQUENCES, Kind.STRINGS)
          .knownAs("utterance", "id");

  public static final Key<String> TEXT =
      Key.of(
              "data.text",
              Type.text("a column's name"),
              "text",
              "column of what a sequence says; empty but in its first row, or the same in all")
          .when(TYPE, Kind.TRANSCRIPTS)
          .knownAs("transcript", "labels");

  public static final Key<Integer> WINDOW =
      Key.of("data.window", Type.whole(1, 1_000_000), 24, "rows the model sees before a forecast")
          .when(TYPE, Kind.SERIES)
          .knownAs("lookback", "input_length", "seq_len", "sequence_length", "seq_length");

  public static final Key<Integer> HORIZON =
      Key.of(
              "data.horizon",
              Type.whole(1, 1_000_000),
              1,
              "how many rows after the window's last row the forecast one lies")
          .when(TYPE, Kind.SERIES)
          .knownAs("ahead", "lead", "pred_len", "forecast_horizon");

  public static final Key<Boolean> WHOLE_HORIZON =
      Key.of(
              "data.whole_horizon",
              Type.flag(),
              false,
              "forecast every row up to the horizon instead of that row alone")
          .when(TYPE, Kind.SERIES)
          .knownAs("multi_step", "sequence_output");

  public static final Key<Integer> ROWS =
      Key.of(
              "data.rows",
              Type.whole(0, Integer.MAX_VALUE),
              0,
              "use the first rows, characters or sequences only; 0: all")
          .knownAs("limit", "max_rows", "nrows");

  public static final Key<Integer> STRIDE =
      Key.of(
              "data.stride",
              Type.whole(1, 1_000_000),
              1,
              "rows from one training window to the next")
          .when(TYPE, Kind.SERIES)
          .knownAs("step", "sampling_rate");

  public static final Key<Boolean> DIFFERENCE =
      Key.of(
              "data.difference",
              Type.flag(),
              false,
              "forecast the change from the window's last row instead of the value")
          .when(TYPE, Kind.SERIES)
          .knownAs("diff", "differencing");

  public static final Key<Boolean> RELATIVE =
      Key.of(
              "data.relative",
              Type.flag(),
              false,
              "show inputs as their distance from the window's last row")
          .when(TYPE, Kind.SERIES)
          .knownAs("last_value_normalization", "subtract_last", "relative_inputs", "revin");

  public static final Key<Scaling> SCALER =
      Key.of(
              "data.scaler",
              Type.oneOf(Scaling.class),
              Scaling.STANDARD,
              "scaling of every column, fitted on the training part")
          .when(TYPE, Kind.SERIES, Kind.TRANSCRIPTS, Kind.SEQUENCES)
          .knownAs("scale", "scaling", "normalize", "normalise", "normalization");

  public static final Key<Integer> SEASON =
      Key.of(
              "data.season",
              Type.whole(0, 1_000_000),
              0,
              "rows of one season, for the seasonal naive forecast; 0: none")
          .when(TYPE, Kind.SERIES)
          .knownAs("period", "seasonality");

  public static final Key<Double> VALIDATION =
      Key.of(
              "data.validation",
              Type.number(Interval.atLeast(0)),
              0.1,
              "validation part, after the training part: a fraction below 1 or a count of rows"
                  + " or characters")
          .knownAs("validation_split", "val", "valid", "validation_fraction", "dev");

  public static final Key<Double> TEST =
      Key.of(
              "data.test",
              Type.number(Interval.atLeast(0)),
              0.0,
              "test part, the last: a fraction below 1 or a count of rows or characters")
          .knownAs("test_split", "test_size", "holdout");

  static final List<Key<?>> ALL =
      List.of(
          TYPE,
          PATH,
          ROWS,
          TIME,
          TARGETS,
          INPUTS,
          SEQUENCE,
          TEXT,
          WINDOW,
          HORIZON,
          WHOLE_HORIZON,
          STRIDE,
          DIFFERENCE,
          RELATIVE,
          SCALER,
          SEASON,
          VALIDATION,
          TEST);

  private DataKeys() {}
}
