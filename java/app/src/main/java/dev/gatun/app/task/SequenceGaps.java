package dev.gatun.app.task;

import dev.gatun.data.Filling;
import dev.gatun.data.MissingValues;
import dev.gatun.data.Scaler;
import org.jspecify.annotations.Nullable;

/** A sequence as a network sees it: scaled, with something in the place of missing values. */
final class SequenceGaps {
  private SequenceGaps() {}

  /** The inputs of a step of so many numbers. */
  static int width(int columns, @Nullable Filling filling) {
    return filling != null && filling.method().addsInputs() ? 3 * columns : columns;
  }

  /**
   * Scales and fills.
   *
   * @param values [t][c], NaN where missing
   * @param scaler null: none
   * @param filling null: nothing is missing
   * @return [t][c]; with a mask followed by 1 for each that is there, and log(1 + steps since the
   *     last one that was there before)
   */
  static float[][] inputs(double[][] values, @Nullable Scaler scaler, @Nullable Filling filling) {
    int columns = values[0].length;
    float[][] x = new float[values.length][width(columns, filling)];
    for (int c = 0; c < columns; c++) {
      int last = -1;
      int next = -1;
      for (int t = 0; t < values.length; t++) {
        boolean known = !Double.isNaN(values[t][c]);
        if (x[t].length > columns) {
          x[t][columns + c] = known ? 1 : 0;
          x[t][2 * columns + c] = (float) Math.log1p(t - Math.max(0, last));
        }
        next = next < t ? next(values, t, c) : next;
        double value =
            known || filling == null ? values[t][c] : fill(values, c, t, last, next, filling);
        x[t][c] = (float) (scaler == null ? value : scaler.scale(c, value));
        last = known ? t : last;
      }
    }
    return x;
  }

  /** The first step from t on where a value is there; the length without one. */
  private static int next(double[][] values, int t, int c) {
    int next = t;
    while (next < values.length && Double.isNaN(values[next][c])) {
      next++;
    }
    return next;
  }

  /** Forward and linear have the statistic where there is nothing to go by. */
  private static double fill(double[][] values, int c, int t, int last, int next, Filling filling) {
    boolean after = filling.method() == MissingValues.LINEAR && next < values.length;
    if (filling.method() != MissingValues.LINEAR && filling.method() != MissingValues.FORWARD) {
      return filling.value(c);
    }
    if (last < 0) {
      return after ? values[next][c] : filling.value(c);
    }
    double before = values[last][c];
    return after ? before + (values[next][c] - before) * (t - last) / (next - last) : before;
  }
}
