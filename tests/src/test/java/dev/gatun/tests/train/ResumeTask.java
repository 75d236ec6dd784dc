package dev.gatun.tests.train;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Augmentations;
import dev.gatun.data.AugmentedSource;
import dev.gatun.data.Balance;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.WindowData;
import dev.gatun.data.WindowSource;
import dev.gatun.data.WindowSpec;
import dev.gatun.model.Dropout;
import dev.gatun.model.Embedding;
import dev.gatun.model.HardExamples;
import dev.gatun.model.Linear;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Everything a run needs, made anew each time. */
abstract class ResumeTask {
  static final ResumeTask TEXT =
      new ResumeTask(
          ModelSpec.of(
              Signal.tokens(7),
              Embedding.of(5),
              Dropout.of(0.1),
              RecurrentLayer.lstm(6).stacked(2, 0.2),
              RecurrentStack.gru(4, 5).dropout(0.2),
              Linear.of(7)),
          new SoftmaxCrossEntropy()) {
        @Override
        BatchSource data(boolean validation) {
          return new CountingText(7, 5, 3, validation ? 2 : 6);
        }

        @Override
        Optimizer optimizer(Model model) {
          return new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        }
      };

  static final ResumeTask WINDOWS =
      new ResumeTask(
          ModelSpec.of(
              Signal.features(1),
              RecurrentLayer.lstm(5).layerNorm().zoneout(0.2, 0.1).dropConnect(0.3),
              RecurrentLayer.gru(6)
                  .decayed(2)
                  .stacked(2, 0.3)
                  .variationalDropout(0.1, 0.2)
                  .recurrentDropout(0.2)
                  .lastState(),
              Dropout.of(0.2),
              Linear.of(1)),
          NumericLoss.meanSquaredError()) {
        @Override
        BatchSource data(boolean validation) {
          return new SineWindows(8, 4, validation ? 2 : 6);
        }

        @Override
        Optimizer optimizer(Model model) {
          return new RuleOptimizer(model.parameters(), new SgdRule(0.9, true, 1e-4), 1.0);
        }
      };

  /** Streams of a series, each window from the state of the one before. */
  static final ResumeTask CARRIED =
      new ResumeTask(
          ModelSpec.of(
              Signal.features(1),
              RecurrentLayer.lstm(5),
              RecurrentLayer.gru(6).decayed(2).stacked(2, 0.3).lastState(),
              Linear.of(1)),
          NumericLoss.meanSquaredError()) {
        @Override
        BatchSource data(boolean validation) {
          double[][] wave = new double[1][72];
          Arrays.setAll(wave[0], i -> Math.sin(0.7 * i + 0.01 * i * i));
          Series series = new Series(List.of("y"), wave, null);
          WindowSpec windows = new WindowSpec(8, 1, false, 1, List.of("y"), List.of("y"), false);
          WindowData data = new WindowData(series, Scaler.identity(series), windows, null);
          return validation
              ? WindowSource.carriedEvaluation(data, new Range(60, 72))
              : WindowSource.carried(data, new Range(0, 60), 2, 4);
        }

        @Override
        Optimizer optimizer(Model model) {
          return new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        }
      };

  /** Everything that draws by epoch and example. */
  static final ResumeTask CLASSES =
      new ResumeTask(
          ModelSpec.of(Signal.features(2), RecurrentLayer.lstm(5).lastState(), Linear.of(2)),
          new HardExamples(new SoftmaxCrossEntropy(), 0.5)) {
        @Override
        BatchSource data(boolean validation) {
          float[][][] x = new float[24][][];
          for (int i = 0; i < x.length; i++) {
            x[i] = new float[2 + i % 7][2];
            for (int t = 0; t < x[i].length; t++) {
              x[i][t][t % 2] = (i % 4 == 0 ? 1 : -1) + 0.1f * t;
            }
          }
          int[] y = IntStream.range(0, 24).map(i -> i % 4 == 0 ? 1 : 0).toArray();
          Examples examples = Examples.features(x).classes(y);
          if (validation) {
            return ArraySource.sequential(examples, 6);
          }
          return new AugmentedSource(
              ArraySource.shuffled(examples, 6, 3).balanced(Balance.OVERSAMPLE).bucketed(),
              3,
              List.of(
                  Augmentations.reverse(0.5),
                  Augmentations.warp(0.5),
                  Augmentations.repeat(0.2),
                  Augmentations.jitter(0.1)));
        }

        @Override
        Optimizer optimizer(Model model) {
          return new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        }
      };

  final ModelSpec spec;
  final Loss loss;

  ResumeTask(ModelSpec spec, Loss loss) {
    this.spec = spec;
    this.loss = loss;
  }

  abstract BatchSource data(boolean validation);

  abstract Optimizer optimizer(Model model);

  /** A model's parameters. */
  static double[] onHost(Model model) {
    Tensor values = model.parameters().values();
    Tensor host = Tensor.host(values.dtype(), values.shape());
    try {
      model.backend().copy(values, host);
      return host.toDoubles();
    } finally {
      host.memory().close();
    }
  }
}
