package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.model.Convolution;
import dev.gatun.model.GradientFlow;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Norms of layers, and of dL/dh_t where they follow from one number. */
@Tag("backend")
class GradientFlowTest {
  static final List<String> BACKENDS = Subjects.names();
  private static final int T = 7;

  /** h_t = x_t + r h_{t-1}: dL/dh_t is the sum of what later steps are asked, times powers of r. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aLinearCellPassesItsPowersBack(String backend) {
    RecurrentLayer layer = RecurrentLayer.of("rnn", Cell.IDENTITY, 1).withoutBias();
    try (Backend context = Subjects.open(backend);
        Model model = ModelSpec.of(Signal.features(1), layer).build(context, 1);
        Plan plan = model.plan(PlanSpec.training(T, 1).equalLengths())) {
      context.fill(model.parameters().get("rnn.weight_hh_l0").value(), 0.5);
      model.parameters().changed();
      Numbers.fill(context, new Random(1), plan.input(), 1);
      plan.forward(T, 1);
      double[] asked = {0, 0, 0, 3, 0, 0, 1};
      Host.write(context, Objects.requireNonNull(plan.outputGradient()), asked);
      plan.backward();
      GradientFlow flow = GradientFlow.of(plan, model.parameters(), T);
      assertEquals(List.of(0, 1, 2, 3, 4, 5, 6), flow.steps());
      List<Double> norms = Objects.requireNonNull(flow.states().get("rnn"));
      double expected = 0;
      for (int t = T - 1; t >= 0; t--) {
        expected = asked[t] + 0.5 * expected;
        assertEquals(expected, norms.get(t), 1e-5, "step " + t);
      }
      double squares = 0;
      for (Parameter parameter : model.parameters().list()) {
        double norm = Numbers.norm(Host.read(context, parameter.gradient()));
        squares += norm * norm;
      }
      assertEquals(Math.sqrt(squares), Objects.requireNonNull(flow.layers().get("rnn")), 1e-4);
    }
  }

  /** A stack's last state, of two sequences, against the same by runs of part of the steps. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void theLastStateOfAStackIsFollowedBack(String backend) {
    RecurrentLayer stack = RecurrentLayer.of("lstm", Cell.LSTM, 4).stacked(2, 0).lastState();
    try (Backend context = Subjects.open(backend);
        Model model = ModelSpec.of(Signal.features(3), stack).build(context, 1);
        Plan plan = model.plan(PlanSpec.training(T, 2).equalLengths())) {
      Numbers.fill(context, new Random(1), plan.input(), 1);
      plan.forward(T, 2);
      Tensor asked = Objects.requireNonNull(plan.outputGradient());
      context.fill(asked, 0.5);
      plan.backward();
      GradientFlow flow = GradientFlow.of(plan, model.parameters(), 3);
      assertEquals(List.of(0, 3, 6), flow.steps());
      List<Double> norms = Objects.requireNonNull(flow.states().get("lstm"));
      assertEquals(0.5 * Math.sqrt(8), norms.get(2), 1e-6, "what was asked of the last state");
      assertTrue(norms.get(0) > 0 && norms.get(0) < norms.get(1), norms.toString());
      assertTrue(norms.get(1) < norms.get(2), norms.toString());
      // Looking changes nothing: the plan goes on as it was.
      double[] before = Host.read(context, plan.output());
      GradientFlow again = GradientFlow.of(plan, model.parameters(), 3);
      assertEquals(norms, again.states().get("lstm"));
      assertEquals(before[0], Host.read(context, plan.output())[0]);
    }
  }

  /** Behind a stride there are fewer steps, and those of the layer count. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aLayerBehindAStrideHasStepsOfItsOwn(String backend) {
    RecurrentLayer layer = RecurrentLayer.of("rnn", Cell.IDENTITY, 1).withoutBias();
    ModelSpec spec =
        ModelSpec.of(Signal.features(1), Convolution.of(1, 2).stride(2).valid(), layer);
    try (Backend context = Subjects.open(backend);
        Model model = spec.build(context, 1);
        Plan plan = model.plan(PlanSpec.training(T, 1).equalLengths())) {
      context.fill(model.parameters().get("rnn.weight_hh_l0").value(), 0.5);
      model.parameters().changed();
      Numbers.fill(context, new Random(1), plan.input(), 1);
      plan.forward(T, 1);
      double[] asked = {0, 3, 1};
      assertEquals(asked.length, plan.outputTime());
      Host.write(context, Objects.requireNonNull(plan.outputGradient()), asked);
      plan.backward();
      GradientFlow flow = GradientFlow.of(plan, model.parameters(), T);
      assertEquals(List.of(0, 3, 6), flow.steps());
      List<Double> norms = Objects.requireNonNull(flow.states().get("rnn"));
      assertEquals(3, norms.size());
      double expected = 0;
      for (int t = 2; t >= 0; t--) {
        expected = asked[t] + 0.5 * expected;
        assertEquals(expected, norms.get(t), 1e-5, "step " + t);
      }
    }
  }

  /** Of one layer of two directions: h_t = x_t + r h of the step before, or of the one after. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void eachDirectionPassesItsPowersBack(String backend) {
    RecurrentLayer layer = RecurrentLayer.of("rnn", Cell.IDENTITY, 1).withoutBias();
    ModelSpec spec = ModelSpec.of(Signal.features(1), layer.bothDirections());
    try (Backend context = Subjects.open(backend);
        Model model = spec.build(context, 1);
        Plan plan = model.plan(PlanSpec.training(T, 1).equalLengths())) {
      context.fill(model.parameters().get("rnn.weight_hh_l0").value(), 0.5);
      context.fill(model.parameters().get("rnn.weight_hh_l0_reverse").value(), -0.75);
      model.parameters().changed();
      Numbers.fill(context, new Random(1), plan.input(), 1);
      plan.forward(T, 1);
      double[] asked = {0, 2, 0, 0, 0, 1, 3, 0, 0, 0, 0, -1, 1, 0};
      Host.write(context, Objects.requireNonNull(plan.outputGradient()), asked);
      plan.backward();
      GradientFlow flow = GradientFlow.of(plan, model.parameters(), T);
      assertEquals(
          List.of("rnn", "rnn" + GradientFlow.REVERSE), List.copyOf(flow.states().keySet()));
      double expected = 0;
      for (int t = T - 1; t >= 0; t--) {
        expected = asked[2 * t] + 0.5 * expected;
        assertEquals(Math.abs(expected), states(flow, "rnn").get(t), 1e-5, "step " + t);
      }
      expected = 0;
      for (int t = 0; t < T; t++) {
        expected = asked[2 * t + 1] - 0.75 * expected;
        double found = states(flow, "rnn" + GradientFlow.REVERSE).get(t);
        assertEquals(Math.abs(expected), found, 1e-5, "step " + t + " in reverse");
      }
    }
  }

  private static List<Double> states(GradientFlow flow, String layer) {
    return Objects.requireNonNull(flow.states().get(layer));
  }

  private static final int C = 2;
  private static final int H = 3;

  /** A run forward and back of sequences whose last steps may be padding. */
  private static GradientFlow flow(Model model, int second, double[] x, double[] dy) {
    Backend context = model.backend();
    try (Plan plan = model.plan(PlanSpec.training(T, 2))) {
      Host.write(context, plan.input(), x);
      Host.write(context, Objects.requireNonNull(plan.lengths()), T, second);
      plan.forward(T, 2);
      Host.write(context, Objects.requireNonNull(plan.outputGradient()), dy);
      plan.backward();
      return GradientFlow.of(plan, model.parameters(), 4);
    }
  }

