package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.TrainedRun;
import dev.gatun.app.run.Training;
import dev.gatun.app.task.Forecast;
import dev.gatun.app.task.Predictions;
import dev.gatun.app.task.SeriesTask;
import dev.gatun.app.task.Task;
import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Range;
import dev.gatun.data.WindowSource;
import dev.gatun.model.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.SequencedMap;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each key about series, turned on alone, from a configuration to its results. */
class SeriesRunTest {
  private static final int ROWS = 240;

  @TempDir Path folder;

  /** A wave of period 8 with noise of deviation 1 around 100, and cells that are something else. */
  private String wave(IntPredicate gaps, String gap) {
    Random random = new Random(4);
    StringBuilder csv = new StringBuilder("day,level\n");
    for (int i = 0; i < ROWS; i++) {
      double level = 100 + 5 * Math.sin(i * Math.PI / 4) + random.nextGaussian();
      csv.append(String.format(Locale.ROOT, "2024-%02d-%02d,", 1 + i / 28, 1 + i % 28));
      csv.append(gaps.test(i) ? gap : String.format(Locale.ROOT, "%.5f", level)).append('\n');
    }
    return csv.toString();
  }

  private Config config(String csv, String... settings) throws IOException {
    Files.writeString(folder.resolve("wave.csv"), csv);
    Path yaml =
        Files.writeString(
            folder.resolve("c.yaml"),
            """
            data: {type: series, path: wave.csv, time: day, targets: level, window: 12,
              validation: 40, test: 60}
            model: {cell: gru, hidden: 6}
            train: {epochs: 1, batch: 16, rate: 0.02, seed: 3, device: cpu, threads: 1}
            """);
    return Config.read(yaml, List.of(settings));
  }

  private SequencedMap<String, Double> train(Config config) throws IOException {
    try (Backend backend = Backends.open("cpu", 1)) {
      Path run = Files.createTempDirectory(folder, "run").resolve("r");
      return new Training(config, backend, "").run(run, "c", false, r -> {}).test();
    }
  }

  private static boolean gap(int row) {
    return row % 17 == 5 || row % 23 == 7;
  }

  @Test
  void missingValuesAreRefusedUnlessSomethingStandsInForThem() throws IOException {
    Config config = config(wave(SeriesRunTest::gap, ""));
    InputException e = assertThrows(InputException.class, () -> Task.of(config));
    assertTrue(String.valueOf(e.getMessage()).contains("wave.csv:7: column level: missing"));
  }

  @ParameterizedTest
  @CsvSource({
    "drop,0",
    "mean,1",
    "median,1",
    "mode,1",
    "forward,1",
    "linear,1",
    "mask,3",
    "decay,3"
  })
  void eachWayIsTrainedWithAndCounted(String method, int features) throws IOException {
    Config config =
        config(
            wave(SeriesRunTest::gap, "NA"),
            "data.missing=" + method,
            "data.window=4",
            "train.epochs=2");
    Task task = Task.of(config);
    int gaps = 0;
    for (int i = 0; i < ROWS; i++) {
      gaps += gap(i) ? 1 : 0;
    }
    assertTrue(
        task.notes().getFirst().startsWith("level: %d of 240 values are missing".formatted(gaps)),
        task.notes().toString());
    assertTrue(task.notes().getLast().contains("training windows are left out"));
    try (BatchSource training = task.training()) {
      assertEquals(Math.max(1, features), training.layout().features());
    }
    SequencedMap<String, Double> test = train(config);
    assertTrue(test.get("mae") < 6, test.toString());
    assertTrue(Double.isFinite(test.get("last_value_mae")), test.toString());
  }

