package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.SeriesBuilder;
import dev.gatun.data.Split;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeriesTest {
  private static Series series(double[]... columns) {
    return new Series(List.of("a", "b").subList(0, columns.length), columns, null);
  }

  @Test
  void missingValuesAreNamedWithRowAndColumn() {
    double[][] columns = {{1, 2, 3}, {4, Double.NaN, 6}};
    Messages.refuses("row 2, column b: the value is missing", () -> series(columns));
    Messages.refuses(
        "row 2 (1701), column b: the value is missing",
        () -> new Series(List.of("a", "b"), columns, List.of("1700", "1701", "1702")));
    Messages.refuses(
        "row 1, column a: the value is -Infinity",
        () -> series(new double[] {Double.NEGATIVE_INFINITY}));
  }

  @Test
  void timesGoForward() {
    try (SeriesBuilder rows = SeriesBuilder.inMemory(List.of("a"), false, true)) {
      rows.add(new double[] {1}, null, 5);
      rows.add(new double[] {2}, null, 5);
      double[] row = {3};
      Messages.refuses("row 3: the time is 4.5", () -> rows.add(row, null, 4.5));
      Messages.refuses("row 3: the time is NaN", () -> rows.add(row, null, Double.NaN));
      Messages.refuses(
          "row 3: the time is Infinity", () -> rows.add(row, null, Double.POSITIVE_INFINITY));
      rows.add(row, null, 6);
      assertEquals(3, rows.build().value(2, 0));
    }
  }

  @Test
  void shapesAndNamesAreChecked() {
    Messages.refuses("column b has 1 rows, column a 2", () -> series(new double[2], new double[1]));
    Messages.refuses(
        "two columns are named a", () -> new Series(List.of("a", "a"), new double[2][3], null));
    Messages.refuses("1 names for 2", () -> new Series(List.of("a"), new double[2][3], null));
    Messages.refuses("0 names for 0", () -> new Series(List.of(), new double[0][], null));
    Messages.refuses(
        "1 time labels for 3", () -> new Series(List.of("a"), new double[1][3], List.of("1")));
    Messages.refuses(
        "no column c; there are [a, b]", () -> series(new double[1], new double[1]).column("c"));
  }

  @Test
  void aSeriesKeepsItsOwnCopy() {
    double[] column = {1, 2};
    Series series = series(column);
    column[0] = 9;
    assertEquals(1, series.value(0, 0));
  }

  @Test
  void standardIsFittedOnTrainingRowsAlone() {
    Range training = new Range(1, 5);
    Scaler scaler = Scaler.standard(series(new double[] {99, 2, 4, 4, 6, -50}), training);
    Scaler other = Scaler.standard(series(new double[] {-3, 2, 4, 4, 6, 1e9}), training);
    assertEquals(scaler.toJson(), other.toJson());
    assertEquals(0, scaler.scale(0, 4));
    assertEquals(Math.sqrt(2), scaler.scale(0, 6), 1e-15);
  }

  @Test
  void minMaxIsFittedOnTrainingRowsAlone() {
    Scaler scaler = Scaler.minMax(series(new double[] {99, 2, 4, 4, 6, -50}), new Range(1, 5));
    assertEquals(0, scaler.scale(0, 2));
    assertEquals(1, scaler.scale(0, 6));
    assertEquals(2, scaler.scale(0, 10));
  }

  @Test
  void scalingIsUndone() {
    double[] values = {0.1, -7, 1e6, 3};
    Series series = series(values, new double[] {5, 5, 5, 6});
    for (Scaler scaler :
        List.of(
            Scaler.standard(series, new Range(0, 3)),
            Scaler.minMax(series, new Range(0, 3)),
            Scaler.identity(series))) {
      Scaler read = Scaler.fromJson(Json.parse(scaler.toJson().print()));
      assertEquals(scaler.toJson(), read.toJson());
      for (double value : values) {
        assertEquals(value, read.restore(0, read.scale(0, value)), 1e-9);
      }
      assertEquals(2, read.restoreDifference(0, read.scale(0, 5) - read.scale(0, 3)), 1e-9);
    }
  }

  @Test
  void aConstantColumnIsShiftedButNotScaled() {
    double[] tenth = new double[1000];
    Arrays.fill(tenth, 0.1);
    tenth[999] = 2.1;
    Series series = series(tenth);
    Range training = new Range(0, 999);
    assertEquals(List.of("a"), series.constants(training));
    assertEquals(List.of(), series.constants(new Range(0, 1000)));
    assertEquals(List.of(), series.constants(new Range(3, 3)));
    for (Scaler scaler :
        List.of(Scaler.standard(series, training), Scaler.minMax(series, training))) {
      assertEquals(0, scaler.scale(0, 0.1));
      assertEquals(2, scaler.scale(0, 2.1));
    }
  }

  @Test
  void whatCannotBeScaledIsNamed() {
    Messages.refuses("on no rows", () -> Scaler.standard(series(new double[3]), new Range(1, 1)));
    Messages.refuses(
        "its values are too large; give them in a larger unit, no scaler, or leave the column out",
        () -> Scaler.standard(series(new double[] {1e300, -1e300}), new Range(0, 2)));
    Messages.refuses(
        "its values are too close; give them in a smaller unit, no scaler, or leave the column out",
        () -> Scaler.standard(series(new double[] {1e-300, -1e-300}), new Range(0, 2)));
    Messages.refuses("which has 3", () -> Scaler.minMax(series(new double[3]), new Range(1, 4)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"columns\":[\"a\"],\"offset\":[1],\"scale\":[0]}",
        "{\"columns\":[\"a\"],\"offset\":[1],\"scale\":[-1]}",
        "{\"columns\":[\"a\"],\"offset\":[1,2],\"scale\":[1]}",
        "{\"columns\":[\"a\"],\"offset\":[null],\"scale\":[1]}"
      })
  void aWrongScalerIsRefused(String json) {
    assertThrows(FormatException.class, () -> Scaler.fromJson(Json.parse(json)));
  }

  @Test
  void splitsFollowOneAnother() {
    assertEquals(
        new Split(new Range(0, 7), new Range(7, 8), new Range(8, 10)),
        Split.fractions(10, 0.1, 0.2));
    assertEquals(new Range(9, 9), Split.fractions(9, 0, 0).test());
    assertEquals(
        new Split(new Range(0, 3), new Range(3, 5), new Range(5, 9)), Split.counts(10, 3, 2, 4));
    Messages.refuses(
        "3 + 2 + 6 = 11 rows wanted, but there are 10", () -> Split.counts(10, 3, 2, 6));
    Messages.refuses("4294967294", () -> Split.counts(10, Integer.MAX_VALUE, Integer.MAX_VALUE, 0));
    Messages.refuses("got 0, 2 and 6", () -> Split.counts(10, 0, 2, 6));
    Messages.refuses("sum to less than 1", () -> Split.fractions(10, 0.5, 0.5));
    Messages.refuses("at least 0", () -> Split.fractions(10, Double.NaN, 0.5));
    Messages.refuses("a part would be empty", () -> Split.fractions(10, 0.01, 0.2));
    Messages.refuses(
        "follow one another", () -> new Split(new Range(0, 3), new Range(2, 4), new Range(4, 5)));
  }
}
