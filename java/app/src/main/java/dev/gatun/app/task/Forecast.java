package dev.gatun.app.task;

import dev.gatun.metric.ForecastErrors;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.function.IntUnaryOperator;

/**
 * Forecasts of one part with what came true and what two naive forecasts say, in the columns' own
 * units. All arrays run over windows and outputs alike, output fastest.
 *
 * @param outputs O, numbers of each window
 * @param steps rows ahead that they are about: of each step O / steps targets
 * @param season rows of a season, 0 for none: {@code seasonal} is NaN then
 * @param row that each is about, from 0
 * @param place where each value stands on the time axis
 * @param truth what came true
 * @param model what the model says
 * @param spread what kind of forecast that is
 * @param last the last value seen
 * @param seasonal the value the fewest seasons before that was seen
 */
@SuppressWarnings("ArrayRecordComponent") // plain data, made once and only read
public record Forecast(
    int outputs,
    int steps,
    int season,
    int[] row,
    double[] place,
    double[] truth,
    Predictions model,
    Spread spread,
    double[] last,
    double[] seasonal) {

  /** The model's forecasts. */
  public double[] predicted() {
    return model.point();
  }

  /** Errors of all three; of intervals, what they hold. */
  public SequencedMap<String, Double> measures() {
    SequencedMap<String, Double> measures = new LinkedHashMap<>();
    put(measures, "", truth, predicted());
    if (model.hasInterval()) {
      addInterval(measures);
    }
    if (steps > 1) {
      int[] ends = stitched(row, outputs, steps).stream().mapToInt(Integer::intValue).toArray();
      put(measures, "stitched_", of(truth, ends), of(predicted(), ends));
    }
    put(measures, "last_value_", truth, last);
    if (season > 0) {
      put(measures, "season_", truth, seasonal);
    }
    return measures;
  }

  private static void put(
      SequencedMap<String, Double> measures, String prefix, double[] truth, double[] forecast) {
    ForecastErrors.of(truth, forecast)
        .measures()
        .forEach((name, value) -> measures.put(prefix + name, value));
  }

  /** All outputs of some windows. */
  private double[] of(double[] values, int[] windows) {
    double[] some = new double[windows.length * outputs];
    for (int i = 0; i < windows.length; i++) {
      System.arraycopy(values, windows[i] * outputs, some, i * outputs, outputs);
    }
    return some;
  }

  private void addInterval(SequencedMap<String, Double> measures) {
    double width = 0;
    double score = 0;
    int held = 0;
    for (int i = 0; i < truth.length; i++) {
      held += truth[i] >= model.lower()[i] && truth[i] <= model.upper()[i] ? 1 : 0;
      width += model.upper()[i] - model.lower()[i];
      score += model.score()[i];
    }
    measures.put("coverage", (double) held / truth.length);
    measures.put("nominal_coverage", spread.nominal());
    measures.put("interval_width", width / truth.length);
    measures.put(spread.scoreName(), score / truth.length);
  }

  /**
   * The windows whose forecasts stand end to end over a series, each row forecast once: the last
   * one, the one that ends where it begins, and so on; in the order of time.
   *
   * @param row that each output of each window is about
   * @param outputs of a window
   * @param steps rows that a window forecasts
   */
  public static List<Integer> stitched(int[] row, int outputs, int steps) {
    return stitched(w -> row[w * outputs], row.length / outputs, steps).stream().boxed().toList();
  }

  /**
   * As {@link #stitched(int[], int, int)}, in a bit for each window.
   *
   * @param firstRow that a window forecasts
   * @param windows how many there are
   */
  public static BitSet stitched(IntUnaryOperator firstRow, int windows, int steps) {
    BitSet chosen = new BitSet(windows);
    int before = Integer.MAX_VALUE;
    for (int window = windows - 1; window >= 0; window--) {
      int first = firstRow.applyAsInt(window);
      if (first + (steps - 1) < before) {
        chosen.set(window);
        before = first;
      }
    }
    return chosen;
  }

  /** The mean absolute and root mean squared error of each row ahead, the nearest first. */
  public SequencedMap<String, List<Double>> byHorizon() {
    int targets = outputs / steps;
    List<Double> absolute = new ArrayList<>();
    List<Double> squared = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < truth.length; i++) {
        double error = i % outputs / targets == step ? predicted()[i] - truth[i] : 0;
        sum += Math.abs(error);
        squares += error * error;
      }
      double count = (double) truth.length / steps;
      absolute.add(sum / count);
      squared.add(Math.sqrt(squares / count));
    }
    SequencedMap<String, List<Double>> table = new LinkedHashMap<>();
    table.put("mae_by_horizon", absolute);
    table.put("rmse_by_horizon", squared);
    return table;
  }

  /** One output of every window, of one of the arrays. */
  public double[] output(double[] values, int output) {
    double[] one = new double[values.length / outputs];
    for (int i = 0; i < one.length; i++) {
      one[i] = values[i * outputs + output];
    }
    return one;
  }

  static String describe(SequencedMap<String, Double> measures, int season) {
    StringBuilder text = new StringBuilder();
    double ours = measures.getOrDefault("mae", Double.NaN);
    line(text, "model", measures, "", ours);
    if (measures.containsKey("stitched_mae")) {
      line(text, "stitched", measures, "stitched_", Double.NaN);
    }
    if (measures.containsKey("coverage")) {
      text.append(
          String.format(
              Locale.ROOT,
              "\n  %-16s %.1f %% of truths within, %.0f %% wanted; mean width %.4g",
              "interval",
              100 * measures.getOrDefault("coverage", Double.NaN),
              100 * measures.getOrDefault("nominal_coverage", Double.NaN),
              measures.getOrDefault("interval_width", Double.NaN)));
    }
    line(text, "last value", measures, "last_value_", ours);
    if (measures.containsKey("season_mae")) {
      line(text, season + " rows before", measures, "season_", ours);
    }
    return text.toString().stripTrailing();
  }

  private static void line(
      StringBuilder text,
      String name,
      SequencedMap<String, Double> measures,
      String prefix,
      double ours) {
    double mae = measures.getOrDefault(prefix + "mae", Double.NaN);
    double rmse = measures.getOrDefault(prefix + "rmse", Double.NaN);
    double smape = measures.getOrDefault(prefix + "smape", Double.NaN);
    String than =
        prefix.isEmpty() || Double.isNaN(ours) || mae == 0 // of constant data: no part to tell
            ? ""
            : String.format(Locale.ROOT, "   (model's MAE %+.1f %%)", (ours / mae - 1) * 100);
    text.append(
        String.format(
            Locale.ROOT,
            "\n  %-16s MAE %-9.4g RMSE %-9.4g sMAPE %-9.4g%s",
            name,
            mae,
            rmse,
            smape,
            than));
  }
}
