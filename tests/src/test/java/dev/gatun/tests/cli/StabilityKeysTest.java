package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.InputException;
import dev.gatun.app.run.Training;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.train.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each key that holds a run stable, turned on alone, changes what it says. */
class StabilityKeysTest {
  private static final String[] STILL = {"train.steps=1", "train.rate=1e-30"};
  private static final String[] SGD = {
    "train.steps=1", "train.rate=1", "train.optimizer=sgd", "data.validation=0"
  };

  @TempDir Path folder;

  private Training.Result train(String... settings) throws IOException {
    return KeyRuns.train(folder, Samples.SERIES, settings);
  }

  private static String[] with(String[] all, String... more) {
    return Stream.concat(Stream.of(all), Stream.of(more)).toArray(String[]::new);
  }

  /** What a checkpoint of a run holds. */
  private static Map<String, double[]> saved(Training.Result result) throws IOException {
    Map<String, double[]> parameters = new TreeMap<>();
    try (SafetensorsReader reader = new SafetensorsReader(Runs.last(result.run().path()))) {
      for (String name : reader.tensors().keySet()) {
        parameters.put(name, reader.doubles(name));
      }
    }
    return parameters;
  }

  private static Map<String, double[]> weights(Training.Result result) throws IOException {
    Map<String, double[]> weights = new TreeMap<>(saved(result));
    weights.keySet().removeIf(name -> !name.matches("(rnn|linear)\\..*"));
    return weights;
  }

  private static double largest(Map<String, double[]> from, Map<String, double[]> to, String part) {
    double most = 0;
    for (String name : to.keySet()) {
      double[] a = from.get(name);
      double[] b = to.get(name);
      for (int i = 0; name.contains(part) && i < b.length; i++) {
        most = Math.max(most, Math.abs(b[i] - (a == null ? 0 : a[i])));
      }
    }
    return most;
  }

  private double firstLoss(String... settings) throws IOException {
    return train(with(STILL, settings)).trainLoss();
  }

  @Test
  void gradientsAreCutAtTheirValue() throws IOException {
    Map<String, double[]> before = weights(train(STILL));
    double free = largest(before, weights(train(SGD)), "");
    double cut = largest(before, weights(train(with(SGD, "train.clip_value=0.001"))), "");
    assertTrue(free > 0.01, free + "");
    assertEquals(0.001, cut, 1e-6);
  }

  @ParameterizedTest
  @ValueSource(strings = {"train.l1", "train.l2"})
  void penaltiesAreInTheLossOfMatrices(String key) throws IOException {
    double sum = 0;
    for (Map.Entry<String, double[]> entry : weights(train(STILL)).entrySet()) {
      for (double w : entry.getKey().contains("weight") ? entry.getValue() : new double[0]) {
        sum += key.equals("train.l1") ? 0.01 * Math.abs(w) : 0.01 / 2 * w * w;
      }
    }
    assertEquals(firstLoss() + sum, firstLoss(key + "=0.01"), 1e-5);
  }

  @Test
  void weightsAndRowsAreHeld() throws IOException {
    assertEquals(
        0.05,
        largest(Map.of(), weights(train("train.epochs=2", "train.weight_limit=0.05")), ""),
        1e-8);
    double[] rows = weights(train("train.epochs=2", "train.row_norm=0.3")).get("rnn.weight_hh_l0");
    assertTrue(rows != null);
    double most = 0;
    for (int row = 0; row < rows.length / 8; row++) {
      double squares = 0;
      for (int i = 0; i < 8; i++) {
        squares += rows[row * 8 + i] * rows[row * 8 + i];
      }
      most = Math.max(most, Math.sqrt(squares));
    }
    assertEquals(0.3, most, 1e-5);
  }

