package dev.gatun.app.task;

import dev.gatun.metric.ForecastErrors;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.SequencedMap;

/**
 * Forecasts of one part with what came true and what two naive forecasts say, in the columns' own
 * units. All arrays run over windows and outputs alike, output fastest.
 *
 * @param outputs O, numbers of each window
 * @param season rows of a season, 0 for none: {@code seasonal} is NaN then
 * @param place where each value stands on the time axis
 * @param truth what came true
 * @param predicted by the model
 * @param last the last value seen
 * @param seasonal the value the fewest seasons before that was seen
 */
@SuppressWarnings("ArrayRecordComponent") // plain data, made once and only read
public record Forecast(
    int outputs,
    int season,
    double[] place,
    double[] truth,
    double[] predicted,
    double[] last,
    double[] seasonal) {

  /** Errors of all three. */
  public SequencedMap<String, Double> measures() {
    SequencedMap<String, Double> measures = new LinkedHashMap<>();
    measures.putAll(ForecastErrors.of(truth, predicted).measures());
    put(measures, "last_value_", last);
    if (season > 0) {
      put(measures, "season_", seasonal);
    }
    return measures;
  }

  private void put(SequencedMap<String, Double> measures, String prefix, double[] forecast) {
    ForecastErrors.of(truth, forecast)
        .measures()
        .forEach((name, value) -> measures.put(prefix + name, value));
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
        prefix.isEmpty() || mae == 0 // of constant data: no part of it can be told
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
