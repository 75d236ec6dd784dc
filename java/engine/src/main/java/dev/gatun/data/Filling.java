package dev.gatun.data;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What stands in for missing values of a series, with the statistics of the training rows: they
 * tell nothing about later ones.
 */
public final class Filling {
  private final MissingValues method;
  private final List<String> names;
  private final double[] values;

  private Filling(MissingValues method, List<String> names, double[] values) {
    this.method = method;
    this.names = List.copyOf(names);
    this.values = values;
  }

  /**
   * Takes the statistics of some rows.
   *
   * @param training the rows
   * @throws IllegalArgumentException if a column has no value there
   */
  public static Filling fit(MissingValues method, Series series, Range training) {
    training.within(series.rows(), "a series");
    double[] values = new double[series.names().size()];
    for (int c = 0; c < values.length; c++) {
      if (series.lastKnown(training.to() - 1, c) < training.from()) {
        throw new IllegalArgumentException(
            "column %s has no value in the training rows".formatted(series.names().get(c)));
      }
      values[c] =
          switch (method) {
            case MEDIAN -> median(sorted(series, training, c));
            case MODE -> mode(sorted(series, training, c));
            default -> mean(series, training, c);
          };
    }
    return new Filling(method, series.names(), values);
  }

  private static double mean(Series series, Range rows, int column) {
    double mean = 0;
    long known = 0;
    for (int row = rows.from(); row < rows.to(); row++) {
      if (series.known(row, column)) {
        known++;
        mean += (series.value(row, column) - mean) / known;
      }
    }
    return mean;
  }

  private static double[] sorted(Series series, Range rows, int column) {
    double[] known = new double[rows.size()];
    int count = 0;
    for (int row = rows.from(); row < rows.to(); row++) {
      if (series.known(row, column)) {
        known[count++] = series.value(row, column);
      }
    }
    double[] sorted = Arrays.copyOf(known, count);
    Arrays.sort(sorted);
    return sorted;
  }

  private static double median(double[] sorted) {
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  private static double mode(double[] sorted) {
    double mode = sorted[0];
    int most = 0;
    int start = 0;
    for (int i = 1; i <= sorted.length; i++) {
      if (i == sorted.length || sorted[i] != sorted[start]) {
        if (i - start > most) {
          most = i - start;
          mode = sorted[start];
        }
        start = i;
      }
    }
    return mode;
  }

  /** What is done. */
  public MissingValues method() {
    return method;
  }

  /** The columns it knows. */
  public List<String> names() {
    return names;
  }

  /** The training rows' mean, median or mode of a column, in its own unit. */
  public double value(int column) {
    return values[column];
  }

  /** This filling, for a checkpoint. */
  public Json toJson() {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("method", Json.of(method.name()));
    members.put("columns", Json.of(names.stream().map(Json::of).toList()));
    members.put("values", Json.of(Arrays.stream(values).mapToObj(Json::of).toList()));
    return Json.of(members);
  }

  /**
   * Reads what {@link #toJson} gave, to the bit.
   *
   * @throws FormatException if it is something else
   */
  public static Filling fromJson(Json json) {
    List<String> names =
        json.asObject().get("columns").asList().stream().map(Json::asText).toList();
    double[] values =
        json.asObject().get("values").asList().stream().mapToDouble(Json::asDouble).toArray();
    String method = json.asObject().get("method").asText();
    try {
      return new Filling(MissingValues.valueOf(method), names, values);
    } catch (IllegalArgumentException e) {
      throw new FormatException("no way to fill gaps is called " + method, e);
    }
  }
}
