package dev.gatun.tests.model;

import static dev.gatun.tests.model.ModelGradients.check;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Activation;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.ActivationLayer;
import dev.gatun.model.AttentionPooling;
import dev.gatun.model.BatchNorm;
import dev.gatun.model.Convolution;
import dev.gatun.model.CtcLoss;
import dev.gatun.model.DecayLayer;
import dev.gatun.model.Dropout;
import dev.gatun.model.Embedding;
import dev.gatun.model.Initializers;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.OneHot;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.Pooling;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole models, checked by central differences on the reference: the wiring between layers. */
class ModelGradientTest {
  private static final SplittableRandom RANDOM = new SplittableRandom(11);

  private static float[][][] features(int examples, int width) {
    float[][][] x = new float[examples][][];
    for (int i = 0; i < examples; i++) {
      x[i] = new float[1 + i % 4][width];
      for (float[] step : x[i]) {
        for (int c = 0; c < width; c++) {
          step[c] = (float) RANDOM.nextDouble(-1, 1);
        }
      }
    }
    return x;
  }

  private static float[][] values(int examples, int width) {
    float[][] y = new float[examples][width];
    for (float[] row : y) {
      for (int o = 0; o < width; o++) {
        row[o] = (float) RANDOM.nextDouble(-1, 1);
      }
    }
    return y;
  }

  @Test
  void labelsToBeAligned() {
    check(
        Examples.features(features(4, 3)).labels(new int[][] {{2}, {1, 1}, {}, {3, 1}}),
        Signal.features(3),
        new CtcLoss(),
        RecurrentLayer.gru(4).bothDirections(),
        Linear.of(4));
  }

  @Test
  void textWithIgnoredTargets() {
    int[][] x = {{1, 4, 2}, {0, 3}, {2}, {4, 4, 1}};
    int[][] y = {{4, -1, 0}, {3, 1}, {1}, {2, 0, -1}};
    check(
        Examples.tokens(x).stepClasses(y),
        Signal.tokens(5),
        new SoftmaxCrossEntropy(),
        Embedding.of(3),
        Dropout.of(0.3),
        RecurrentLayer.lstm(4).stacked(2, 0.4),
        Dropout.of(0.2).named("dropout2"),
        Linear.of(5));
  }

  @Test
  void aTableForBothEnds() {
    Embedding embedding = Embedding.of(3).maxNorm(1.1);
    check(
        Examples.tokens(new int[][] {{1, 4, 2}, {0, 3}, {2}})
            .stepClasses(new int[][] {{4, 2, 0}, {3, 1}, {1}}),
        Signal.tokens(5),
        new SoftmaxCrossEntropy(),
        embedding.initialized(Initializers.constant(0.5)),
        RecurrentLayer.lstm(5).projected(3),
        embedding.tied(5));
  }

  @Test
  void categoriesWithoutAnEmbedding() {
    check(
        Examples.tokens(new int[][] {{1, 4, 2}, {0, 3}, {2}})
            .stepClasses(new int[][] {{4, 2, 0}, {3, 1}, {1}}),
        Signal.tokens(5),
        new SoftmaxCrossEntropy(),
        OneHot.of(),
        RecurrentLayer.gru(4),
        Linear.of(5));
  }

  @Test
  void lastStatesOfBothDirections() {
    check(
        Examples.features(features(5, 3)).values(values(5, 2)),
        Signal.features(3),
        NumericLoss.meanSquaredError(),
        RecurrentLayer.gru(4).stacked(2, 0.3).bothDirections().lastState(),
        Linear.of(2));
  }

  /** Values, masks and ages; with ages below 0 some do not decay. */
  @Test
  void missingInputsThatDecay() {
    check(
        Examples.features(features(5, 6)).values(values(5, 2)),
        Signal.features(6),
        NumericLoss.meanSquaredError(),
        DecayLayer.of(List.of(0.2, -0.5)),
        RecurrentLayer.gru(4).lastState(),
        Linear.of(2));
  }