  private static void copy(Model from, String name, Model to, String other) {
    from.backend().copy(from.parameters().get(name).value(), to.parameters().get(other).value());
    to.parameters().changed();
  }

  private static double[] random(int size) {
    return new Random(size).doubles(size, -1, 1).toArray();
  }

  private static void assertNear(List<Double> expected, List<Double> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), actual.get(i), 1e-4 * expected.getFirst(), "point " + i);
    }
  }

  /**
   * The top's forward direction alone, above layers of two directions, is a stack whose states are
   * followed as those of any layer of one direction.
   */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aStackOfTwoDirectionsIsFollowedAsItsTopAlone(String backend) {
    ModelSpec whole =
        ModelSpec.of(Signal.features(C), RecurrentLayer.lstm(H).stacked(3, 0).bothDirections());
    ModelSpec split =
        ModelSpec.of(
            Signal.features(C),
            RecurrentLayer.lstm(H).stacked(2, 0).bothDirections().named("below"),
            RecurrentLayer.lstm(H).named("top"));
    double[] x = random(T * 2 * C);
    double[] dy = random(T * 2 * 2 * H);
    double[] forwards = new double[T * 2 * H];
    for (int row = 0; row < T * 2; row++) {
      System.arraycopy(dy, row * 2 * H, forwards, row * H, H);
    }
    try (Backend context = Subjects.open(backend);
        Model model = whole.build(context, 1);
        Model alone = split.build(context, 2)) {
      for (Parameter parameter : model.parameters().list()) {
        String name = parameter.name();
        if (!name.contains("_l2")) {
          copy(model, name, alone, name.replace("lstm.", "below."));
        } else if (!name.endsWith("_reverse")) {
          copy(model, name, alone, name.replace("lstm.", "top.").replace("_l2", "_l0"));
        }
      }
      for (int second : new int[] {T, 4}) {
        List<Double> expected = states(flow(alone, second, x, forwards), "top");
        assertNear(expected, states(flow(model, second, x, dy), "lstm"));
      }
    }
  }

  /** Steps and directions the other way round give the same the other way round. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void theReverseDirectionIsTheForwardOneOfReversedSteps(String backend) {
    ModelSpec spec =
        ModelSpec.of(Signal.features(C), RecurrentLayer.gru(H).stacked(2, 0).bothDirections());
    double[] x = random(T * 2 * C);
    double[] dy = random(T * 2 * 2 * H);
    try (Backend context = Subjects.open(backend);
        Model model = spec.build(context, 1);
        Model turned = spec.build(context, 2)) {
      for (Parameter parameter : model.parameters().list()) {
        String name = parameter.name();
        String other = name.endsWith("_reverse") ? name.replace("_reverse", "") : name + "_reverse";
        double[] values = Host.read(context, parameter.value());
        Host.write(
            context,
            turned.parameters().get(other).value(),
            name.contains("weight_ih_l1") ? swapped(values) : values);
      }
      turned.parameters().changed();
      GradientFlow there = flow(model, T, x, dy);
      GradientFlow back = flow(turned, T, reversed(x, 2 * C), swapped(reversed(dy, 4 * H)));
      for (String of : List.of("gru", "gru" + GradientFlow.REVERSE)) {
        String other = of.equals("gru") ? "gru" + GradientFlow.REVERSE : "gru";
        assertNear(states(there, of), states(back, other).reversed());
      }
    }
  }

  /** Steps in the opposite order. */
  private static double[] reversed(double[] values, int width) {
    double[] turned = new double[values.length];
    for (int t = 0; t < T; t++) {
      System.arraycopy(values, t * width, turned, (T - 1 - t) * width, width);
    }
    return turned;
  }

  /** Both halves of rows of 2 H. */
  private static double[] swapped(double[] values) {
    double[] other = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      other[i] = values[i % (2 * H) < H ? i + H : i - H];
    }
    return other;
  }
}
