package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.Curriculum;
import dev.gatun.data.Filling;
import dev.gatun.data.MissingValues;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.WindowData;
import dev.gatun.data.WindowSource;
import dev.gatun.data.WindowSpec;
import dev.gatun.model.DecayLayer;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.train.Evaluator;
import dev.gatun.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * A series that half forgets itself in 34 steps, two of three values missing: what is known is the
 * last value and how old it is. A mean filled in says neither.
 */
class MissingLearningTest {
  private static final int ROWS = 2500;

  private static Series series() {
    Random random = new Random(12);
    double[] values = new double[ROWS];
    double level = 0;
    for (int i = 0; i < ROWS; i++) {
      level = 0.98 * level + Math.sqrt(1 - 0.98 * 0.98) * random.nextGaussian();
      values[i] = random.nextInt(3) > 0 ? Double.NaN : 20 + 4 * level;
    }
    return Series.withGaps(List.of("level"), new double[][] {values}, null);
  }

  /** The mean squared error of the test part, in deviations of the series. */
  private static double error(MissingValues method) {
    Series series = series();
    Range training = new Range(0, 2000);
    List<String> level = List.of("level");
    WindowData data =
        new WindowData(
            series,
            Scaler.standard(series, training),
            new WindowSpec(16, 1, false, 1, level, level, false),
            Filling.fit(method, series, training));
    List<Layer> layers = new ArrayList<>();
    if (method == MissingValues.DECAY) {
      layers.add(DecayLayer.of(data.means()));
    }
    layers.add(RecurrentLayer.gru(12).lastState());
    layers.add(Linear.of(1));
    NumericLoss loss = NumericLoss.meanSquaredError();
    try (Backend backend = Backends.open("cpu", 1);
        Model model = ModelSpec.of(Signal.features(data.features()), layers).build(backend, 5);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        WindowSource source = WindowSource.training(data, training, 32, 3, Curriculum.NONE);
        WindowSource test = WindowSource.evaluation(data, new Range(2000, ROWS), 64);
        Evaluator evaluator = new Evaluator(model, loss, test);
        Trainer trainer =
            Trainer.of(model, loss, adam, Schedules.cosine(0.01, 0, 600), source)
                .maxSteps(600)
                .epochs(100)
                .build()) {
      while (trainer.steps() < 600) {
        trainer.step();
      }
      return evaluator.loss();
    }
  }

  @Test
  void masksAndElapsedTimesRepairBetterThanAMean() {
    double mean = error(MissingValues.MEAN);
    double mask = error(MissingValues.MASK);
    double decay = error(MissingValues.DECAY);
    String all = "mean %.4f, mask %.4f, decay %.4f".formatted(mean, mask, decay);
    assertTrue(mask < 0.9 * mean, all);
    assertTrue(decay < 0.9 * mean, all);
  }
}
