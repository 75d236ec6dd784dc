package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.Training;
import dev.gatun.app.task.Updates;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Schedules;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.train.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each key of a technique, turned on alone, changes a run as it says. */
class TechniqueKeysTest {
  private static final int TRAIN_LOSS = 3;
  private static final int VALIDATION_LOSS = 4;
  private static final int RATE = 5;

  @TempDir Path folder;

  /** Trains with some keys set and returns metrics.csv without its header. */
  private List<String[]> train(String config, String... settings) throws Exception {
    Path run = KeyRuns.train(folder, config, settings).run().path();
    return Files.readAllLines(run.resolve("metrics.csv")).stream()
        .skip(1)
        .map(line -> line.split(",", -1))
        .toList();
  }

  /** The loss of the first batch, before anything is learnt. */
  private double firstLoss(String... settings) throws Exception {
    List<String> all = new ArrayList<>(List.of(settings));
    all.addAll(List.of("train.steps=1", "train.rate=1e-9"));
    return Double.parseDouble(
        train(Samples.SERIES, all.toArray(String[]::new)).getFirst()[TRAIN_LOSS]);
  }

  private static Schedule schedule(String name) {
    return switch (name) {
      case "cosine-restarts" -> Schedules.cosineRestarts(0.02, 0.002, 12, 2);
      case "one-cycle" -> Schedules.oneCycle(0.02, 40, 0.4, 10, 100);
      case "inverse-sqrt" -> Schedules.inverseSquareRoot(0.02, 5);
      default -> throw new IllegalArgumentException(name);
    };
  }

  @ParameterizedTest
  @CsvSource({
    "cosine-restarts,'train.schedule={name: %s, period: 1, multiply: 2, floor: 0.1}'",
    "one-cycle,'train.schedule={name: %s, rise: 0.4, start: 10, end: 100}'",
    "inverse-sqrt,'train.schedule={name: %s, scale: 5}'"
  })
  void schedulesGiveTheirRates(String name, String keys) throws Exception {
    List<String[]> rows =
        train(Samples.SERIES, keys.formatted(name), "train.steps=40", "train.report_every=1");
    assertEquals(40, rows.size());
    for (int step = 0; step < rows.size(); step++) {
      double expected = schedule(name).at(step);
      assertEquals(expected, Double.parseDouble(rows.get(step)[RATE]), 1e-6 * expected);
    }
  }

  /** A threshold that nothing passes halves the rate at every report after the first. */
  @Test
  void aPlateauLowersTheRate() throws Exception {
    List<String[]> rows =
        train(
            Samples.SERIES,
            "train.schedule={name: plateau, patience: 0, threshold: 0.999999, floor: 0.2}",
            "train.epochs=5");
    double[] expected = {1, 1, 0.5, 0.25, 0.2};
    for (int i = 0; i < expected.length; i++) {
      assertEquals(0.02 * expected[i], Double.parseDouble(rows.get(i)[RATE]), 1e-9, "epoch " + i);
    }
  }

  /** Epochs of 10 steps: a quarter after every second one. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train.schedule={name: step, gamma: 0.25, every: 2} | 1 1 0.25 0.0625",
        "train.schedule={name: exponential, gamma: 0.25, every: 2} | 1 0.5 0.25 0.0625",
        "train.schedule.warmup=39 | 0.025 0.275 0.525 1"
      })
  void ratesOfSteps(String keys, String factors) throws Exception {
    Path file = Files.writeString(folder.resolve("c.yaml"), Samples.SERIES);
    Schedule schedule = Updates.schedule(Config.read(file, List.of(keys)), 10);
    String[] at = factors.split(" ", -1);
    for (int i = 0; i < at.length; i++) {
      long step = i < 3 ? 10 * i : 40;
      assertEquals(0.02 * Double.parseDouble(at[i]), schedule.at(step), 1e-12, "step " + step);
    }
  }

  /** After a drop one report is not counted; each drop leaves a quarter. */
  @Test
  void aPlateauWaits() throws Exception {
    List<String[]> rows =
        train(
            Samples.SERIES,
            "train.schedule={name: plateau, patience: 0, threshold: 0.999999}",
            "train.schedule.gamma=0.25",
            "train.schedule.cooldown=1",
            "train.epochs=5");
    double[] expected = {1, 1, 0.25, 0.25, 0.0625};
    for (int i = 0; i < expected.length; i++) {
      assertEquals(0.02 * expected[i], Double.parseDouble(rows.get(i)[RATE]), 1e-9, "epoch " + i);
    }
  }

