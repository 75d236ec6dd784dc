package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.WeightType;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.Split;
import dev.gatun.data.WindowSource;
import dev.gatun.data.WindowSpec;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.train.Evaluator;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A forecaster over windows of a series. */
public final class SeriesTask implements Task {
  private static final String SCALER = "scaler";

  private final Config config;
  private final Series series;
  private final Scaler scaler;
  private final WindowSpec windows;
  private final Split split;
  private final ModelSpec model;

  private SeriesTask(Config config, Series series, Scaler scaler, WindowSpec windows, Split split) {
    this.config = config;
    this.series = series;
    this.scaler = scaler;
    this.windows = windows;
    this.split = split;
    model = Layers.forecaster(config, windows.inputs().size(), windows.outputs());
  }

  /**
   * Reads a series.
   *
   * @param stored a checkpoint's strings; without a scaler one is fitted on the training part
   */
  static SeriesTask load(Config config, Path file, Map<String, String> stored) {
    Series series = read(config, file);
    Split split = Task.split(config, series.rows());
    Scaler scaler = stored.containsKey(SCALER) ? scaler(stored) : fit(config, series, split);
    return new SeriesTask(config, series, scaler, windows(config), split);
  }

  /** Another series, wholly to be measured on or forecast. */
  public static SeriesTask of(Config config, Path file, Map<String, String> stored) {
    Series series = read(config, file);
    Split split = Split.counts(series.rows(), series.rows(), 0, 0);
    return new SeriesTask(config, series, scaler(stored), windows(config), split);
  }

  private static Series read(Config config, Path file) {
    Set<String> columns = new LinkedHashSet<>(inputs(config));
    columns.addAll(config.get(DataKeys.TARGETS));
    String time = config.get(DataKeys.TIME);
    return CsvSeries.read(
        file,
        columns,
        time.isEmpty() ? null : time,
        (name, there) ->
            config.error(
                name.equals(time)
                    ? DataKeys.TIME
                    : config.get(DataKeys.TARGETS).contains(name)
                        ? DataKeys.TARGETS
                        : DataKeys.INPUTS,
                "no column \"%s\" in %s; there are %s"
                    .formatted(name, file, String.join(", ", there))));
  }

  private static List<String> inputs(Config config) {
    List<String> inputs = config.get(DataKeys.INPUTS);
    return inputs.isEmpty() ? config.get(DataKeys.TARGETS) : inputs;
  }

  private static WindowSpec windows(Config config) {
    return new WindowSpec(
        config.get(DataKeys.WINDOW),
        config.get(DataKeys.HORIZON),
        config.get(DataKeys.WHOLE_HORIZON),
        config.get(DataKeys.STRIDE),
        inputs(config),
        config.get(DataKeys.TARGETS),
        config.get(DataKeys.DIFFERENCE),
        config.get(DataKeys.RELATIVE));
  }

  private static Scaler fit(Config config, Series series, Split split) {
    return switch (config.get(DataKeys.SCALER)) {
      case STANDARD -> Scaler.standard(series, split.training());
      case MINMAX -> Scaler.minMax(series, split.training());
      case NONE -> Scaler.identity(series);
    };
  }

  private static Scaler scaler(Map<String, String> stored) {
    String json = stored.get(SCALER);
    if (json == null) {
      throw new FormatException("the checkpoint keeps no scaler: it is not a forecaster's");
    }
    return Scaler.fromJson(Json.parse(json));
  }

  @Override
  public ModelSpec model() {
    return model;
  }

  @Override
  public Loss loss() {
    return switch (config.get(TrainKeys.LOSS)) {
      case SQUARED -> NumericLoss.meanSquaredError();
      case ABSOLUTE -> NumericLoss.meanAbsoluteError();
      case HUBER -> NumericLoss.huber(config.get(TrainKeys.DELTA));
      case SUM_OF_SQUARES -> NumericLoss.sumOfSquares();
    };
  }

  @Override
  public BatchSource training() {
    return training(split.training());
  }