  /** A value that means missing is one: else it would be the series' scale. */
  @Test
  void aSentinelIsAMissingValue() throws IOException {
    double[] empty = firstBatch(config(wave(SeriesRunTest::gap, ""), "data.missing=forward"));
    double[] sentinel =
        firstBatch(
            config(
                wave(SeriesRunTest::gap, "-999.0"),
                "data.missing=forward",
                "data.sentinel=[-999, none]"));
    double[] value = firstBatch(config(wave(SeriesRunTest::gap, "-999.0"), "data.missing=forward"));
    assertTrue(Arrays.equals(empty, sentinel));
    assertTrue(!Arrays.equals(empty, value));
    InputException e =
        assertThrows(
            InputException.class,
            () -> Task.of(config(wave(SeriesRunTest::gap, "-999.0"), "data.sentinel=-999")));
    assertTrue(String.valueOf(e.getMessage()).contains("it means missing"));
  }

  private static double[] firstBatch(Config config) {
    try (BatchSource training = Task.of(config).training();
        Batch batch = training.newBatch()) {
      training.fill(0, 0, batch);
      return batch.inputs().toDoubles();
    }
  }

  @Test
  void windowsWiden() throws IOException {
    Config config = config(wave(i -> false, ""), "data.window_start=3", "data.window_growth=4");
    List<Integer> lengths = new ArrayList<>();
    try (BatchSource training = Task.of(config).training();
        Batch batch = training.newBatch()) {
      for (int epoch = 0; epoch < 4; epoch++) {
        training.fill(epoch, 0, batch);
        lengths.add(batch.time());
      }
    }
    assertEquals(List.of(3, 7, 11, 12), lengths);
    Config wide = config(wave(i -> false, ""), "data.window_start=13");
    InputException e = assertThrows(InputException.class, () -> Task.of(wide).training());
    assertTrue(String.valueOf(e.getMessage()).contains("at most data.window, 12"));
    assertTrue(train(config).get("mae") < 6);
  }