  /** Of two layers, the lower one's states decay with two ages each, of up to 9. */
  @Test
  void statesThatDecay() {
    check(
        Examples.features(ages(features(5, 6))).values(values(5, 2)),
        Signal.features(6),
        NumericLoss.meanSquaredError(),
        DecayLayer.of(List.of(0.2, -0.5)).withAges(),
        RecurrentLayer.gru(4).decayed(2).stacked(2, 0.3).named("two").lastState(),
        Linear.of(2));
    check(
        Examples.features(ages(features(5, 6))).values(values(5, 2)),
        Signal.features(6),
        NumericLoss.meanSquaredError(),
        RecurrentStack.of(
            "sizes",
            RecurrentLayer.of("a", Cell.GRU_RESET_BEFORE, 4).decayed(2),
            RecurrentLayer.gru(3)),
        Pooling.mean(),
        Linear.of(2));
  }

  private static float[][][] ages(float[][][] x) {
    for (float[][] sequence : x) {
      for (float[] step : sequence) {
        step[4] *= 9;
        step[5] *= 9;
      }
    }
    return x;
  }

  @Test
  void lastStateOfAProjection() {
    check(
        Examples.features(features(5, 3)).classes(new int[] {1, -1, 0, 2, 1}),
        Signal.features(3),
        new SoftmaxCrossEntropy(),
        Linear.of(4).named("in"),
        Dropout.of(0.2),
        RecurrentLayer.of("reset", Cell.GRU_RESET_BEFORE, 3),
        RecurrentLayer.lstm(5).projected(2).withoutBias().lastState(),
        Linear.of(3).named("out").withoutBias());
  }

  @Test
  void activationsBetweenAndAfterLayers() {
    check(
        Examples.features(features(5, 3)).values(values(5, 3)),
        Signal.features(3),
        NumericLoss.meanSquaredError(),
        Linear.of(4).named("in"),
        ActivationLayer.of(Activation.ELU).named("elu"),
        RecurrentLayer.of("rnn", Cell.SOFTMAX, 5).lastState(),
        Linear.of(3),
        ActivationLayer.of(Activation.SOFTMAX));
  }

  static List<Layer> readouts() {
    return List.of(
        Pooling.mean(), Pooling.max(), AttentionPooling.additive(3), AttentionPooling.dot());
  }

  @ParameterizedTest
  @MethodSource("readouts")
  void readoutsOfAllSteps(Layer readout) {
    check(
        Examples.features(features(5, 3)).values(values(5, 2)),
        Signal.features(3),
        NumericLoss.meanSquaredError(),
        RecurrentLayer.gru(4).bothDirections(),
        readout,
        Linear.of(2));
  }

  /** The input's gradient where there is nothing below, and no layer that wants one. */
  @ParameterizedTest
  @MethodSource("readouts")
  void readoutsOfTheInput(Layer readout) {
    check(
        Examples.features(features(5, 3)).values(values(5, 2)),
        Signal.features(3),
        NumericLoss.meanSquaredError(),
        readout,
        Linear.of(2));
  }

  @Test
  void batchNormOfInputsBetweenLayersAndOfStates() {
    check(
        Examples.features(features(5, 3)).values(values(5, 2)),
        Signal.features(3),
        NumericLoss.meanSquaredError(),
        BatchNorm.of(),
        RecurrentLayer.gru(4).bothDirections(),
        BatchNorm.of().named("between"),
        RecurrentLayer.lstm(3).lastState(),
        BatchNorm.of().named("last"),
        Linear.of(2));
  }

  static List<Convolution> convolutions() {
    return List.of(
        Convolution.of(4, 3),
        Convolution.of(4, 2).causal(),
        Convolution.of(4, 2).valid(),
        Convolution.of(4, 4).stride(2),
        Convolution.of(4, 3).causal().stride(3).withoutBias(),
        Convolution.of(4, 2).valid().stride(2));
  }

