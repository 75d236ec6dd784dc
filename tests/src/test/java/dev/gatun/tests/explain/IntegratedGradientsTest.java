package dev.gatun.tests.explain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.explain.IntegratedGradients;
import dev.gatun.explain.IntegratedGradients.Attribution;
import dev.gatun.model.BatchNorm;
import dev.gatun.model.Convolution;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.OneHot;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Attributions against what is known of them: completeness, linear models, ignored inputs. */
class IntegratedGradientsTest {
  private static double[][] input(int steps, int width) {
    Random random = new Random(3);
    double[][] x = new double[steps][width];
    for (double[] step : x) {
      for (int k = 0; k < width; k++) {
        step[k] = 2 * random.nextGaussian();
      }
    }
    return x;
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void theyAddUpToTheChangeOfTheOutput(String name) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(3), RecurrentLayer.lstm(6).bothDirections().lastState(), Linear.of(4));
    try (Backend backend = Backends.open(name);
        Model model = spec.build(backend, 1);
        IntegratedGradients gradients = new IntegratedGradients(model)) {
      for (int target = 0; target < 4; target++) {
        Attribution found = gradients.of(input(9, 3), target);
        assertTrue(Math.abs(found.output() - found.baseline()) > 1e-3, found.toString());
        assertTrue(found.gap() < 0.01, "off by " + found.gap());
      }
    }
  }

  @Test
  void morePartsComeCloser() {
    ModelSpec spec =
        ModelSpec.of(Signal.features(2), RecurrentLayer.gru(5).lastState(), Linear.of(1));
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 2);
        IntegratedGradients few = new IntegratedGradients(model, 4);
        IntegratedGradients many = new IntegratedGradients(model, 200)) {
      double[][] x = input(7, 2);
      assertTrue(many.of(x, 0).gap() < few.of(x, 0).gap());
      assertTrue(many.of(x, 0).gap() < 1e-4, "off by " + many.of(x, 0).gap());
    }
  }

  @Test
  void ofALinearModelTheyAreWeightTimesInput() {
    try (Backend backend = Backends.open("reference");
        Model model = ModelSpec.of(Signal.features(3), Linear.of(2)).build(backend, 5);
        IntegratedGradients gradients = new IntegratedGradients(model, 3)) {
      double[][] x = input(4, 3);
      double[] weights = model.parameters().get("linear.weight").value().toDoubles();
      Attribution found = gradients.of(x, 1);
      for (int k = 0; k < 3; k++) {
        // The output looked at is the last step's.
        assertEquals(weights[3 + k] * x[3][k], found.values()[3][k], 1e-12);
        assertTrue(found.values()[0][k] == 0, "other steps add nothing");
      }
    }
  }

  /** A norm over the batch is as in evaluation: the points of the way are no batch. */
  @Test
  void runningStatisticsNormalise() {
    ModelSpec spec = ModelSpec.of(Signal.features(3), BatchNorm.of(), Linear.of(2));
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 5)) {
      for (int k = 0; k < 3; k++) {
        model.parameters().get("norm.running_mean").value().set(k, 0.5);
        model.parameters().get("norm.running_var").value().set(k, 4);
        model.parameters().get("norm.weight").value().set(k, 3);
      }
      double[][] x = input(4, 3);
      double[] weights = model.parameters().get("linear.weight").value().toDoubles();
      double baseline = model.parameters().get("linear.bias").value().toDoubles()[1];
      try (IntegratedGradients gradients = new IntegratedGradients(model, 3)) {
        Attribution found = gradients.of(x, 1);
        double scale = 3 / Math.sqrt(4 + 1e-5);
        for (int k = 0; k < 3; k++) {
          assertEquals(scale * weights[3 + k] * x[3][k], found.values()[3][k], 1e-12);
          baseline -= scale * weights[3 + k] * 0.5;
        }
        assertEquals(baseline, found.baseline(), 1e-12);
      }
    }
  }

  /** Of fewer steps of output than of input the last one is looked at. */
  @Test
  void aStrideLeavesFewerOutputs() {
    ModelSpec spec = ModelSpec.of(Signal.features(2), Convolution.of(3, 3).stride(2), Linear.of(1));
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 5);
        IntegratedGradients gradients = new IntegratedGradients(model, 2)) {
      Attribution found = gradients.of(input(7, 2), 0);
      assertTrue(found.gap() < 1e-9, "off by " + found.gap());
      assertTrue(Math.abs(found.values()[6][0]) > 1e-6, "what the last output sees");
      assertTrue(found.values()[4][0] == 0, "what it does not see");
    }
  }

  @Test
  void aTiedOutputAndOneHotTokensAreAttributedToo() {
    Embedding embedding = Embedding.of(4);
    ModelSpec tied =
        ModelSpec.of(Signal.tokens(7), embedding, RecurrentLayer.gru(4), embedding.tied(7));
    ModelSpec oneHot =
        ModelSpec.of(
            Signal.tokens(7), OneHot.of(), RecurrentLayer.lstm(4).lastState(), Linear.of(2));
    for (ModelSpec spec : List.of(tied, oneHot)) {
      try (Backend backend = Backends.open("reference");
          Model model = spec.build(backend, 4);
          IntegratedGradients gradients = new IntegratedGradients(model)) {
        Attribution found = gradients.of(new int[] {1, 5, 2, 6}, 1);
        assertTrue(found.gap() < 0.01, "off by " + found.gap());
        assertTrue(Math.abs(found.output() - found.baseline()) > 1e-4);
      }
    }
  }

  @Test
  void tokensAreAttributedByTheirEmbeddings() {
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(7), Embedding.of(4), RecurrentLayer.gru(6).lastState(), Linear.of(3));
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 4);
        IntegratedGradients gradients = new IntegratedGradients(model)) {
      // Token 5 embedded as zeros is the baseline itself: it adds nothing.
      for (int k = 0; k < 4; k++) {
        model.parameters().get("embedding.weight").value().set(5 * 4 + k, 0);
      }
      try (IntegratedGradients changed = new IntegratedGradients(model)) {
        Attribution found = changed.of(new int[] {1, 5, 2, 6}, 2);
        assertTrue(found.steps()[1] == 0, "the baseline itself adds nothing");
        assertTrue(Math.abs(found.steps()[3]) > 1e-4);
        assertTrue(found.gap() < 0.01, "off by " + found.gap());
      }
      assertTrue(
          Math.abs(gradients.of(new int[] {1, 5, 2, 6}, 2).steps()[1]) > 1e-6,
          "a copy of the parameters as they were");
      assertThrows(IndexOutOfBoundsException.class, () -> gradients.of(new int[] {7}, 0));
    }
  }
}