  @Test
  void partsBeginAtDates() throws IOException {
    Config config =
        config(
            wave(i -> false, ""), "data.validation_from=2024-06-01", "data.test_from=2024-08-15");
    assertEquals(new Range(0, 140), Task.of(config).split().training());
    assertEquals(new Range(140, 210), Task.of(config).split().validation());
    assertEquals(new Range(210, 240), Task.of(config).split().test());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "data.test_from=2030-01-01 | 2030-01-01; the last row is of 2024-09-16",
        "data.test_from=2024 | 2024; the column day has dates, as 2024-12-31",
        "data.test_from=soon | \"soon\"; give a number or a date",
        "data.validation_from=2024-01-01 | training needs rows before",
        "data.test_from=2024-08-15, data.time=\"\" | name the column of times",
        "data.test_from=2024-08-15, data.rows=50 | parts are given by time",
        "train.loss={name: quantile, quantiles: [0.9, 0.1]} | give them ascending",
        "train.loss={name: gaussian}, model.output_activation=relu | give identity"
      })
  void whatCannotBeIsSaid(String settings, String expected) throws IOException {
    String[] each =
        Arrays.stream(settings.split(", (?=[a-z._]+=)", -1))
            .map(s -> s.replace("\"\"", ""))
            .toArray(String[]::new);
    if (settings.contains("data.time")) {
      each = new String[] {each[0], "data.time=\"\""};
    }
    Config config = config(wave(i -> false, ""), each);
    InputException e = assertThrows(InputException.class, () -> Task.of(config));
    assertTrue(String.valueOf(e.getMessage()).contains(expected), e.getMessage());
  }

  @Test
  void datesHaveToAscend() throws IOException {
    Config swapped = config(wave(i -> false, "").replace("2024-03-05", "2023-03-05"));
    InputException e = assertThrows(InputException.class, () -> Task.of(swapped));
    assertTrue(
        String.valueOf(e.getMessage())
            .contains("wave.csv:62: column day: 2023-03-05 comes after 2024-03-04"),
        e.getMessage());
    Config mixed = config(wave(i -> false, "").replace("2024-03-05", "spring"));
    e = assertThrows(InputException.class, () -> Task.of(mixed));
    assertTrue(String.valueOf(e.getMessage()).contains("the rows before have dates"));
  }

  /** Intervals hold about what they promise and are in the series' own unit. */
  @ParameterizedTest
  @ValueSource(strings = {"quantile", "gaussian"})
  void intervalsHoldWhatTheyPromise(String loss) throws IOException {
    for (boolean difference : new boolean[] {false, true}) {
      Config config =
          config(
              wave(i -> false, ""),
              "train.loss=" + loss,
              "train.epochs=30",
              "data.difference=" + difference,
              "data.relative=" + difference);
      SequencedMap<String, Double> test = train(config);
      assertTrue(test.get("mae") < 1.6, test.toString());
      assertEquals(0.8, test.get("coverage"), 0.2, test.toString());
      assertEquals(0.8, test.get("nominal_coverage"), 1e-12);
      // 80 % of a normal distribution of deviation 1 lie within 2.56.
      double width = test.get("interval_width");
      assertTrue(width > 1.5 && width < 5, test.toString());
      assertTrue(
          test.get(loss.equals("quantile") ? "pinball" : "crps") < test.get("mae"),
          test.toString());
    }
  }

  @Test
  void intervalsEncloseTheirForecastAndAreDrawn() throws IOException {
    Config config =
        config(
            wave(i -> false, ""),
            "train.loss={name: quantile, quantiles: [0.2, 0.4, 0.7]}",
            "data.whole_horizon=true",
            "data.horizon=3",
            "train.epochs=2");
    Path run = folder.resolve("kept");
    try (Backend backend = Backends.open("cpu", 1)) {
      new Training(config, backend, "").run(run, "c", false, r -> {});
      assertTrue(Files.readString(run.resolve("forecast.svg")).contains("fill-opacity"));
      TrainedRun trained = TrainedRun.open(run, "");
      SeriesTask task = SeriesTask.of(config, folder.resolve("wave.csv"), trained.strings());
      try (Model model = trained.load(task.model(), backend);
          WindowSource future = task.future()) {
        Predictions said = task.predictions(model, future);
        assertEquals((ROWS - 11) * 3, said.point().length);
        for (int i = 0; i < said.point().length; i++) {
          assertTrue(said.lower()[i] <= said.point()[i] && said.point()[i] <= said.upper()[i]);
        }
        checkHorizons(task.forecast(model, new Range(180, 240)));
      }
    }
  }

  private static void checkHorizons(Forecast forecast) {
    SequencedMap<String, List<Double>> table = forecast.byHorizon();
    List<Double> errors = table.get("mae_by_horizon");
    assertEquals(3, errors.size());
    double mean = errors.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    assertEquals(forecast.measures().get("mae"), mean, 1e-12);
    double third = 0;
    int windows = forecast.truth().length / 3;
    for (int w = 0; w < windows; w++) {
      third += Math.abs(forecast.predicted()[3 * w + 2] - forecast.truth()[3 * w + 2]);
    }
    assertEquals(third / windows, errors.get(2), 1e-12);
    List<Integer> stitched = Forecast.stitched(forecast.row(), 3, 3);
    assertEquals(windows - 1, stitched.getLast());
    assertEquals(20, stitched.size(), "60 rows in blocks of 3");
    for (int i = 1; i < stitched.size(); i++) {
      assertEquals(
          forecast.row()[3 * stitched.get(i - 1) + 2] + 1, forecast.row()[3 * stitched.get(i)]);
    }
    double absolute = 0;
    for (int w : stitched) {
      for (int i = 3 * w; i < 3 * w + 3; i++) {
        absolute += Math.abs(forecast.predicted()[i] - forecast.truth()[i]);
      }
    }
    assertEquals(absolute / 60, forecast.measures().get("stitched_mae"), 1e-12);
  }

  @Test
  void aStreamedSeriesIsTheSame() throws IOException {
    Config memory = config(wave(i -> false, ""), "train.epochs=12");
    Config stream = config(wave(i -> false, ""), "train.epochs=12", "data.stream=true");
    assertTrue(((SeriesTask) Task.of(stream)).series().inFile());
    assertEquals(Task.of(memory).strings(), Task.of(stream).strings());
    double here = train(memory).get("mae");
    double there = train(stream).get("mae");
    assertTrue(here < 2 && there < 2, here + " and " + there);
  }
}
