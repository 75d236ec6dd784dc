package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.Batch;
import dev.gatun.data.Curriculum;
import dev.gatun.data.Filling;
import dev.gatun.data.MissingValues;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.SeriesBuilder;
import dev.gatun.data.WindowData;
import dev.gatun.data.WindowSource;
import dev.gatun.data.WindowSpec;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class MissingValuesTest {
  private static final double GAP = Double.NaN;

  /** The training rows are the first seven: mean 4, median 3, mode 2. */
  private static final double[] VALUES = {2, GAP, 2, 3, 6, GAP, 7, GAP, GAP, 50, 60};

  private static final Range TRAINING = new Range(0, 7);

  private static Series series() {
    return Series.withGaps(List.of("a"), new double[][] {VALUES}, null);
  }

  private static WindowData data(
      Series series, MissingValues method, int length, boolean relative) {
    List<String> a = List.of("a");
    return new WindowData(
        series,
        Scaler.identity(series),
        new WindowSpec(length, 1, false, 1, a, a, relative, relative),
        Filling.fit(method, series, TRAINING));
  }

  /** All that the windows of a forecast see, a row for each window. */
  private static float[][] seen(WindowSource source) {
    try (Batch batch = source.newBatch()) {
      source.fill(0, 0, batch);
      int features = source.layout().features();
      float[][] seen = new float[batch.size()][batch.time() * features];
      for (int n = 0; n < batch.size(); n++) {
        for (int i = 0; i < seen[n].length; i++) {
          long at = ((long) (i / features) * batch.size() + n) * features + i % features;
          seen[n][i] = (float) batch.inputs().get(at);
        }
      }
      return seen;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "MEAN,    2 4 2 3 6 4 7 4 4 50 60",
    "MEDIAN,  2 3 2 3 6 3 7 3 3 50 60",
    "MODE,    2 2 2 3 6 2 7 2 2 50 60",
    "FORWARD, 2 2 2 3 6 6 7 7 7 50 60",
    "LINEAR,  2 2 2 3 6 6.5 7 21.333334 35.666668 50 60"
  })
  void eachFillsInWhatItIsNamedFor(MissingValues method, String expected) {
    float[][] seen = seen(WindowSource.forecast(data(series(), method, 11, false), 1));
    String[] numbers = expected.split(" ", -1);
    for (int i = 0; i < numbers.length; i++) {
      assertEquals(Float.parseFloat(numbers[i]), seen[0][i], 1e-6f, "row " + i);
    }
  }

  /** What lies behind a window's end must not show in it. */
  @Test
  void linearLooksNoFurtherThanItsWindow() {
    float[][] seen =
        seen(WindowSource.forecast(data(series(), MissingValues.LINEAR, 3, false), 20));
    assertArrayEquals(new float[] {3, 6, 6}, seen[3]);
    assertArrayEquals(new float[] {6, 6.5f, 7}, seen[4]);
    assertArrayEquals(new float[] {7, 7, 7}, seen[6]);
  }

  @Test
  void masksAndTimeSinceLastSeenAreInputs() {
    float[][] mask = seen(WindowSource.forecast(data(series(), MissingValues.MASK, 10, false), 1));
    float[][] decay =
        seen(WindowSource.forecast(data(series(), MissingValues.DECAY, 10, false), 1));
    double[] ages = {0, 1, 2, 1, 1, 1, 2, 1, 2, 3};
    float[] forward = {2, 2, 2, 3, 6, 6, 7, 7, 7, 50};
    for (int row = 0; row < 10; row++) {
      boolean there = !Double.isNaN(VALUES[row]);
      assertEquals(there ? VALUES[row] : 4, mask[0][3 * row], 1e-6);
      assertEquals(there ? 1 : 0, mask[0][3 * row + 1]);
      assertEquals(Math.log1p(ages[row]), mask[0][3 * row + 2], 1e-6);
      assertEquals(forward[row], decay[0][3 * row]);
      assertEquals(there ? 1 : 0, decay[0][3 * row + 1]);
      assertEquals(ages[row], decay[0][3 * row + 2], 1e-6);
    }
  }

  /** With times, what is since the last value is counted in them. */
  @Test
  void agesAreInUnitsOfTime() {
    try (SeriesBuilder builder = SeriesBuilder.inMemory(List.of("a"), false, true)) {
      double[] times = {10, 20, 22, 40};
      double[] values = {1, GAP, GAP, 3};
      for (int i = 0; i < 4; i++) {
        builder.add(new double[] {values[i]}, null, times[i]);
      }
      Series series = builder.build();
      WindowData data = data(series, MissingValues.DECAY, 4, new Range(0, 4));
      float[] seen = seen(WindowSource.forecast(data, 1))[0];
      assertArrayEquals(
          new float[] {1, 1, 0, 1, 0, 1, 1, 0, 1.2f, 3, 1, 3}, seen, "[value, mask, age]");
      WindowData linear = data(series, MissingValues.LINEAR, 4, new Range(0, 4));
      seen = seen(WindowSource.forecast(linear, 1))[0];
      assertEquals(1 + 2.0 / 3, seen[1], 1e-6);
    }
  }

  private static WindowData data(Series series, MissingValues method, int length, Range training) {
    List<String> a = List.of("a");
    return new WindowData(
        series,
        Scaler.identity(series),
        new WindowSpec(length, 1, false, 1, a, a, false),
        Filling.fit(method, series, training));
  }

  @Test
  void droppedAreWindowsWithAGap() {
    WindowSource dropped = WindowSource.forecast(data(series(), MissingValues.DROP, 2, false), 20);
    assertEquals(3, dropped.windows());
    assertEquals(7, dropped.dropped());
    float[][] seen = seen(dropped);
    assertArrayEquals(new float[] {2, 3}, seen[0]);
    assertArrayEquals(new float[] {3, 6}, seen[1]);
    assertArrayEquals(new float[] {50, 60}, seen[2]);
  }

  /** Nothing is learnt from what was filled in. */
  @ParameterizedTest
  @EnumSource(value = MissingValues.class, names = "DROP", mode = EnumSource.Mode.EXCLUDE)
  void windowsWithoutATargetAreLeftOut(MissingValues method) {
    WindowData data = data(series(), method, 2, false);
    WindowSource training = WindowSource.training(data, new Range(0, 10), 20, 1, Curriculum.NONE);
    assertEquals(5, training.windows());
    assertEquals(3, training.dropped());
    try (Batch batch = training.newBatch()) {
      training.fill(0, 0, batch);
      double[] targets = Arrays.copyOf(batch.targets().toDoubles(), batch.size());
      Arrays.sort(targets);
      assertArrayEquals(new double[] {2, 3, 6, 7, 50}, targets);
    }
    WindowSource evaluation = WindowSource.evaluation(data, new Range(5, 10), 20);
    assertEquals(2, evaluation.windows());
    assertEquals(50, evaluation.truth(1, 0));
  }

  @Test
  void differencesStartFromTheLastValueKnown() {
    WindowSource source = WindowSource.forecast(data(series(), MissingValues.MEAN, 3, true), 20);
    float[][] seen = seen(source);
    assertArrayEquals(new float[] {3 - 6, 0, 4 - 6}, seen[3]);
    assertEquals(6, source.lastValue(3, 0));
    assertEquals(6 + 1.5, source.restore(3, 0, 1.5), 1e-12);
    assertArrayEquals(new double[] {1}, targets(source, 3), "7 is 1 above the 6 known last");
  }

  private static double[] targets(WindowSource source, int window) {
    try (Batch batch = source.newBatch()) {
      source.fill(0, 0, batch);
      return new double[] {batch.targets().get(window)};
    }
  }

  @Test
  void statisticsAreOfTheTrainingRows() {
    Series series = series();
    assertEquals(4, Filling.fit(MissingValues.MEAN, series, TRAINING).value(0));
    double deviation = Math.sqrt((4 + 4 + 1 + 4 + 9) / 5.0);
    Scaler scaler = Scaler.standard(series, TRAINING);
    assertEquals(1, scaler.scale(0, 4 + deviation), 1e-12);
    assertEquals(1, Scaler.minMax(series, TRAINING).scale(0, 7), 1e-12);
    assertEquals(0, Scaler.minMax(series, TRAINING).scale(0, 2), 1e-12);
    Filling filling = Filling.fit(MissingValues.MEDIAN, series, TRAINING);
    Filling read = Filling.fromJson(Json.parse(filling.toJson().print()));
    assertEquals(filling.toJson(), read.toJson());
    assertEquals(3, read.value(0));
    Json other = Json.parse(filling.toJson().print().replace("MEDIAN", "GUESS"));
    assertThrows(FormatException.class, () -> Filling.fromJson(other));
    Messages.refuses(
        "column a has no value", () -> Filling.fit(MissingValues.MEAN, series, new Range(7, 9)));
    Messages.refuses(
        "column a cannot be scaled: the 2 training rows have no value of it; give some, or leave",
        () -> Scaler.minMax(series, new Range(7, 9)));
    Messages.refuses(
        "say what is done about them",
        () ->
            WindowSource.forecast(
                series, scaler, data(series, MissingValues.DROP, 2, false).spec(), 1));
    Messages.refuses(
        "each of 3 windows has a missing value",
        () -> WindowSource.forecast(data(series, MissingValues.DROP, 9, false), 1));
  }

  /** A window ends where it did and is asked the same; it begins later. */
  @Test
  void windowsWidenOverTheEpochs() {
    double[] rows = new double[40];
    Arrays.setAll(rows, i -> i);
    Series series = new Series(List.of("a"), new double[][] {rows}, null);
    List<String> a = List.of("a");
    WindowData data =
        new WindowData(
            series, Scaler.identity(series), new WindowSpec(9, 2, false, 1, a, a, false), null);
    Curriculum curriculum = new Curriculum(2, 3);
    Range all = new Range(0, 40);
    WindowSource source = WindowSource.training(data, all, 8, 5, curriculum);
    WindowSource again = WindowSource.training(data, all, 8, 5, curriculum);
    int[] lengths = {2, 5, 8, 9, 9};
    try (Batch batch = source.newBatch();
        Batch other = again.newBatch()) {
      for (int epoch = 4; epoch >= 0; epoch--) {
        source.fill(epoch, 1, batch);
        again.fill(epoch, 1, other);
        assertEquals(lengths[epoch], batch.time());
        assertArrayEquals(other.inputs().toDoubles(), batch.inputs().toDoubles());
        for (int n = 0; n < batch.size(); n++) {
          int end = source.lastRow(source.window(epoch, 1, n));
          assertEquals(end + 2, batch.targets().get(n));
          for (int t = 0; t < batch.time(); t++) {
            double row = batch.inputs().get((long) t * batch.size() + n);
            assertEquals(end - batch.time() + 1 + t, row);
          }
        }
      }
    }
    Messages.refuses("at least 0 and 1", () -> new Curriculum(1, 0));
  }

  /** The same numbers, whether they lie in memory or in a file; each window once in an epoch. */
  @ParameterizedTest
  @EnumSource(MissingValues.class)
  void aSeriesInAFileGivesTheSame(MissingValues method) {
    Series memory = series();
    Series file;
    try (SeriesBuilder builder = SeriesBuilder.inFile(List.of("a"), false)) {
      for (double value : VALUES) {
        builder.add(new double[] {value}, null, GAP);
      }
      file = builder.build();
    }
    assertTrue(file.inFile() && !memory.inFile());
    assertEquals(
        Arrays.deepToString(seen(forecast(memory, method))),
        Arrays.deepToString(seen(forecast(file, method))));
    WindowSource training =
        WindowSource.training(
            data(file, method, 2, false), new Range(0, 10), 20, 1, Curriculum.NONE);
    for (int epoch = 0; epoch < 3; epoch++) {
      BitSet met = new BitSet();
      for (int n = 0; n < training.windows(); n++) {
        met.set(training.window(epoch, 0, n));
      }
      assertEquals(training.windows(), met.cardinality());
    }
  }

  private static WindowSource forecast(Series series, MissingValues method) {
    return WindowSource.forecast(data(series, method, 2, false), 20);
  }

  /** The order without memory: every item once, another order in another epoch. */
  @Test
  void aFileIsShuffledInNoMemory() {
    int rows = 5000;
    Series file;
    try (SeriesBuilder builder = SeriesBuilder.inFile(List.of("a"), false)) {
      for (int i = 0; i < rows; i++) {
        builder.add(new double[] {i}, null, GAP);
      }
      file = builder.build();
    }
    WindowSource source =
        WindowSource.training(
            data(file, MissingValues.DROP, 3, new Range(0, rows)),
            new Range(0, rows),
            rows,
            9,
            Curriculum.NONE);
    int same = 0;
    int kept = 0;
    BitSet met = new BitSet();
    for (int n = 0; n < source.windows(); n++) {
      int window = source.window(0, 0, n);
      met.set(window);
      same += window == source.window(1, 0, n) ? 1 : 0;
      kept += window == n ? 1 : 0;
    }
    assertEquals(rows - 3, met.cardinality());
    assertTrue(same < 10 && kept < 10, same + " and " + kept + ": one is likely of each");
  }
}
