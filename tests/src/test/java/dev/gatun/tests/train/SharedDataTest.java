package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.TokenSource;
import dev.gatun.data.Vocabulary;
import dev.gatun.data.WindowSource;
import dev.gatun.data.WindowSpec;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.train.Evaluator;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Short training on real data of some size, which lies beside the checkout on some machines and is
 * not part of it.
 */
class SharedDataTest {
  private static Path file(String name) {
    String folder = System.getProperty("gatun.shared.data", "");
    Path file = Path.of(folder, name);
    assumeTrue(
        !folder.isEmpty() && Files.isRegularFile(file),
        "skipped: no " + file + " on this machine (-Dgatun.shared.data)");
    return file;
  }

  @Test
  void aCharacterModelLearnsShakespeare() throws IOException {
    String text = Files.readString(file("tinyshakespeare.txt"));
    Vocabulary letters = Vocabulary.of(text);
    assertEquals(65, letters.size());
    int[] tokens = letters.encode(text);
    int held = tokens.length - 20_000;
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(letters.size()),
            Embedding.of(32),
            RecurrentLayer.lstm(96),
            Linear.of(letters.size()));
    try (Backend backend = Backends.open("cpu", 2);
        Model model = spec.build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        TokenSource training = new TokenSource(tokens, new Range(0, held), 32, 32);
        TokenSource validation =
            TokenSource.evaluation(tokens, new Range(held, tokens.length), 32, 32);
        Evaluator evaluator = new Evaluator(model, new SoftmaxCrossEntropy(), validation);
        Trainer trainer =
            Trainer.of(model, new SoftmaxCrossEntropy(), adam, Schedules.constant(0.005), training)
                .maxSteps(400)
                .build()) {
      // Every letter alike: ln 65.
      assertEquals(Math.log(65), evaluator.loss(), 0.1);
      trainer.run();
      double loss = evaluator.loss();
      // Measured 2.03; the entropy of a letter given the one before it is about 2.45.
      assertTrue(loss < 2.2, "after 400 steps " + loss + " nats per character");
    }
  }

  @Test
  void aForecasterOfTheOilTemperatureBeatsItsLastValue() throws IOException {
    Series series = oilTemperature(file("ETTh1.csv"));
    assertEquals(17_420, series.rows());
    Range training = new Range(0, 8_640);
    Range later = new Range(8_640, 11_520);
    WindowSpec windows = new WindowSpec(48, 24, true, 1, List.of("OT"), List.of("OT"), true, true);
    Scaler scaler = Scaler.standard(series, training);
    ModelSpec spec =
        ModelSpec.of(Signal.features(1), RecurrentLayer.lstm(32).lastState(), Linear.of(24));
    try (Backend backend = Backends.open("cpu", 2);
        Model model = spec.build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        WindowSource source = WindowSource.training(series, scaler, windows, training, 64, 1);
        WindowSource test = WindowSource.evaluation(series, scaler, windows, later, 64);
        Evaluator evaluator = new Evaluator(model, NumericLoss.meanSquaredError(), test);
        Trainer trainer =
            Trainer.of(
                    model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.003), source)
                .epochs(5)
                .build()) {
      trainer.run();
      Errors errors = new Errors();
      int[] index = new int[1];
      evaluator.run(
          (plan, batch) -> {
            for (int n = 0; n < batch.size(); n++) {
              int window = test.window(0, index[0], n);
              double last = series.value(test.lastRow(window), 0);
              for (int o = 0; o < 24; o++) {
                double truth = test.truth(window, o);
                double forecast = test.restore(window, o, plan.output().get(n * 24L + o));
                errors.model += Math.abs(forecast - truth);
                errors.lastValue += Math.abs(last - truth);
              }
            }
            index[0]++;
          });
      double ratio = errors.model / errors.lastValue;
      // Measured 0.88.
      assertTrue(ratio < 0.93, "its error is " + ratio + " of the last value's");
    }
  }

  private static final class Errors {
    double model;
    double lastValue;
  }

  private static Series oilTemperature(Path csv) throws IOException {
    List<String> lines = Files.readAllLines(csv);
    int column = List.of(lines.getFirst().split(",")).indexOf("OT");
    double[] values =
        lines.stream()
            .skip(1)
            .mapToDouble(line -> Double.parseDouble(List.of(line.split(",")).get(column)))
            .toArray();
    return new Series(List.of("OT"), new double[][] {values}, null);
  }
}
