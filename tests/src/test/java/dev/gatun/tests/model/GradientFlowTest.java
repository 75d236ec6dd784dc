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
}
