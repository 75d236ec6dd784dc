package dev.gatun.data;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What windows are cut from.
 *
 * @param series the columns
 * @param scaler knows the same columns
 * @param spec what a window is
 * @param filling what is done about missing values; null: there are none
 */
public record WindowData(Series series, Scaler scaler, WindowSpec spec, @Nullable Filling filling) {
  /** Checks that all are about the same columns. */
  public WindowData {
    if (!scaler.names().equals(series.names())) {
      throw new IllegalArgumentException(
          "the scaler knows columns %s, the series has %s"
              .formatted(scaler.names(), series.names()));
    }
    if (filling != null && !filling.names().equals(series.names())) {
      throw new IllegalArgumentException(
          "the filling knows columns %s, the series has %s"
              .formatted(filling.names(), series.names()));
    }
    if (filling == null && series.hasGaps()) {
      throw new IllegalArgumentException(
          "the series has missing values: say what is done about them, as Filling.fit");
    }
  }

  /** C, the numbers a network sees of each row: the inputs and what the filling adds to them. */
  public int features() {
    int inputs = spec.inputs().size();
    return filling != null && filling.method().addsInputs() ? 3 * inputs : inputs;
  }

  /**
   * The training means of the inputs, scaled: what missing ones fade to ({@link
   * MissingValues#DECAY}).
   *
   * @throws IllegalStateException without a filling
   */
  public List<Double> means() {
    Filling known = filling;
    if (known == null) {
      throw new IllegalStateException("means are those of a filling, and there is none");
    }
    return spec.inputs().stream()
        .mapToInt(series::column)
        .mapToObj(c -> scaler.scale(c, known.value(c)))
        .toList();
  }

  /**
   * Checks that a window can begin with the state of another.
   *
   * @throws IllegalArgumentException if they are relative to their own last row, or left out
   */
  void checkContinuous() {
    if (spec.relative()) {
      throw new IllegalArgumentException(
          "windows relative to their own last row do not continue one another");
    }
    if (drops()) {
      throw new IllegalArgumentException(
          "windows do not continue one another where those with a missing value are left out");
    }
  }

  boolean drops() {
    return filling != null && filling.method() == MissingValues.DROP;
  }
}
