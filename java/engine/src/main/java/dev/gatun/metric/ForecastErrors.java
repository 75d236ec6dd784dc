package dev.gatun.metric;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Errors of forecasts y' of values y, added up one by one:
 *
 * <pre>
 * MAE   = mean |y' - y|
 * RMSE  = sqrt(mean (y' - y)^2)
 * sMAPE = mean 200 |y' - y| / (|y| + |y'|)     in percent, 0 to 200; 0 where both are 0
 * </pre>
 *
 * <p>sMAPE as in the M4 competition (Makridakis, Spiliotis and Assimakopoulos 2020, "The M4
 * Competition: 100,000 time series and 61 forecasting methods").
 */
public final class ForecastErrors {
  private long count;
  private double absolute;
  private double squared;
  private double relative;

  /** Of nothing yet. */
  public ForecastErrors() {}

  /**
   * Of many.
   *
   * @param truth what came true
   * @param forecast as many values
   */
  public static ForecastErrors of(double[] truth, double[] forecast) {
    if (truth.length != forecast.length) {
      throw new IllegalArgumentException(
          "%d values and %d forecasts".formatted(truth.length, forecast.length));
    }
    ForecastErrors errors = new ForecastErrors();
    for (int i = 0; i < truth.length; i++) {
      errors.add(truth[i], forecast[i]);
    }
    return errors;
  }

  /** Adds one. */
  public void add(double truth, double forecast) {
    double error = Math.abs(forecast - truth);
    count++;
    absolute += error;
    squared += error * error;
    relative += error == 0 ? 0 : 200 * error / (Math.abs(truth) + Math.abs(forecast));
  }

  /** The mean absolute error, in the values' unit; NaN of nothing. */
  public double mae() {
    return absolute / count;
  }

  /** The root of the mean squared error, in the values' unit; NaN of nothing. */
  public double rmse() {
    return Math.sqrt(squared / count);
  }

  /** The symmetric mean absolute percentage error, 0 to 200; NaN of nothing. */
  public double smape() {
    return relative / count;
  }

  /** All by their names: {@code mae}, {@code rmse}, {@code smape}. */
  public SequencedMap<String, Double> measures() {
    SequencedMap<String, Double> measures = new LinkedHashMap<>();
    measures.put("mae", mae());
    measures.put("rmse", rmse());
    measures.put("smape", smape());
    return measures;
  }
}
