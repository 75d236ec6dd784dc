package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.GradientCheck;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Balance;
import dev.gatun.data.Batch;
import dev.gatun.data.Examples;
import dev.gatun.metric.ClassMetrics;
import dev.gatun.model.HardExamples;
import dev.gatun.model.Linear;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.Tensor;
import dev.gatun.train.ClassPredictions;
import dev.gatun.train.Evaluator;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * A class of 5 in 100, early in training, when a network says of everything that it is not rare.
 */
class ImbalanceTest {
  private static final int RARE = 1;
  private static final SoftmaxCrossEntropy PLAIN = new SoftmaxCrossEntropy();

  /** 4 to 8 steps of normal noise, around 2 instead of 0 if it is rare. */
  private static Examples draw(int count, double share, long seed) {
    Random random = new Random(seed);
    float[][][] x = new float[count][][];
    int[] y = new int[count];
    for (int i = 0; i < count; i++) {
      y[i] = i < share * count ? RARE : 0;
      x[i] = new float[4 + i % 5][1];
      for (float[] step : x[i]) {
        step[0] = (float) (2 * y[i] + random.nextGaussian());
      }
    }
    return Examples.features(x).classes(y);
  }

  private static ClassMetrics train(Loss loss, Balance balance) throws IOException {
    ModelSpec spec =
        ModelSpec.of(Signal.features(1), RecurrentLayer.gru(8).lastState(), Linear.of(2));
    ArraySource training = ArraySource.shuffled(draw(1000, 0.05, 1), 50, 1).balanced(balance);
    ArraySource test = ArraySource.sequential(draw(1000, 0.5, 2), 100);
    try (Backend backend = Backends.open("cpu", 1);
        Model model = spec.build(backend, 1);
        var adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        Trainer trainer =
            Trainer.of(model, loss, adam, Schedules.constant(0.003), training)
                .epochs(1000)
                .maxSteps(60)
                .build()) {
      trainer.run();
      ClassPredictions seen = new ClassPredictions(model);
      try (Evaluator evaluator = new Evaluator(model, PLAIN, test)) {
        evaluator.run(seen);
      }
      return seen.metrics(2);
    }
  }

  @Test
  void everyRemedyRaisesTheRecallOfTheRareClass() throws IOException {
    double without = train(PLAIN, Balance.NONE).recall(RARE);
    assertTrue(without < 0.3, "recall without a remedy " + without);
    check("class weights", without, train(PLAIN.weighted(0.526, 10), Balance.NONE));
    check("oversampling", without, train(PLAIN, Balance.OVERSAMPLE));
    check("balanced batches", without, train(PLAIN, Balance.BATCHES));
    check("hard examples", without, train(new HardExamples(PLAIN, 0.1), Balance.NONE));
  }

  private static void check(String remedy, double without, ClassMetrics metrics) {
    double recall = metrics.recall(RARE);
    assertTrue(recall > without + 0.3, remedy + ": " + recall + ", without " + without);
    assertTrue(metrics.recall(0) > 0.6, remedy + " says rare of all: " + metrics.recall(0));
  }

  /** Of what is kept; which that is does not change within a step of the differences. */
  @Test
  void gradientsAreOfTheHardestAlone() {
    ModelSpec spec =
        ModelSpec.of(Signal.features(1), RecurrentLayer.lstm(3).lastState(), Linear.of(2));
    ArraySource data = ArraySource.sequential(draw(9, 0.4, 3), 9);
    Loss loss = new HardExamples(PLAIN.smoothed(0.1), 0.4);
    try (Backend backend = Backends.open("reference", 1);
        Model model = spec.build(backend, 1);
        Batch batch = data.newBatch();
        Plan plan = model.plan(PlanSpec.training(data.layout()), loss)) {
      data.fill(0, 0, batch);
      plan.forward(batch);
      plan.backward();
      Tensor gradient = model.parameters().gradients();
      GradientCheck check =
          new GradientCheck(
              () -> {
                model.parameters().changed();
                plan.forward(batch);
                return plan.loss();
              });
      var result = check.check("parameters", model.parameters().values(), gradient);
      assertTrue(result.within(1e-7) && result.norm() > 0.01, result.toString());
    }
  }

  @Test
  void twoRemediesInOneLossAreRefused() {
    SoftmaxCrossEntropy weighted = PLAIN.weighted(1, 5);
    assertThrows(IllegalArgumentException.class, () -> new HardExamples(weighted, 0.5));
    assertThrows(IllegalArgumentException.class, () -> PLAIN.weighted(0, 0));
    assertThrows(IllegalArgumentException.class, () -> new HardExamples(PLAIN, 0));
  }
}
