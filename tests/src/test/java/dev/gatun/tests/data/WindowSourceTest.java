package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.Batch;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.WindowSource;
import dev.gatun.data.WindowSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WindowSourceTest {
  private static final int ROWS = 60;

  /** Column "row" is the row, "square" its square, "half" half of it: a value tells its place. */
  private static Series series() {
    double[][] columns = new double[3][ROWS];
    for (int row = 0; row < ROWS; row++) {
      columns[0][row] = row;
      columns[1][row] = (double) row * row;
      columns[2][row] = row / 2.0;
    }
    return new Series(List.of("row", "square", "half"), columns, null);
  }

  private static WindowSpec spec(int length, int horizon, boolean whole, int stride) {
    return new WindowSpec(length, horizon, whole, stride, List.of("row"), List.of("row"), false);
  }

  /** What the windows of one epoch see and predict, as rows. */
  private static List<int[][]> rows(WindowSource source, WindowSpec spec, int epoch) {
    List<int[][]> windows = new ArrayList<>();
    try (Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(epoch); i++) {
        source.fill(epoch, i, batch);
        assertEquals(spec.length(), batch.time());
        assertEquals(batch.size(), batch.targetCount());
        assertFalse(batch.ragged() || batch.continues());
        for (int n = 0; n < batch.size(); n++) {
          int[] seen = new int[batch.time()];
          for (int t = 0; t < seen.length; t++) {
            seen[t] = (int) batch.inputs().get((long) t * batch.size() + n);
          }
          int[] asked = new int[spec.outputs()];
          for (int o = 0; o < asked.length; o++) {
            asked[o] = (int) batch.targets().get((long) n * asked.length + o);
          }
          windows.add(new int[][] {seen, asked});
        }
      }
    }
    return windows;
  }

  @ParameterizedTest
  @CsvSource({
    "5,1,false,1,7",
    "5,3,false,1,7",
    "5,3,true,1,7",
    "1,1,true,1,1",
    "8,4,true,3,64",
    "3,2,false,5,2"
  })
  void trainingNeverLeavesItsRows(int length, int horizon, boolean whole, int stride, int batch) {
    WindowSpec spec = spec(length, horizon, whole, stride);
    Range training = new Range(4, 41);
    Series series = series();
    WindowSource source =
        WindowSource.training(series, Scaler.identity(series), spec, training, batch, 1);
    List<int[][]> windows = rows(source, spec, 0);
    assertEquals((training.size() - length - horizon) / stride + 1, windows.size());
    List<Integer> starts = new ArrayList<>();
    for (int[][] window : windows) {
      check(window, spec);
      assertTrue(window[0][0] >= training.from());
      assertTrue(window[1][spec.outputs() - 1] < training.to());
      starts.add(window[0][0]);
    }
    starts.sort(null);
    for (int i = 0; i < starts.size(); i++) {
      assertEquals(training.from() + i * stride, starts.get(i), "every window once");
    }
    assertTrue(training.to() - starts.getLast() - length - horizon < stride, "none left out");
  }

  /** Inputs are consecutive, targets come after them, as far as asked. */
  private static void check(int[][] window, WindowSpec spec) {
    int last = window[0][spec.length() - 1];
    for (int t = 0; t < spec.length(); t++) {
      assertEquals(last - spec.length() + 1 + t, window[0][t]);
    }
    for (int o = 0; o < spec.outputs(); o++) {
      assertEquals(last + (spec.wholeHorizon() ? o + 1 : spec.horizon()), window[1][o]);
    }
  }

  @ParameterizedTest
  @CsvSource({"5,1,false,1,7", "5,3,false,2,7", "5,3,true,9,7", "20,10,true,1,64", "50,1,true,1,4"})
  void evaluationAsksForEveryRowAndLooksBackOnly(
      int length, int horizon, boolean whole, int stride, int batch) {
    WindowSpec spec = spec(length, horizon, whole, stride);
    Range rows = new Range(41, 55);
    Series series = series();
    WindowSource source =
        WindowSource.evaluation(series, Scaler.identity(series), spec, rows, batch);
    int first = Math.max(rows.from(), length + (whole ? 0 : horizon - 1));
    List<int[][]> windows = rows(source, spec, 0);
    assertEquals(first, windows.getFirst()[1][0]);
    assertEquals(rows.to() - 1, windows.getLast()[1][spec.outputs() - 1]);
    for (int i = 0; i < windows.size(); i++) {
      check(windows.get(i), spec);
      assertEquals(first + i, windows.get(i)[1][0], "in order, none left out");
      assertEquals(windows.get(i)[1][0], source.targetRow(i, 0));
      assertEquals(windows.get(i)[0][length - 1], source.lastRow(i));
    }
  }

  @Test
  void laterValuesChangeNothingInTraining() {
    double[][] columns = {new double[ROWS]};
    for (int row = 0; row < ROWS; row++) {
      columns[0][row] = Math.sin(row);
    }
    Series before = new Series(List.of("row"), columns, null);
    Arrays.fill(columns[0], 30, ROWS, 1e6);
    Series after = new Series(List.of("row"), columns, null);
    Range training = new Range(0, 30);
    WindowSpec spec = spec(7, 2, true, 1);
    assertArrayEquals(
        bits(
            WindowSource.training(before, Scaler.standard(before, training), spec, training, 5, 3)),
        bits(WindowSource.training(after, Scaler.standard(after, training), spec, training, 5, 3)));
  }

  private static float[] bits(WindowSource source) {
    float[] all = new float[0];
    try (Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        for (float[] part : List.of(batch.inputs().toFloats(), batch.targets().toFloats())) {
          int at = all.length;
          all = Arrays.copyOf(all, at + part.length);
          System.arraycopy(part, 0, all, at, part.length);
        }
      }
    }
    return all;
  }

  @Test
  void shufflingIsAFunctionOfSeedAndEpoch() {
    Series series = series();
    WindowSpec spec = spec(5, 1, true, 1);
    Range all = new Range(0, ROWS);
    WindowSource one = WindowSource.training(series, Scaler.identity(series), spec, all, 8, 7);
    WindowSource two = WindowSource.training(series, Scaler.identity(series), spec, all, 8, 7);
    WindowSource other = WindowSource.training(series, Scaler.identity(series), spec, all, 8, 8);
    String third = text(rows(one, spec, 3));
    assertNotEquals(third, text(rows(one, spec, 2)));
    assertEquals(third, text(rows(two, spec, 3)), "whatever was asked before");
    assertEquals(third, text(rows(one, spec, 3)));
    assertNotEquals(third, text(rows(other, spec, 3)));
    assertEquals(rows(one, spec, 3).get(8)[0][4], one.lastRow(one.window(3, 1, 0)));
  }

  private static String text(List<int[][]> windows) {
    return Arrays.deepToString(windows.toArray());
  }

  @Test
  void columnsComeInTheOrderNamedAndAreUndone() {
    Series series = series();
    Range training = new Range(0, 40);
    Scaler scaler = Scaler.standard(series, training);
    for (boolean difference : new boolean[] {false, true}) {
      WindowSpec spec =
          new WindowSpec(
              4, 3, true, 1, List.of("half", "row"), List.of("square", "row"), difference);
      WindowSource source = WindowSource.training(series, scaler, spec, training, 6, 1);
      try (Batch batch = source.newBatch()) {
        source.fill(2, 1, batch);
        for (int n = 0; n < batch.size(); n++) {
          int window = source.window(2, 1, n);
          int last = source.lastRow(window);
          long step = (3L * batch.size() + n) * 2;
          assertEquals(last / 2.0, scaler.restore(2, batch.inputs().get(step)), 1e-4);
          assertEquals(last, scaler.restore(0, batch.inputs().get(step + 1)), 1e-4);
          for (int o = 0; o < 6; o++) {
            double row = last + 1 + o / 2;
            assertEquals(o % 2 == 0 ? "square" : "row", source.targetColumn(o));
            assertEquals(o % 2 == 0 ? row * row : row, source.truth(window, o));
            double target = batch.targets().get(n * 6L + o);
            assertEquals(source.truth(window, o), source.restore(window, o, target), 1e-3);
            assertEquals(
                difference, source.restore(window, o, 0) == (o % 2 == 0 ? last * last : last));
          }
        }
      }
    }
  }

  @Test
  void relativeInputsAreDistancesFromTheLastRowSeen() {
    Series series = series();
    List<String> columns = List.of("square", "row");
    WindowSpec spec = new WindowSpec(4, 1, false, 1, columns, List.of("row"), true, true);
    WindowSource source = WindowSource.forecast(series, Scaler.identity(series), spec, 5);
    try (Batch batch = source.newBatch()) {
      source.fill(0, 2, batch);
      for (int n = 0; n < batch.size(); n++) {
        int last = source.lastRow(source.window(0, 2, n));
        for (int t = 0; t < 4; t++) {
          int row = last - 3 + t;
          long at = ((long) t * batch.size() + n) * 2;
          assertEquals(row * row - last * last, batch.inputs().get(at));
          assertEquals(row - last, batch.inputs().get(at + 1));
        }
      }
    }
  }

  @Test
  void aForecastReachesBeyondTheEnd() {
    Series series = series();
    WindowSpec spec = spec(10, 2, true, 1);
    WindowSource source = WindowSource.forecast(series, Scaler.identity(series), spec, 100);
    assertEquals(ROWS - 9, source.windows());
    try (Batch batch = source.newBatch()) {
      source.fill(0, 0, batch);
      assertEquals(ROWS - 11, batch.targetCount());
      assertEquals(ROWS - 1, batch.inputs().get(9L * batch.size() + batch.size() - 1));
      double[] weights = new double[ROWS - 9];
      Arrays.fill(weights, 0, ROWS - 11, 1);
      assertArrayEquals(weights, Objects.requireNonNull(batch.weights()).toDoubles());
    }
    assertTrue(source.known(ROWS - 12) && !source.known(ROWS - 11));
    assertEquals(ROWS + 1, source.targetRow(ROWS - 10, 1));
  }

  @Test
  void shortSeriesAreNamedWithNumbers() {
    Series series = series();
    Scaler scaler = Scaler.identity(series);
    WindowSpec spec = spec(10, 3, true, 1);
    Messages.refuses(
        "12 training rows are too few: a window of 10 and a horizon of 3 need at least 13",
        () -> WindowSource.training(series, scaler, spec, new Range(0, 12), 5, 1));
    assertEquals(1, WindowSource.training(series, scaler, spec, new Range(0, 13), 5, 1).windows());
    Messages.refuses(
        "rows 51 to 52 of the series are to be predicted",
        () -> WindowSource.evaluation(series, scaler, spec, new Range(50, 52), 5));
    Messages.refuses(
        "a window of 10 and a horizon of 3 take 13 rows",
        () -> WindowSource.evaluation(series, scaler, spec, new Range(2, 12), 5));
    Messages.refuses(
        "60 rows are too few for a window of 61",
        () -> WindowSource.forecast(series, scaler, spec(61, 1, true, 1), 5));
    Messages.refuses(
        "need at least 4294967294",
        () ->
            WindowSource.training(
                series,
                scaler,
                spec(Integer.MAX_VALUE, Integer.MAX_VALUE, false, 1),
                new Range(0, ROWS),
                5,
                1));
    Messages.refuses(
        "of the series, which has 60",
        () -> WindowSource.evaluation(series, scaler, spec, new Range(50, 61), 5));
    Messages.refuses(
        "at least 1", () -> WindowSource.training(series, scaler, spec, new Range(0, 30), 0, 1));
  }

  @Test
  void specsAreChecked() {
    Messages.refuses("got 0, 1 and 1", () -> spec(0, 1, true, 1));
    Messages.refuses("got 1, 0 and 1", () -> spec(1, 0, true, 1));
    Messages.refuses("got 1, 1 and 0", () -> spec(1, 1, true, 0));
    Messages.refuses(
        "at least 1 input", () -> new WindowSpec(1, 1, true, 1, List.of(), List.of("a"), false));
    Series series = series();
    WindowSpec unknown = new WindowSpec(1, 1, true, 1, List.of("x"), List.of("row"), false);
    Messages.refuses(
        "no column x; there are [row, square, half]",
        () -> WindowSource.forecast(series, Scaler.identity(series), unknown, 1));
    Series other = new Series(List.of("row"), new double[1][ROWS], null);
    Messages.refuses(
        "the scaler knows columns [row]",
        () -> WindowSource.forecast(series, Scaler.identity(other), spec(1, 1, true, 1), 1));
  }
}
