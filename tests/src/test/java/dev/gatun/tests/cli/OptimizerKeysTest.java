package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.SafetensorsReader;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One step by each optimizer that a configuration can name, from the same weights. */
class OptimizerKeysTest {
  private static final double RATE = 1e-3;

  /** The model's own parameters have these in their names in a checkpoint. */
  private static final String RECURRENT = "rnn.weight_hh_l0";

  private static final String BIAS = "linear.bias";

  @WorkingFolder Path folder;

  /** The parameters after one step, by their names. */
  private Map<String, double[]> step(double rate, String... settings) throws Exception {
    List<String> all = new ArrayList<>(List.of("train.steps=1", "train.rate=" + rate));
    all.addAll(List.of(settings));
    Path run = KeyRuns.train(folder, Samples.SERIES, all.toArray(String[]::new)).run().path();
    Map<String, double[]> parameters = new TreeMap<>();
    try (SafetensorsReader reader = new SafetensorsReader(Runs.last(run))) {
      for (String name : reader.tensors().keySet()) {
        parameters.put(name, reader.doubles(name));
      }
    }
    return parameters;
  }

  private static double[] moved(
      Map<String, double[]> before, Map<String, double[]> after, String name) {
    double[] from = before.get(name);
    double[] to = after.get(name);
    double[] moved = new double[from.length];
    for (int i = 0; i < moved.length; i++) {
      moved[i] = Math.abs(to[i] - from[i]);
    }
    return moved;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static double norm(double[] values) {
    return Math.sqrt(Arrays.stream(values).map(x -> x * x).sum());
  }

  /**
   * What one step from zero moments comes to, in rates: Adam and its like go the rate, whatever the
   * gradient; RMSprop's root is of a tenth of it.
   */
  @ParameterizedTest
  @CsvSource({
    "{name: adam},1",
    "{name: adamw},1",
    "'train.optimizer={name: adam, amsgrad: true}',1",
    "{name: adagrad},1",
    "{name: lion},1",
    "{name: nadam},1.057",
    "'train.optimizer={name: nadam, beta1: 0.5}',1.1334",
    "'train.optimizer={name: nadam, momentum_decay: 100}',1.4569",
    "{name: rmsprop},3.162",
    "'train.optimizer={name: rmsprop, decay: 0.99}',10",
    "'train.optimizer={name: rmsprop, decay: 0.75, centered: true}',2.309",
  })
  void goesAsFarAsItsEquationSays(String optimizer, double rates) throws Exception {
    Map<String, double[]> before = step(1e-30);
    String key = optimizer.startsWith("{") ? "train.optimizer=" + optimizer : optimizer;
    Map<String, double[]> after = step(RATE, key);
    // 2 %: weights of 0.3 lose digits of a step of 0.001, and small gradients feel epsilon.
    assertEquals(rates, median(moved(before, after, RECURRENT)) / RATE, 0.02 * rates);
  }

  /** From a mean of zero, 1 - beta2 of the first square is kept. */
  @Test
  void meansOfSquaresKeepTheirPart() throws Exception {
    String mean = "optimizer.v." + RECURRENT;
    double[] usual = step(RATE).get(mean);
    double[] half = step(RATE, "train.optimizer.beta2=0.5").get(mean);
    assertEquals(0.5 / 0.001, norm(half) / norm(usual), 0.01);
  }

  /** From the second step on next to nothing is left of the rate. */
  @Test
  void adagradsRateFallsBesides() throws Exception {
    String falling = "train.optimizer={name: adagrad, rate_decay: 1e9}";
    double[] one = step(RATE, falling).get(RECURRENT);
    assertArrayEquals(one, step(RATE, falling, "train.steps=2").get(RECURRENT), 1e-7);
    Map<String, double[]> steady = step(RATE, "train.optimizer=adagrad", "train.steps=2");
    assertTrue(median(moved(Map.of(RECURRENT, one), steady, RECURRENT)) > 0.1 * RATE);
  }

  @Test
  void lambGoesTheRateOfEachTensorsNorm() throws Exception {
    Map<String, double[]> before = step(1e-30);
    Map<String, double[]> after = step(RATE, "train.optimizer=lamb");
    double ratio = norm(moved(before, after, RECURRENT)) / norm(before.get(RECURRENT));
    assertEquals(RATE, ratio, 1e-3 * RATE);
  }

  /** Its root of the steps so far is that of epsilon at first. */
  @Test
  void adadeltaStartsWithTheRootOfEpsilon() throws Exception {
    Map<String, double[]> before = step(1e-30);
    Map<String, double[]> after = step(100, "train.optimizer={name: adadelta, epsilon: 1e-12}");
    double expected = 100 * Math.sqrt(1e-12 / 0.05);
    assertEquals(expected, median(moved(before, after, RECURRENT)), 0.05 * expected);
  }

  @Test
  void sgdGoesByTheGradientAndRatesScale() throws Exception {
    Map<String, double[]> before = step(1e-30);
    double one = norm(moved(before, step(RATE, "train.optimizer=sgd"), RECURRENT));
    double two = norm(moved(before, step(2 * RATE, "train.optimizer=sgd"), RECURRENT));
    assertEquals(2 * one, two, 0.01 * two);
    String nesterov = "train.optimizer={name: sgd, momentum: 0.5, nesterov: true}";
    double ahead = norm(moved(before, step(RATE, nesterov), RECURRENT));
    assertEquals(1.5 * one, ahead, 0.01 * ahead);
  }

  @Test
  void whatIsFrozenStays() throws Exception {
    Map<String, double[]> before = step(1e-30);
    Map<String, double[]> after = step(RATE, "train.freeze=[rnn.weight_*]");
    assertArrayEquals(before.get(RECURRENT), after.get(RECURRENT));
    assertTrue(norm(moved(before, after, BIAS)) > 0);
    Cli cli = new Cli(folder);
    Outcome wrong = cli.run("train", "c.yaml", "--set", "train.freeze=rnn.nothing");
    assertEquals(2, wrong.status());
    assertTrue(wrong.err().contains("train.freeze"), wrong.err());
    assertTrue(wrong.err().contains(BIAS), wrong.err());
  }

  /** A penalty of 1000 at a rate of 0.001 takes all of a weight that it is on. */
  @Test
  void thePenaltyIsOnMatricesUnlessAllAreAskedFor() throws Exception {
    String optimizer = "train.optimizer={name: adamw, decay_all: %s}";
    String decay = "train.weight_decay=1000";
    Map<String, double[]> before = step(1e-30);
    Map<String, double[]> matrices = step(RATE, optimizer.formatted("false"), decay);
    Map<String, double[]> all = step(RATE, optimizer.formatted("true"), decay);
    String bias = "rnn.bias_hh_l0";
    assertEquals(
        RATE, median(Arrays.stream(matrices.get(RECURRENT)).map(Math::abs).toArray()), 1e-5);
    assertEquals(RATE, median(Arrays.stream(all.get(bias)).map(Math::abs).toArray()), 1e-5);
    assertTrue(norm(moved(before, matrices, bias)) < 2 * RATE * Math.sqrt(24));
    assertTrue(norm(before.get(bias)) > 100 * RATE, "else nothing is shown");
  }
}