  /** Sequences of one step too, of which valid windows of two leave nothing. */
  @ParameterizedTest
  @MethodSource("convolutions")
  void convolutionsInFront(Convolution convolution) {
    check(
        Examples.features(features(6, 3)).values(values(6, 2)),
        Signal.features(3),
        NumericLoss.meanSquaredError(),
        convolution,
        ActivationLayer.of(Activation.TANH),
        Convolution.of(3, 2).causal().named("second"),
        RecurrentLayer.gru(3).bothDirections(),
        Pooling.mean(),
        Linear.of(2));
  }

  @Test
  void labelsToBeAlignedWithFewerSteps() {
    check(
        Examples.features(features(8, 3))
            .labels(new int[][] {{}, {2}, {1}, {3, 1}, {1}, {}, {3}, {2}}),
        Signal.features(3),
        new CtcLoss(),
        Convolution.of(4, 3).stride(2),
        RecurrentLayer.gru(4),
        Linear.of(4));
  }

  @Test
  void lastStatesOfAllLayers() {
    check(
        Examples.features(features(5, 3)).values(values(5, 2)),
        Signal.features(3),
        NumericLoss.meanSquaredError(),
        RecurrentLayer.lstm(4).stacked(3, 0.2).bothDirections().lastStates(),
        Linear.of(2));
  }

  @Test
  void layersOfDifferentSizesWithTheSumOfDirections() {
    check(
        Examples.features(features(5, 3)).values(values(5, 2)),
        Signal.features(3),
        NumericLoss.meanSquaredError(),
        RecurrentStack.gru(4, 3, 5).summed().dropout(0.3).lastState(),
        Linear.of(2));
  }

  @Test
  void layersOfDifferentKinds() {
    float[][][] x = features(6, 2);
    float[][][] y = new float[6][][];
    for (int i = 0; i < 6; i++) {
      y[i] = values(x[i].length, 3);
    }
    check(
        Examples.features(x).stepValues(y),
        Signal.features(2),
        NumericLoss.meanSquaredError(),
        RecurrentStack.of(
                "mixed",
                RecurrentLayer.lstm(3).bothDirections(),
                RecurrentLayer.of("any", Cell.GRU_RESET_BEFORE, 4))
            .dropout(0.2),
        Linear.of(3));
  }

  @Test
  void valuesAtEveryStep() {
    float[][][] x = features(6, 2);
    float[][][] y = new float[6][][];
    for (int i = 0; i < 6; i++) {
      y[i] = values(x[i].length, 3);
    }
    check(
        Examples.features(x).stepValues(y),
        Signal.features(2),
        NumericLoss.meanSquaredError(),
        RecurrentLayer.tanh(4),
        Linear.of(3));
  }

  @Test
  void gradientsAddUpAndStepsChangeMasks() {
    ModelSpec spec = ModelSpec.of(Signal.features(3), Dropout.of(0.5), Linear.of(2));
    Examples examples =
        Examples.features(features(4, 3))
            .stepValues(new float[][][] {values(1, 2), values(2, 2), values(3, 2), values(4, 2)});
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 23);
        BatchSource source = ArraySource.sequential(examples, 4);
        Batch batch = source.newBatch();
        Plan plan =
            model.plan(PlanSpec.training(source.maxTime(), 4), NumericLoss.meanSquaredError())) {
      source.fill(0, 0, batch);
      Tensor gradients = model.parameters().gradients();
      double[] once = run(plan, batch, gradients);
      double[] twice = run(plan, batch, gradients);
      for (int i = 0; i < once.length; i++) {
        assertEquals(2 * once[i], twice[i], 1e-15);
      }
      double loss = plan.loss();
      plan.setStep(1);
      plan.forward(batch);
      assertTrue(loss != plan.loss(), "another step, another mask");
      plan.setStep(0);
      plan.forward(batch);
      assertEquals(loss, plan.loss(), 0.0);
    }
    assertEquals(List.of(3, 2), List.of(spec.input().width(), spec.output().width()));
  }

  private static double[] run(Plan plan, Batch batch, Tensor gradients) {
    plan.forward(batch);
    plan.backward();
    return gradients.toDoubles();
  }
}