  @Test
  void gradientsOfSeveralBatchesMakeAStep() throws Exception {
    long all = KeyRuns.train(folder, Samples.SERIES, "train.epochs=1").steps();
    long half =
        KeyRuns.train(folder, Samples.SERIES, "train.epochs=1", "train.accumulate=2").steps();
    assertEquals((all + 1) / 2, half);
  }

  @Test
  void aRunEndsWithItsTime() throws Exception {
    Training.Result result =
        KeyRuns.train(folder, Samples.SERIES, "train.epochs=1000000", "train.max_seconds=1");
    assertTrue(result.seconds() >= 1 && result.epochs() < 1_000_000, result.toString());
    assertEquals(Outcome.INTERRUPTED, result.outcome());
  }

  @Test
  void aRunStartsFromAFile() throws Exception {
    Path before = KeyRuns.train(folder, Samples.SERIES, "train.epochs=2").run().path();
    Path after =
        KeyRuns.train(
                folder,
                Samples.SERIES,
                "train.init=" + Runs.last(before),
                "train.steps=1",
                "train.rate=1e-30")
            .run()
            .path();
    try (SafetensorsReader from = new SafetensorsReader(Runs.last(before));
        SafetensorsReader to = new SafetensorsReader(Runs.last(after))) {
      for (String name : List.of("rnn.weight_hh_l0", "linear.weight", "linear.bias")) {
        assertArrayEquals(from.doubles(name), to.doubles(name), name);
      }
    }
  }

  @Test
  void lossesAreWhatTheyAreNamedFor() throws Exception {
    double squared = firstLoss();
    double absolute = firstLoss("train.loss=absolute");
    assertTrue(absolute * absolute < squared && absolute > 0.1 * squared, absolute + "");
    assertEquals(squared / 2, firstLoss("train.loss={name: huber, delta: 1e6}"), 1e-6 * squared);
    assertEquals(
        1e-4 * absolute, firstLoss("train.loss={name: huber, delta: 1e-4}"), 1e-6 * absolute);
    double two = firstLoss("data.targets=[level, other]");
    assertEquals(
        2 * two, firstLoss("data.targets=[level, other]", "train.loss=sum-of-squares"), 1e-6 * two);
  }

  /** The same forecasts, a narrower interval: its ends are quantiles of a normal distribution. */
  @Test
  void theIntervalHoldsThePartThatIsWanted() throws Exception {
    String gaussian = "train.loss={name: gaussian, interval: ";
    var wide = KeyRuns.train(folder, Samples.SERIES, gaussian + "0.8}", "train.steps=5").test();
    var half = KeyRuns.train(folder, Samples.SERIES, gaussian + "0.5}", "train.steps=5").test();
    assertEquals(0.5, half.get("nominal_coverage"), 1e-12);
    assertEquals(wide.get("mae"), half.get("mae"), 1e-12);
    // 0.6745 and 1.2816 deviations to each side.
    assertEquals(
        0.67448975 / 1.28155157, half.get("interval_width") / wide.get("interval_width"), 1e-6);
  }

  /** Four updates where there was one, each through as many characters. */
  @Test
  void anUpdateComesEveryK1() throws Exception {
    int plain = updates("train.k1=0");
    assertEquals(plain, updates("train.k1=16"), "as many as time_steps");
    int four = updates("train.k1=4");
    assertTrue(4 * (plain - 1) < four && four <= 4 * plain, four + " and " + plain);
  }

  /** The sign of the last pulse, up to 15 rows ago, which a window of 4 rarely sees. */
  @Test
  void windowsOfASeriesGoOnFromOneAnother() throws Exception {
    Random random = new Random(4);
    StringBuilder csv = new StringBuilder("pulse,sign\n");
    int sign = 1;
    for (int row = 0; row < 700; row++) {
      sign = row % 16 == 0 ? (random.nextBoolean() ? 1 : -1) : sign;
      csv.append(row % 16 == 0 ? sign : 0).append(',').append(sign).append('\n');
    }
    Files.writeString(folder.resolve("pulses.csv"), csv);
    double apart = pulses("train.k1=0");
    double carried = pulses("train.k1=4");
    double overlapping = pulses("train.k1=2");
    String all = apart + ", " + carried + ", " + overlapping;
    assertTrue(apart > 0.4 && carried < 0.25 && overlapping < 0.25, all);
  }