  @Override
  public BatchSource overfitting(int examples) {
    int fit = split.training().size() - windows.length() - windows.horizon();
    if (fit >= 0) {
      Task.checkOverfit(config, fit / windows.stride() + 1);
    }
    long rows = (examples - 1L) * windows.stride() + windows.length() + windows.horizon();
    int end = (int) Math.min(rows, split.training().size());
    return training(new Range(0, end));
  }

  private BatchSource training(Range rows) {
    try {
      return WindowSource.training(
          series, scaler, windows, rows, config.get(TrainKeys.BATCH), config.get(TrainKeys.SEED));
    } catch (IllegalArgumentException e) {
      throw config.error(DataKeys.WINDOW, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public @Nullable BatchSource validation() {
    return split.validation().size() == 0 ? null : evaluation(split.validation());
  }

  private WindowSource evaluation(Range rows) {
    try {
      return WindowSource.evaluation(series, scaler, windows, rows, config.get(TrainKeys.BATCH));
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
    return windows.length();
  }

  /** The columns. */
  public Series series() {
    return series;
  }

  /** What the rows are counted in: the time column's name, or row. */
  public String timeName() {
    String time = config.get(DataKeys.TIME);
    return series.times() == null || place(0) == 1 ? "row" : time;
  }

  /** What a window is. */
  public WindowSpec windows() {
    return windows;
  }

  @Override
  public Map<String, String> strings() {
    return Map.of(SCALER, scaler.toJson().print());
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

  private Forecast forecast(Model trained, Range part, WeightType weights) {
    try (WindowSource source = evaluation(part)) {
      int outputs = windows.outputs();
      int size = source.windows() * outputs;
      int season = config.get(DataKeys.SEASON);
      Forecast forecast =
          new Forecast(
              outputs,
              season,
              new double[size],
              new double[size],
              predictions(trained, source, weights),
              new double[size],
              new double[size]);
      for (int i = 0; i < size; i++) {
        int window = i / outputs;
        int output = i % outputs;
        int row = source.targetRow(window, output);
        int column = series.column(source.targetColumn(output));
        forecast.place()[i] = place(row);
        forecast.truth()[i] = source.truth(window, output);
        forecast.last()[i] = series.value(source.lastRow(window), column);
        forecast.seasonal()[i] = seasonal(row, source.lastRow(window), column, season);
      }
      return forecast;
    }
  }

  /** What every window of the series, the last included, is forecast to be followed by. */
  public double[] predictions(Model trained, WindowSource source) {
    return predictions(trained, source, WeightType.FLOAT32);
  }

  private double[] predictions(Model trained, WindowSource source, WeightType weights) {
    int outputs = windows.outputs();
    double[] predicted = new double[source.windows() * outputs];
    try (Evaluator evaluator = new Evaluator(trained, loss(), source, weights);
        Workspace host = Workspace.host(trained.backend().real())) {
      Tensor values = host.real(source.layout().maxBatch(), outputs);
      int[] next = {0};
      evaluator.run(
          (plan, batch) -> {
            trained.backend().copy(plan.output(), values);
            for (int n = 0; n < batch.size(); n++) {
              int window = next[0]++;
              for (int o = 0; o < outputs; o++) {
                double value = values.get((long) n * outputs + o);
                predicted[window * outputs + o] = source.restore(window, o, value);
              }
            }
          });
    }
    return predicted;
  }

  /** Every window, in order, the last one ending at the last row. */
  public WindowSource future() {
    try {
      return WindowSource.forecast(series, scaler, windows, config.get(TrainKeys.BATCH));
    } catch (IllegalArgumentException e) {
      throw new InputException("the input series: " + e.getMessage(), e);
    }
  }

  private double place(int row) {
    List<String> times = series.times();
    if (times != null) {
      // Dates are not numbers: rows are counted instead.
      return Numbers.read(times.get(row).strip()).orElse(row + 1.0);
    }
    return row + 1.0;
  }

  private double seasonal(int row, int lastSeen, int column, int season) {
    if (season == 0) {
      return Double.NaN;
    }
    int seasons = Math.max(1, Math.ceilDiv(row - lastSeen, season));
    int from = row - seasons * season;
    return series.value(from >= 0 ? from : lastSeen, column);
  }
}
