package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.SeriesKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.WeightType;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Curriculum;
import dev.gatun.data.Filling;
import dev.gatun.data.MissingValues;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.Split;
import dev.gatun.data.WindowData;
import dev.gatun.data.WindowSource;
import dev.gatun.data.WindowSpec;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.persist.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** A forecaster over windows of a series. */
public final class SeriesTask implements Task {
  private static final String SCALER = "scaler";

  private static final String FILLING = "filling";

  private final Config config;
  private final WindowData data;
  private final Split split;
  private final Spread spread;
  private final ModelSpec model;

  private SeriesTask(Config config, WindowData data, Split split) {
    this.config = config;
    this.data = data;
    this.split = split;
    spread = Spread.of(config);
    if (config.get(TrainKeys.ADVANCE) > 0) {
      CarriedWindows.check(config);
    }
    model = Layers.forecaster(config, data, data.spec().outputs() * spread.size());
  }

  /**
   * Reads a series.
   *
   * @param stored a checkpoint's strings; without a scaler one is fitted on the training part
   */
  static SeriesTask load(Config config, Path file, Map<String, String> stored) {
    SeriesCsv read = SeriesCsv.read(config, file);
    int reach = config.get(DataKeys.WINDOW) + config.get(DataKeys.HORIZON) - 1;
    Split split = Folds.blocked(config, SeriesSplit.of(config, read), reach);
    if (stored.containsKey(SCALER)) {
      return new SeriesTask(config, data(config, read.series(), stored), split);
    }
    Series series = read.series();
    Scaler scaler = Learnt.scaler(config, series, split.training());
    MissingValues method = missing(config);
    Filling filling = method == null ? null : Filling.fit(method, series, split.training());
    return new SeriesTask(config, new WindowData(series, scaler, windows(config), filling), split);
  }

  /** Another series, wholly to be measured on or forecast. */
  public static SeriesTask of(Config config, Path file, Map<String, String> stored) {
    Series series = SeriesCsv.read(config, file).series();
    Split split = Split.counts(series.rows(), series.rows(), 0, 0);
    return new SeriesTask(config, data(config, series, stored), split);
  }

  /** With the statistics of the training part. */
  private static WindowData data(Config config, Series series, Map<String, String> stored) {
    String filling = stored.get(FILLING);
    return new WindowData(
        series,
        Scaler.fromJson(Learnt.stored(stored, SCALER, "it is not a forecaster's")),
        windows(config),
        filling == null ? null : Filling.fromJson(Json.parse(filling)));
  }

  private static @Nullable MissingValues missing(Config config) {
    SeriesKeys.Missing missing = config.get(SeriesKeys.MISSING);
    return missing == SeriesKeys.Missing.ERROR ? null : MissingValues.valueOf(missing.name());
  }

  private static WindowSpec windows(Config config) {
    return new WindowSpec(
        config.get(DataKeys.WINDOW),
        config.get(DataKeys.HORIZON),
        config.get(DataKeys.WHOLE_HORIZON),
        config.get(DataKeys.STRIDE),
        SeriesCsv.inputs(config),
        config.get(DataKeys.TARGETS),
        config.get(DataKeys.DIFFERENCE),
        config.get(DataKeys.RELATIVE));
  }

  @Override
  public ModelSpec model() {
    return model;
  }

  @Override
  public Loss loss() {
    return spread.loss(config);
  }

  @Override
  public BatchSource training() {
    int advance = config.get(TrainKeys.ADVANCE);
    BatchSource source =
        advance == 0
            ? training(split.training())
            : CarriedWindows.training(config, data, split.training());
    return Augmented.of(config, source);
  }

  @Override
  public BatchSource overfitting(int examples) {
    int fit = split.training().size() - windows().length() - windows().horizon();
    if (fit >= 0) {
      Task.checkOverfit(config, fit / windows().stride() + 1);
    }
    long rows = (examples - 1L) * windows().stride() + windows().length() + windows().horizon();
    int count = (int) Math.min(rows, split.training().size());
    int from = split.training().from();
    return training(new Range(from, from + count));
  }

  private WindowSource training(Range rows) {
    Curriculum curriculum =
        new Curriculum(config.get(SeriesKeys.WINDOW_START), config.get(SeriesKeys.WINDOW_GROWTH));
    if (curriculum.start() > data.spec().length()) {
      throw config.error(
          SeriesKeys.WINDOW_START,
          "%d; give at most data.window, %d".formatted(curriculum.start(), data.spec().length()));
    }
    try {
      return WindowSource.training(
          data, rows, config.get(TrainKeys.BATCH), config.get(TrainKeys.SEED), curriculum);
    } catch (IllegalArgumentException e) {
      String fold = Folds.given(config) ? "; with fewer folds or a smaller gap there are more" : "";
      throw config.error(DataKeys.WINDOW, e.getMessage() + fold);
    }
  }

  @Override
  public BatchSource measuring(Range part) {
    return evaluation(part);
  }

  @Override
  public List<String> inputNames() {
    return data.spec().inputs();
  }