  private double pulses(String k1) throws Exception {
    List<String[]> rows =
        train(
            Samples.SERIES.replace("  time: day\n", ""),
            "data.path=" + folder.resolve("pulses.csv"),
            "data.targets=sign",
            "data.inputs=pulse",
            "data.window=4",
            "train.batch=4",
            "train.epochs=24",
            k1);
    return Double.parseDouble(rows.getLast()[VALIDATION_LOSS]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "data.stride=2",
        "data.relative=true",
        "data.window_start=4",
        "data.missing=drop",
        "model.bidirectional=true",
        "model.convolution.channels=4",
        "model.readout=mean",
        "model.batch_norm=input",
        "data.augment.jitter=0.1"
      })
  void windowsThatDoNotContinueAreRefused(String setting) {
    InputException e =
        assertThrows(InputException.class, () -> train(Samples.SERIES, "train.k1=2", setting));
    String said = String.valueOf(e.getMessage());
    assertTrue(said.contains("train.k1: 2; with " + setting.split("=", -1)[0]), said);
  }

  @Test
  void windowsCannotGoOnByMoreThanTheyAre() {
    InputException e =
        assertThrows(InputException.class, () -> train(Samples.SERIES, "train.k1=9"));
    String said = String.valueOf(e.getMessage());
    assertTrue(said.contains("train.k1: 9; give at most data.window, 8"), said);
  }

  /** Where every value is a row old nothing fades, and nothing is learnt of it. */
  @Test
  void statesFadeWhereInputsAreUnseen() throws Exception {
    Set<Double> whole = rates();
    assertEquals(1, whole.size(), whole.toString());
    assertEquals(0.1, whole.iterator().next(), 1e-7);
    StringBuilder gaps = new StringBuilder("day,level,other\n");
    Samples.wave(300)
        .lines()
        .skip(1)
        .map(line -> line.endsWith("0") ? line : line.replaceFirst(",[^,]*,", ",,"))
        .forEach(line -> gaps.append(line).append('\n'));
    Files.writeString(folder.resolve("gaps.csv"), gaps);
    Set<Double> learnt = rates("data.path=" + folder.resolve("gaps.csv"));
    assertTrue(learnt.size() > 1, learnt.toString());
  }

  /** What W of the decay of states has become. */
  private Set<Double> rates(String... settings) throws Exception {
    List<String> all = new ArrayList<>(List.of(settings));
    all.addAll(List.of("data.missing=decay", "data.hidden_decay=true", "train.epochs=2"));
    Path run = KeyRuns.train(folder, Samples.SERIES, all.toArray(String[]::new)).run().path();
    try (SafetensorsReader reader = new SafetensorsReader(Runs.last(run))) {
      double[] weight = reader.doubles("rnn.decay_weight_l0");
      assertEquals(8, weight.length);
      return Arrays.stream(weight).boxed().collect(Collectors.toSet());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.bidirectional=true",
        "model.convolution.channels=4",
        "model.batch_norm=input",
        "model.input_dropout=0.1"
      })
  void statesThatCannotFadeAreRefused(String setting) {
    InputException e =
        assertThrows(
            InputException.class,
            () -> train(Samples.SERIES, "data.missing=decay", "data.hidden_decay=true", setting));
    String said = String.valueOf(e.getMessage());
    assertTrue(said.contains("data.hidden_decay: true; states fade"), said);
    assertTrue(said.contains("give " + setting.split("=", -1)[0]), said);
  }

  @Test
  void statesFadeWithValuesOnly() {
    InputException e =
        assertThrows(
            InputException.class,
            () -> train(Samples.SERIES, "data.missing=mask", "data.hidden_decay=true"));
    String said = String.valueOf(e.getMessage());
    assertTrue(said.contains("only valid with data.missing decay"), said);
  }

  private int updates(String k1) throws Exception {
    return Integer.parseInt(train(Samples.TEXT, "train.epochs=1", k1).getLast()[0]);
  }

  /** What is spread can not be learnt: the loss stays above the entropy of the smoothed target. */
  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.9})
  void smoothedLabelsKeepTheirEntropy(double smoothing) throws Exception {
    List<String[]> rows = train(Samples.TEXT, "train.label_smoothing=" + smoothing);
    int classes = (int) Samples.prose(80).chars().distinct().count();
    double other = smoothing / classes;
    double own = 1 - smoothing + other;
    double entropy = -own * Math.log(own) - (classes - 1) * other * Math.log(other);
    double last = Double.parseDouble(rows.getLast()[TRAIN_LOSS]);
    assertTrue(last > entropy && last < Math.log(classes) * 1.1, entropy + " and " + last);
  }
}
