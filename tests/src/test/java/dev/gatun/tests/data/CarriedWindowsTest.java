package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.data.Filling;
import dev.gatun.data.MissingValues;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.WindowData;
import dev.gatun.data.WindowSource;
import dev.gatun.data.WindowSpec;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.tests.support.Host;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Windows of a series that go on from the state of the one before. */
class CarriedWindowsTest {
  private static final int WINDOW = 6;

  /** The column is its row. */
  private static WindowData data(int rows, int... missing) {
    double[][] columns = new double[1][rows];
    Arrays.setAll(columns[0], row -> row);
    for (int row : missing) {
      columns[0][row] = Double.NaN;
    }
    Series series = Series.withGaps(List.of("row"), columns, null);
    Filling filling =
        missing.length == 0 ? null : Filling.fit(MissingValues.FORWARD, series, new Range(0, rows));
    return new WindowData(series, Scaler.identity(series), spec(false), filling);
  }

  private static WindowSpec spec(boolean relative) {
    List<String> row = List.of("row");
    return new WindowSpec(WINDOW, 2, false, 1, row, row, false, relative);
  }

  private static double seen(Batch batch, int t, int n) {
    return batch.inputs().get((long) t * batch.size() + n);
  }

  /** Two streams of the 33 rows that a window may end at; five epochs later all were targets. */
  @ParameterizedTest
  @CsvSource({"3,5", "6,2", "1,16"})
  void eachWindowGoesOnFromTheOneBefore(int advance, int each) {
    WindowSource source = WindowSource.carried(data(40), new Range(0, 40), 2, advance);
    assertEquals(each, source.batches(0));
    Set<Integer> targets = new HashSet<>();
    try (Batch batch = source.newBatch()) {
      for (int epoch = 0; epoch < advance; epoch++) {
        for (int i = 0; i < each; i++) {
          source.fill(epoch, i, batch);
          assertEquals(i > 0, batch.continues());
          assertEquals(i + 1 < each ? advance : WINDOW, batch.carried());
          assertEquals(2, batch.targetCount());
          for (int n = 0; n < 2; n++) {
            int first = epoch + (n * each + i) * advance;
            for (int t = 0; t < WINDOW; t++) {
              assertEquals(first + t, seen(batch, t, n));
            }
            assertEquals(first + WINDOW + 1, batch.targets().get(n));
            targets.add(first + WINDOW + 1);
          }
        }
      }
    }
    int last = WINDOW + 2 * each * advance;
    for (int row = WINDOW + 1; row <= last; row++) {
      assertTrue(targets.contains(row), "row " + row);
    }
  }

  /** After the first window row by row: what a model says is what it says of all rows at once. */
  @Test
  void evaluationGoesOnRowByRow() {
    WindowData data = data(30);
    ModelSpec spec =
        ModelSpec.of(Signal.features(1), RecurrentLayer.gru(4).lastState(), Linear.of(1));
    WindowSource source = WindowSource.carriedEvaluation(data, new Range(12, 30));
    int begin = 12 - 2 - WINDOW + 1;
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 3);
        Plan plan = model.plan(PlanSpec.inference(source.layout()));
        Plan whole = model.plan(PlanSpec.inference(30, 1).equalLengths());
        Batch batch = source.newBatch()) {
      assertEquals(18, source.batches(0));
      for (int i = 0; i < 18; i++) {
        source.fill(0, i, batch);
        int rows = WINDOW + i;
        assertEquals(i == 0 ? WINDOW : 1, batch.time());
        assertEquals(12 + i, batch.targets().get(0));
        plan.forward(batch);
        whole.resetState();
        for (int t = 0; t < rows; t++) {
          whole.input().set(t, begin + t);
        }
        whole.forward(rows, 1);
        assertEquals(whole.output().get(0), plan.output().get(0), 1e-12, "row " + i);
      }
    }
  }

  /** The state after the rows before a window is all that differs: as of one sequence of all. */
  @ParameterizedTest
  @CsvSource({"6", "2"})
  void trainingSeesAllRowsBefore(int advance) {
    WindowSource source = WindowSource.carried(data(30), new Range(0, 30), 1, advance);
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(1), RecurrentLayer.lstm(4).stacked(2, 0).lastState(), Linear.of(1));
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 3);
        Plan plan = model.plan(PlanSpec.training(source.layout()), NumericLoss.meanSquaredError());
        Plan whole = model.plan(PlanSpec.inference(30, 1).equalLengths());
        Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        plan.forward(batch);
        plan.backward();
        int rows = WINDOW + i * advance;
        whole.resetState();
        for (int t = 0; t < rows; t++) {
          whole.input().set(t, t);
        }
        whole.forward(rows, 1);
        double[] expected = Host.read(backend, whole.output());
        assertEquals(expected[0], plan.output().get(0), 1e-12, "window " + i);
      }
    }
  }

  /** A step's memory is of the window and the streams. */
  @Test
  void memoryIsFlat() {
    assertEquals(planBytes(100), planBytes(50_000));
  }

  private static long planBytes(int rows) {
    WindowSource source = WindowSource.carried(data(rows), new Range(0, rows), 4, 3);
    ModelSpec spec =
        ModelSpec.of(Signal.features(1), RecurrentLayer.gru(8).lastState(), Linear.of(1));
    try (Backend backend = Backends.open("cpu", 1);
        Model model = spec.build(backend, 3);
        Plan plan = model.plan(PlanSpec.training(source.layout()), NumericLoss.meanSquaredError());
        Batch batch = source.newBatch()) {
      for (int i = 0; i < Math.min(20, source.batches(0)); i++) {
        source.fill(0, i, batch);
        plan.forward(batch);
        plan.backward();
      }
      return plan.bytes();
    }
  }

  /** A missing target weighs nothing, and the windows around it still follow one another. */
  @Test
  void missingTargetsLeaveNoGap() {
    WindowSource source = WindowSource.carried(data(40, 13, 14), new Range(0, 40), 1, 3);
    try (Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        int target = 7 + 3 * i;
        assertEquals(target == 13 ? 0 : 1, batch.targetCount(), "row " + target);
        assertEquals(i > 0, batch.continues());
      }
    }
  }

  /** Evaluation leaves such windows out, takes their rows along, and begins anew after too many. */
  @Test
  void evaluationTakesTheRowsBetweenAlong() {
    WindowData data = data(40, 16, 17, 24, 25, 26, 27, 28, 29, 30, 31);
    WindowSource source = WindowSource.carriedEvaluation(data, new Range(12, 40));
    try (Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        double target = batch.targets().get(0);
        int rows = i == 0 || target == 32 ? WINDOW : target == 18 ? 3 : 1;
        assertEquals(rows, batch.time(), "row " + target);
        assertEquals(i > 0 && target != 32, batch.continues(), "row " + target);
      }
    }
  }

  @Test
  void refusesWhatDoesNotContinue() {
    refused("cannot go on by 0", data(40), 0);
    refused("cannot go on by 7", data(40), 7);
    refused("too few", data(7), 2);
    Series series = data(40).series();
    WindowData relative = new WindowData(series, Scaler.identity(series), spec(true), null);
    refused("relative", relative, 2);
    Filling drop = Filling.fit(MissingValues.DROP, series, new Range(0, 40));
    refused("left out", new WindowData(series, Scaler.identity(series), spec(false), drop), 2);
  }

  private static void refused(String why, WindowData data, int advance) {
    Range rows = new Range(0, data.series().rows());
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> WindowSource.carried(data, rows, 2, advance));
    assertTrue(String.valueOf(e.getMessage()).contains(why), e.getMessage());
  }
}