  @Test
  void groupsHaveFactorsAndNormsOfTheirOwn() throws IOException {
    Map<String, double[]> before = weights(train(STILL));
    Map<String, double[]> all = weights(train(SGD));
    Map<String, double[]> half =
        weights(train(with(SGD, "train.groups=[{parameters: linear.*, rate: 0.5}]")));
    assertEquals(largest(before, all, "linear") / 2, largest(before, half, "linear"), 1e-6);
    assertEquals(largest(before, all, "rnn"), largest(before, half, "rnn"));
    Map<String, double[]> clipped =
        weights(train(with(SGD, "train.groups=[{parameters: linear.*, clip: 1e-4}]")));
    double[] bias = clipped.get("linear.bias");
    assertTrue(largest(before, clipped, "linear") <= 1e-4 + 1e-7, "not clipped");
    assertTrue(bias != null && largest(before, clipped, "linear") > 0);
    assertEquals(largest(before, all, "rnn"), largest(before, clipped, "rnn"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train.average={name: ema, decay: 0.9}",
        "train.average={name: swa, start: 0.5, every: 2}"
      })
  void averagesAreWhatIsSavedBesideTheWeights(String average) throws IOException {
    Map<String, double[]> plain = saved(train("train.epochs=2"));
    Map<String, double[]> averaged = saved(train("train.epochs=2", average));
    Map<String, double[]> raw = new TreeMap<>();
    averaged.forEach(
        (name, values) -> {
          if (name.startsWith("raw.")) {
            raw.put(name.substring(4), values);
          }
        });
    assertEquals(0, largest(plain, raw, ""), "learning is not changed by it");
    assertTrue(largest(raw, weights(averaged), "") > 1e-4, "the average is not the last weights");
    assertFalse(raw.isEmpty());
  }

  private static Map<String, double[]> weights(Map<String, double[]> saved) {
    Map<String, double[]> weights = new TreeMap<>(saved);
    weights.keySet().removeIf(name -> !name.matches("(rnn|linear)\\..*"));
    return weights;
  }

  @Test
  void aRateThatIsTooHighEndsWithACause() throws IOException {
    Training.Result result =
        train(
            "model.cell=relu",
            "train.optimizer=sgd",
            "train.rate=1e6",
            "train.epochs=40",
            "train.non_finite={limit: 3, rate_factor: 0.25}");
    assertEquals(Outcome.NON_FINITE, result.outcome());
    String log = Files.readString(result.run().log());
    assertTrue(log.contains("3 in a row, rate times 0.015625"), log);
    assertTrue(log.contains("in layer ") || log.contains("of layer "), log);
    // The first step ruined them.
    assertTrue(log.contains("the last good weights, those it began with, are in "), log);
    assertEquals(0, largest(weights(train(STILL)), weights(result), ""), 1e-7);
  }

  /** Clipped and within bounds: nothing overflows, and nothing is learnt. */
  @Test
  void aLossThatDivergesEndsWithACause() throws IOException {
    String[] ruined = {"train.rate=20", "train.clip=1", "train.epochs=40"};
    Training.Result result = train(ruined);
    assertEquals(Outcome.DIVERGED, result.outcome());
    assertTrue(result.steps() < 60, result.steps() + " steps");
    String log = Files.readString(result.run().log());
    assertTrue(
        log.matches(
            "(?s).*stopped after step \\d+ \\(epoch \\d+\\): the loss diverged: it began at"
                + " [0-9.]+, and most of the last steps are above [0-9.]+, the last at rate 2.0e\\+01; the"
                + " last good weights, those it began with, are in .*last.safetensors; lower .*"),
        log);
    assertEquals(0, largest(weights(train(STILL)), weights(result), ""), 1e-7);
    assertTrue(Files.readAllLines(result.run().metrics()).size() > 1, "no figures");
    Training.Result off = train(with(ruined, "train.divergence=0"));
    assertEquals(Outcome.COMPLETED, off.outcome());
  }

  /** A value whose square is infinite is in two windows: two steps of each epoch are skipped. */
  @Test
  void theRateRisesAgainAfterGoodSteps() throws IOException {
    double[] last = new double[2];
    for (int i = 0; i < 2; i++) {
      String config =
          Samples.SERIES.replace("wave.csv", "spiked.csv").replace("window: 8", "window: 1");
      Files.writeString(
          folder.resolve("spiked.csv"),
          Samples.wave(300).replaceFirst("\n150,[0-9.]+", "\n150,1e30"));
      Training.Result result =
          KeyRuns.train(
              folder,
              config,
              "data.scaler=none",
              "train.optimizer=sgd",
              "train.rate=1e-6",
              "train.epochs=4",
              "train.non_finite.recovery=" + (i == 0 ? 1 : 1000));
      List<String> rows = Files.readAllLines(result.run().path().resolve("metrics.csv"));
      last[i] = Double.parseDouble(rows.getLast().split(",", -1)[5]);
    }
    // Of the last step's own rate: three halves before it, or none that a good step has not undone.
    assertEquals(1e-6, last[0], 1e-12);
    assertEquals(0.125e-6, last[1], 1e-12);
  }

  /** No loss at all, where 0 would be the best there can be. */
  @Test
  void anEpochOfSkippedStepsHasNoLoss() throws IOException {
    Training.Result result =
        train(
            "model.cell=relu",
            "train.optimizer=sgd",
            "train.rate=1e6",
            "train.epochs=3",
            "train.early_stop.metric=train_loss",
            "train.non_finite.limit=1000");
    assertTrue(Double.isNaN(result.trainLoss()), "loss " + result.trainLoss());
    List<String> lines = Files.readAllLines(result.run().metrics());
    assertEquals("", lines.getLast().split(",", -1)[3], lines.getLast());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train.freeze=[nothing.*];no parameter is named as nothing.*;",
        "train.groups=[{parameters: no*where, rate: 2}];no parameter is named as no*where;",
        "train.groups=[{parameters: rnn.*, rat: 2}];rat",
        "train.groups=[{parameters: rnn.*, rate: -2}];rate: -2",
        "train.groups=[{rate: 2}];{rate: 2}",
        "train.optimizer.epsilon=1e-300;at least 1.0E-37",
        "model.cell=lstm|model.bias=false|model.init.forget_bias=1;model.bias is false",
        "model.init.input=pca|model.convolution.channels=4;model.convolution makes 4"
      })
  void whatCannotBeIsRefusedByName(String setting) {
    String[] parts = setting.split(";", 2);
    InputException e = assertThrows(InputException.class, () -> train(parts[0].split("\\|", -1)));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(parts[1]), message);
    assertFalse(message.contains("\\Q"), message);
  }

  @Test
  void anyMeasureStopsARun() throws IOException {
    Training.Result result =
        train("train.epochs=30", "train.early_stop={metric: rmse, patience: 2, min_change: 1e6}");
    assertEquals(Outcome.EARLY_STOPPED, result.outcome());
    assertEquals(3, result.epochs());
    InputException wrong =
        assertThrows(InputException.class, () -> train("train.early_stop.metric=f1"));
    assertTrue(String.valueOf(wrong.getMessage()).contains("rmse"), wrong.toString());
    Training.Result training =
        train(
            "train.epochs=30",
            "data.validation=0",
            "train.early_stop={metric: train_loss, patience: 1, min_change: 1e6}");
    assertEquals(2, training.epochs());
  }

  @Test
  void theNewestCheckpointsStay() throws IOException {
    Training.Result result =
        train("train.steps=9", "train.checkpoint_every=2", "train.checkpoint_keep=2");
    try (Stream<Path> files = Files.list(result.run().checkpoints())) {
      assertEquals(
          List.of("step-000000006.safetensors", "step-000000008.safetensors"),
          files
              .map(file -> String.valueOf(file.getFileName()))
              .filter(name -> name.startsWith("step"))
              .sorted()
              .toList());
    }
  }

  /** Masks change what is learnt from, and not what is measured. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.input_dropout=0.5",
        "model.output_dropout=0.5",
        "model.dropout=[0, 0.5]",
        "model.dropout=0.5"
      })
  void dropoutIsWhereItIsAskedFor(String key) throws IOException {
    String[] still = with(STILL, "model.layers=3");
    Training.Result plain = train(still);
    Training.Result dropped = train(with(still, key));
    assertTrue(Math.abs(plain.trainLoss() - dropped.trainLoss()) > 1e-5, "no mask");
    assertEquals(plain.validationLoss(), dropped.validationLoss(), 1e-6, "a mask in validation");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train.groups=[{rate: 1}]",
        "train.groups=[{parameters: a, speed: 1}]",
        "train.groups=[{parameters: nothing.*}]",
        "train.non_finite.rate_factor=0",
        "train.average=mean",
        "train.checkpoint_keep=2",
        "model.dropout=[0.1, 0.2]",
        "train.early_stop=3"
      })
  void whatIsWrongIsRefused(String setting) {
    String[] settings = {setting, "model.layers=4"};
    InputException e = assertThrows(InputException.class, () -> train(settings));
    assertTrue(String.valueOf(e.getMessage()).contains("; "), e.toString());
  }
}
