package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.Signal;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Layers of a stack that run one by one. */
@Tag("backend")
class RecurrentStackTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final int T = 6;
  private static final int N = 4;

  private static RecurrentLayer layer(int size) {
    return RecurrentLayer.lstm(size)
        .layerNorm()
        .zoneout(0.1, 0.2)
        .variationalDropout(0.2, 0.3)
        .recurrentDropout(0.2)
        .dropConnect(0.3)
        .bothDirections();
  }

  /** Output and all gradients of a training step with masks, on drawn weights. */
  private static List<double[]> run(Backend backend, Layer layer) {
    List<double[]> results = new ArrayList<>();
    try (Model model = ModelSpec.of(Signal.features(3), layer).build(backend, 7);
        Plan plan = model.plan(PlanSpec.training(T, N).withInputGradient())) {
      Random random = new Random(3);
      for (Parameter parameter : model.parameters().list()) {
        Numbers.fill(backend, random, parameter.value(), 0.5);
      }
      model.parameters().changed();
      Host.write(backend, Objects.requireNonNull(plan.lengths()), 6, 2, 4, 1);
      Numbers.fill(backend, random, plan.input(), 1);
      plan.setStep(5);
      plan.forward(T, N);
      results.add(Host.read(backend, plan.output()));
      Numbers.fill(backend, random, Objects.requireNonNull(plan.outputGradient()), 1);
      plan.backward();
      results.add(Host.read(backend, Objects.requireNonNull(plan.inputGradient())));
      for (Parameter parameter : model.parameters().list()) {
        results.add(Host.read(backend, Objects.requireNonNull(parameter.gradient())));
      }
      return results;
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void hasTheMasksOfOneStackOfEqualLayers(String name) {
    try (Backend backend = Subjects.open(name, 2)) {
      List<double[]> together = run(backend, layer(5).stacked(3, 0.4).named("rnn"));
      RecurrentStack parts = RecurrentStack.of("rnn", layer(5), layer(5), layer(5)).dropout(0.4);
      List<double[]> apart = run(backend, parts);
      assertEquals(together.size(), apart.size());
      for (int i = 0; i < together.size(); i++) {
        double bound = 200 * Numbers.roundoff(backend);
        Numbers.assertClose("result " + i, together.get(i), apart.get(i), bound);
      }
      assertFalse(
          close(together.getFirst(), run(backend, parts.dropout(0.3)).getFirst()), "masks matter");
    }
  }

  private static boolean close(double[] a, double[] b) {
    double difference = 0;
    for (int i = 0; i < a.length; i++) {
      difference = Math.max(difference, Math.abs(a[i] - b[i]));
    }
    return difference < 1e-3;
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void addsTheDirectionsOfOneLayer(String name) {
    try (Backend backend = Subjects.open(name, 2)) {
      double[] wide = run(backend, RecurrentLayer.gru(5).bothDirections()).getFirst();
      double[] sum = run(backend, RecurrentStack.gru(5).summed()).getFirst();
      double[] expected = new double[sum.length];
      for (int i = 0; i < sum.length; i++) {
        int row = i / 5;
        expected[i] = wide[row * 10 + i % 5] + wide[row * 10 + 5 + i % 5];
      }
      Numbers.assertClose("sum", expected, sum, 4 * Numbers.roundoff(backend));
    }
  }

  @Test
  void namesParametersAsPyTorch() {
    RecurrentStack stack = RecurrentStack.lstm(4, 3).summed();
    ModelSpec spec = ModelSpec.of(Signal.features(2), stack, Linear.of(1));
    List<String> names =
        spec.stages().getFirst().parameters().stream().map(p -> p.name() + " " + p.size()).toList();
    assertEquals(
        List.of(
            "weight_ih_l0 32",
            "weight_hh_l0 64",
            "bias_ih_l0 16",
            "bias_hh_l0 16",
            "weight_ih_l0_reverse 32",
            "weight_hh_l0_reverse 64",
            "bias_ih_l0_reverse 16",
            "bias_hh_l0_reverse 16",
            "weight_ih_l1 48",
            "weight_hh_l1 36",
            "bias_ih_l1 12",
            "bias_hh_l1 12",
            "weight_ih_l1_reverse 48",
            "weight_hh_l1_reverse 36",
            "bias_ih_l1_reverse 12",
            "bias_hh_l1_reverse 12"),
        names);
    assertEquals("features [T, N, 3]", spec.stages().getFirst().output().toString());
    assertTrue(spec.summary(PlanSpec.training(3, 2), DType.F32, 2).planBytes() > 0);
  }

  @Test
  void carriesStatesOfEachWidth() {
    ModelSpec spec = ModelSpec.of(Signal.features(2), RecurrentStack.lstm(4, 3).dropout(0.5));
    try (Backend backend = Subjects.open(BACKENDS.getFirst(), 1);
        Model model = spec.build(backend, 1);
        Plan plan = model.plan(PlanSpec.inference(5, 2))) {
      List<String> states = new ArrayList<>();
      for (String key : plan.state().keySet()) {
        Tensor state = Objects.requireNonNull(plan.state().get(key));
        states.add(key + " " + state);
      }
      DType real = backend.real();
      assertEquals(
          List.of(
              "lstm.h_l0 %s[1, 2, 4]".formatted(real),
              "lstm.c_l0 %s[1, 2, 4]".formatted(real),
              "lstm.h_l1 %s[1, 2, 3]".formatted(real),
              "lstm.c_l1 %s[1, 2, 3]".formatted(real)),
          states);
    }
  }

  @Test
  void mixesCellsAndDirections() {
    RecurrentStack stack =
        RecurrentStack.of(
            "mixed",
            RecurrentLayer.tanh(4).bothDirections(),
            RecurrentLayer.of("any", Cell.GRU_RESET_BEFORE, 3),
            RecurrentLayer.lstm(5).projected(2));
    assertFalse(stack.streams());
    assertEquals("features [N, 2]", stack.lastState().output(Signal.features(1)).toString());
    assertEquals(
        8,
        ModelSpec.of(Signal.features(1), stack).stages().getFirst().parameters().get(8).shape()[1]);
  }

  @Test
  void refusesWhatIsNoStack() {
    refused("at least one layer", () -> RecurrentStack.lstm());
    refused("one layer high", () -> RecurrentStack.of("a", RecurrentLayer.gru(3).stacked(2, 0)));
    refused("all its steps", () -> RecurrentStack.of("a", RecurrentLayer.gru(3).lastState()));
    refused("there is only one", () -> RecurrentStack.gru(3).dropout(0.1));
    refused("[0, 1)", () -> RecurrentStack.gru(3, 4).dropout(1));
    refused(
        "both directions",
        () ->
            new RecurrentStack(
                "a", List.of(RecurrentLayer.gru(3)), 0, RecurrentStack.Merge.SUM, false));
    refused("a.0 takes features", () -> RecurrentStack.gru(3).named("a").output(Signal.tokens(4)));
  }

  private static void refused(String message, Executable call) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }
}