  private WindowSource evaluation(Range rows) {
    try {
      return config.get(TrainKeys.ADVANCE) > 0
          ? WindowSource.carriedEvaluation(data, rows)
          : WindowSource.evaluation(data, rows, config.get(TrainKeys.BATCH));
    } catch (IllegalArgumentException e) {
      throw config.error(DataKeys.WINDOW, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public Split split() {
    return split;
  }

  @Override
  public String unit() {
    return "examples";
  }

  @Override
  public int stepsPerTarget() {
    return windows().length();
  }

  /** The columns. */
  public Series series() {
    return data.series();
  }

  /** What the rows are counted in: the time column's name, or row. */
  public String timeName() {
    String time = config.get(DataKeys.TIME);
    return series().times() == null || place(0) == 1 ? "row" : time;
  }

  /** What a window is. */
  public WindowSpec windows() {
    return data.spec();
  }

  /** What the data has that is not as it should be: missing values and what is done about them. */
  @Override
  public List<String> notes() {
    List<String> notes = new ArrayList<>();
    Filling filling = data.filling();
    if (filling == null || !series().hasGaps()) {
      return notes;
    }
    for (int c = 0; c < series().names().size(); c++) {
      if (series().missing(c) > 0) {
        notes.add(
            "%s: %,d of %,d values are missing (data.missing: %s)"
                .formatted(
                    series().names().get(c),
                    series().missing(c),
                    series().rows(),
                    filling.method().name().toLowerCase(Locale.ROOT)));
      }
    }
    try (WindowSource source = training(split.training())) {
      if (source.dropped() > 0) {
        notes.add(
            "%,d of %,d training windows are left out: %s"
                .formatted(
                    source.dropped(),
                    source.dropped() + source.windows(),
                    filling.method() == MissingValues.DROP
                        ? "a value is missing"
                        : "what they are asked for is missing"));
      }
    }
    return notes;
  }

  @Override
  public Map<String, String> strings() {
    String scaler = data.scaler().toJson().print();
    Filling filling = data.filling();
    return filling == null
        ? Map.of(SCALER, scaler)
        : Map.of(SCALER, scaler, FILLING, filling.toJson().print());
  }

  @Override
  public SequencedMap<String, Double> measure(Model trained, Range part, WeightType weights) {
    return forecast(trained, part, weights).measures();
  }

  @Override
  public String describe(SequencedMap<String, Double> measures) {
    return Forecast.describe(measures, config.get(DataKeys.SEASON));
  }

  /** Forecasts a part and compares with what came true. */
  public Forecast forecast(Model trained, Range part) {
    return forecast(trained, part, WeightType.FLOAT32);
  }

  /** As {@link #forecast(Model, Range)} with the matrices of recurrent layers kept so. */
  public Forecast forecast(Model trained, Range part, WeightType weights) {
    try (WindowSource source = evaluation(part)) {
      int outputs = windows().outputs();
      int size = source.windows() * outputs;
      int season = config.get(DataKeys.SEASON);
      Forecast forecast =
          new Forecast(
              outputs,
              windows().steps(),
              season,
              new int[size],
              new double[size],
              new double[size],
              Predictions.of(trained, source, spread, loss(), weights),
              spread,
              new double[size],
              new double[size]);
      for (int i = 0; i < size; i++) {
        int window = i / outputs;
        int output = i % outputs;
        int row = source.targetRow(window, output);
        int column = series().column(source.targetColumn(output));
        double last = source.lastValue(window, output);
        forecast.row()[i] = row;
        forecast.place()[i] = place(row);
        forecast.truth()[i] = source.truth(window, output);
        forecast.last()[i] = last;
        forecast.seasonal()[i] = seasonal(row, source.lastRow(window), column, last);
      }
      return forecast;
    }
  }

  /** What every window of the series, the last included, is forecast to be followed by. */
  public Predictions predictions(Model trained, WindowSource source) {
    return Predictions.of(trained, source, spread, loss(), WeightType.FLOAT32);
  }

  /**
   * As {@link #predictions}, window by window, so that a long series is never held.
   *
   * @param visitor takes each, in order
   */
  public void predict(Model trained, WindowSource source, Predictions.Visitor visitor) {
    Predictions.each(trained, source, spread, loss(), WeightType.FLOAT32, visitor);
  }

  /** Whether forecasts have intervals. */
  public boolean hasInterval() {
    return spread.hasInterval();
  }

  /** Every window, in order, the last one ending at the last row. */
  public WindowSource future() {
    try {
      return config.get(TrainKeys.ADVANCE) > 0
          ? WindowSource.carriedForecast(data)
          : WindowSource.forecast(data, config.get(TrainKeys.BATCH));
    } catch (IllegalArgumentException e) {
      throw new InputException("the input series: " + e.getMessage(), e);
    }
  }

  private double place(int row) {
    List<String> times = series().times();
    if (times != null) {
      // Dates are not numbers: rows are counted instead.
      return Numbers.read(times.get(row).strip()).orElse(row + 1.0);
    }
    return row + 1.0;
  }

  /** The value the fewest seasons before that was seen and is known; else the last one. */
  private double seasonal(int row, int lastSeen, int column, double last) {
    int season = config.get(DataKeys.SEASON);
    if (season == 0) {
      return Double.NaN;
    }
    int seasons = Math.max(1, Math.ceilDiv(row - lastSeen, season));
    int from = row - seasons * season;
    while (from >= 0 && !series().known(from, column)) {
      from -= season;
    }
    return from >= 0 ? series().value(from, column) : last;
  }
}
