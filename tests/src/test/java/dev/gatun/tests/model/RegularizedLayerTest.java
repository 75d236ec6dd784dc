package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Regularised layers in models: their parameters, and that only training draws masks. */
@Tag("backend")
class RegularizedLayerTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final int C = 3;
  private static final int H = 9;
  private static final int T = 12;

  private static final RecurrentLayer LSTM =
      RecurrentLayer.lstm(H)
          .stacked(2, 0.3)
          .layerNorm()
          .zoneout(0.2, 0.1)
          .variationalDropout(0.3, 0.4)
          .recurrentDropout(0.2)
          .dropConnect(0.5);

  private static final RecurrentLayer GRU =
      RecurrentLayer.gru(7).layerNorm().zoneout(0, 0.1).recurrentDropout(0.2);

  private static final ModelSpec SPEC = ModelSpec.of(Signal.features(C), LSTM, GRU, Linear.of(4));

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void gainsStartAtOneAndAreCounted(String name) {
    try (Backend backend = Subjects.open(name, 1);
        Model model = SPEC.build(backend, 3)) {
      Map<String, double[]> values = new HashMap<>();
      for (Parameter parameter : model.parameters().list()) {
        values.put(parameter.name(), Host.read(backend, parameter.value()));
      }
      assertAll(1, 4 * H, values.get("lstm.norm_ih_l0"));
      assertAll(1, 4 * H, values.get("lstm.norm_hh_l1"));
      assertAll(1, H, values.get("lstm.norm_c_l1"));
      assertAll(0, H, values.get("lstm.norm_c_bias_l0"));
      assertAll(1, 3 * 7, values.get("gru.norm_ih_l0"));
      assertFalse(values.containsKey("gru.norm_c_l0"));
      ModelSpec plain =
          ModelSpec.of(
              Signal.features(C),
              RecurrentLayer.lstm(H).stacked(2, 0.3),
              RecurrentLayer.gru(7),
              Linear.of(4));
      long extra = 2 * (2 * 4 * H + 2 * H) + 2 * 3 * 7;
      assertEquals(plain.parameterCount() + extra, SPEC.parameterCount());
    }
  }

  private static void assertAll(double value, int size, double[] values) {
    double[] expected = new double[size];
    Arrays.fill(expected, value);
    assertArrayEquals(expected, values);
  }

  private static double[] forward(Backend backend, Plan plan, float[] input, long step) {
    try (Workspace host = Workspace.host(DType.F32)) {
      Tensor x = host.real(T, 1, C);
      for (int i = 0; i < input.length; i++) {
        x.set(i, input[i]);
      }
      backend.copy(x, plan.input());
      plan.setStep(step);
      plan.resetState();
      plan.forward(T, 1);
      return Host.read(backend, plan.output());
    }
  }

  private static float[] input() {
    Random random = new Random(4);
    float[] input = new float[T * C];
    for (int i = 0; i < input.length; i++) {
      input[i] = random.nextFloat() * 2 - 1;
    }
    return input;
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void onlyTrainingDrawsMasks(String name) {
    try (Backend backend = Subjects.open(name, 1);
        Model model = SPEC.build(backend, 3);
        Plan training = model.plan(PlanSpec.training(T, 1).equalLengths());
        Plan evaluation = model.plan(PlanSpec.inference(T, 1).equalLengths())) {
      double[] first = forward(backend, training, input(), 0);
      assertFalse(Arrays.equals(first, forward(backend, training, input(), 1)));
      assertArrayEquals(first, forward(backend, training, input(), 0));
      double[] evaluated = forward(backend, evaluation, input(), 0);
      assertArrayEquals(evaluated, forward(backend, evaluation, input(), 1));
      assertFalse(Arrays.equals(first, evaluated));
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void sessionsGiveWhatEvaluationGives(String name) {
    float[] input = input();
    try (Backend backend = Subjects.open(name, 1);
        Model model = SPEC.build(backend, 3);
        Plan evaluation = model.plan(PlanSpec.inference(T, 1).equalLengths());
        Session session = model.session()) {
      double[] whole = forward(backend, evaluation, input, 0);
      double[] exact = stepped(session, input);
      Numbers.assertClose("session", whole, exact, 1e-5);
      for (WeightType type : Subjects.weightTypes(backend)) {
        try (Session kept = model.session(1, 1, type)) {
          double[] stepped = stepped(kept, input);
          Numbers.assertClose(type + " session", whole, stepped, 0.05);
          assertEquals(type == WeightType.FLOAT32, Arrays.equals(exact, stepped));
        }
      }
    }
  }

  private static double[] stepped(Session session, float[] input) {
    double[] outputs = new double[T * 4];
    for (int t = 0; t < T; t++) {
      Tensor output = session.step(Arrays.copyOfRange(input, t * C, (t + 1) * C));
      for (int o = 0; o < 4; o++) {
        outputs[t * 4 + o] = output.get(o);
      }
    }
    return outputs;
  }
}
