package dev.gatun.data;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Shifts and scales each column of a series: scaled = (value - offset) / scale. Fitted on the
 * training rows alone, so that it tells nothing about later ones. A column that is constant there
 * gets scale 1, which makes it 0 in training; {@link Series#constants} names it.
 */
public final class Scaler {
  private final List<String> names;
  private final double[] offset;
  private final double[] scale;

  private Scaler(List<String> names, double[] offset, double[] scale) {
    this.names = List.copyOf(names);
    this.offset = offset;
    this.scale = scale;
  }

  /** A scaler that changes nothing. */
  public static Scaler identity(Series series) {
    double[] scale = new double[series.names().size()];
    Arrays.fill(scale, 1);
    return new Scaler(series.names(), new double[scale.length], scale);
  }

  /**
   * To mean 0 and standard deviation 1 (of the rows themselves: the sum is divided by their count).
   * Values that are missing count nothing.
   *
   * @param training the rows to fit on
   * @throws IllegalArgumentException if there are none
   */
  public static Scaler standard(Series series, Range training) {
    return fit(
        series,
        training,
        c -> {
          double mean = 0;
          int known = 0;
          for (int row = training.from(); row < training.to(); row++) {
            if (series.known(row, c)) {
              mean += series.value(row, c);
              known++;
            }
          }
          mean /= known;
          double squares = 0;
          for (int row = training.from(); row < training.to(); row++) {
            double deviation = series.known(row, c) ? series.value(row, c) - mean : 0;
            squares += deviation * deviation;
          }
          return new double[] {mean, Math.sqrt(squares / known)};
        });
  }

  /**
   * To the range from 0 to 1.
   *
   * @param training the rows to fit on
   * @throws IllegalArgumentException if there are none
   */
  public static Scaler minMax(Series series, Range training) {
    return fit(
        series,
        training,
        c -> {
          double min = Double.POSITIVE_INFINITY;
          double max = Double.NEGATIVE_INFINITY;
          for (int row = training.from(); row < training.to(); row++) {
            double value = series.value(row, c);
            // Written so that a missing value, NaN, changes neither.
            min = value < min ? value : min;
            max = value > max ? value : max;
          }
          return new double[] {min, max - min};
        });
  }

  /** Gives the offset and scale of a column that is not constant. */
  @FunctionalInterface
  private interface Fit {
    double[] of(int column);
  }

  private static Scaler fit(Series series, Range training, Fit fit) {
    if (training.within(series.rows(), "a series").size() == 0) {
      throw new IllegalArgumentException("a scaler cannot be fitted on no rows");
    }
    List<String> constants = series.constants(training);
    Scaler scaler = identity(series);
    for (int c = 0; c < scaler.scale.length; c++) {
      if (constants.contains(series.names().get(c))) {
        // Not its computed mean and deviation: rounding would make a tiny scale of nothing.
        scaler.offset[c] = series.value(series.lastKnown(training.to() - 1, c), c);
      } else {
        double[] fitted = fit.of(c);
        scaler.offset[c] = fitted[0];
        scaler.scale[c] = fitted[1];
      }
      if (series.lastKnown(training.to() - 1, c) < training.from()) {
        throw new IllegalArgumentException(
            ("column %s cannot be scaled: the %d training rows have no value of it; give some, or"
                    + " leave the column out")
                .formatted(series.names().get(c), training.size()));
      }
      if (!Double.isFinite(scaler.offset[c])
          || !(scaler.scale[c] > 0 && scaler.scale[c] < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            ("column %s cannot be scaled: offset %s, scale %s; its values are too %s; give them in a"
                    + " %s unit, no scaler, or leave the column out")
                .formatted(
                    series.names().get(c),
                    scaler.offset[c],
                    scaler.scale[c],
                    scaler.scale[c] == 0 ? "close" : "large",
                    scaler.scale[c] == 0 ? "smaller" : "larger"));
      }
    }
    return scaler;
  }

  /** The columns this scaler knows, in the order of their indices. */
  public List<String> names() {
    return names;
  }

  /** A value of a column, scaled. */
  public double scale(int column, double value) {
    return (value - offset[column]) / scale[column];
  }

  /** A scaled value of a column in the column's own unit. */
  public double restore(int column, double scaled) {
    return scaled * scale[column] + offset[column];
  }

  /** A scaled difference of two values of a column in the column's own unit. */
  public double restoreDifference(int column, double scaled) {
    return scaled * scale[column];
  }

  /** This scaler, for a checkpoint. */
  public Json toJson() {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("columns", Json.of(names.stream().map(Json::of).toList()));
    members.put("offset", numbers(offset));
    members.put("scale", numbers(scale));
    return Json.of(members);
  }

  private static Json numbers(double[] values) {
    return Json.of(Arrays.stream(values).mapToObj(Json::of).toList());
  }

  /**
   * Reads what {@link #toJson} gave, to the bit.
   *
   * @throws FormatException if it is something else
   */
  public static Scaler fromJson(Json json) {
    List<String> names =
        json.asObject().get("columns").asList().stream().map(Json::asText).toList();
    double[] offset = numbers(json, "offset", names.size());
    double[] scale = numbers(json, "scale", names.size());
    for (double s : scale) {
      if (!(s > 0)) {
        throw new FormatException("a scaler's scale must be above 0, found " + s);
      }
    }
    return new Scaler(names, offset, scale);
  }

  private static double[] numbers(Json json, String name, int count) {
    List<Json> list = json.asObject().get(name).asList();
    if (list.size() != count) {
      throw new FormatException(
          "a scaler of %d columns has %d values of %s".formatted(count, list.size(), name));
    }
    return list.stream().mapToDouble(Json::asDouble).toArray();
  }
}
