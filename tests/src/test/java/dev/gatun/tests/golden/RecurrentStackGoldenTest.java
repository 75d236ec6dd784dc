package dev.gatun.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.RecurrentStack.Merge;
import dev.gatun.model.Signal;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Outputs, states and all gradients of PyTorch's one-layer modules stacked by hand. */
@Tag("backend")
class RecurrentStackGoldenTest {
  private static final int T = 7;
  private static final int N = 5;
  private static final int C = 3;

  /** Units in the last place: one layer on another, T steps each. */
  private static final double TOLERANCE = 60;

  static Stream<Arguments> cases() throws IOException {
    return Golden.casesOf("stacks");
  }

  @Test
  void areAllThere() throws IOException {
    assertEquals(14, Golden.namesOf("stacks").size());
  }

  private static RecurrentStack stack(Golden golden) {
    Cell cell =
        switch (golden.text("cell")) {
          case "lstm" -> Cell.LSTM;
          case "gru" -> Cell.GRU;
          default -> Cell.TANH;
        };
    int projection = (int) golden.number("projection", 0);
    List<RecurrentLayer> layers =
        Arrays.stream(golden.text("sizes").replaceAll("[\\[\\] ]", "").split(","))
            .map(size -> RecurrentLayer.of("any", cell, Integer.parseInt(size)))
            .map(layer -> projection > 0 ? layer.projected(projection) : layer)
            .map(
                layer ->
                    golden.text("bidirectional").equals("true") ? layer.bothDirections() : layer)
            .toList();
    Merge merge = golden.text("merge").equals("sum") ? Merge.SUM : Merge.CONCAT;
    return new RecurrentStack("rnn", layers, 0, merge, golden.text("last_state").equals("true"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computesOutputsAndGradients(String backendName, String name) throws IOException {
    try (Golden golden = new Golden(name);
        Backend backend = Subjects.open(backendName, 1);
        Model model = ModelSpec.of(Signal.features(C), stack(golden)).build(backend, 1)) {
      boolean ragged = golden.has("lengths");
      PlanSpec spec = PlanSpec.training(T, N).withInputGradient();
      try (Plan plan = model.plan(ragged ? spec : spec.equalLengths())) {
        double tolerance = TOLERANCE * Numbers.roundoff(backend);
        for (Parameter parameter : model.parameters().list()) {
          golden.read(inFile(parameter), backend, parameter.value());
        }
        model.parameters().changed();
        golden.read("x", backend, plan.input());
        if (ragged) {
          golden.read("lengths", backend, Objects.requireNonNull(plan.lengths()));
        }
        plan.forward(T, N);
        golden.assertClose("y", Host.read(backend, plan.output()), tolerance);
        for (String key : plan.state().keySet()) {
          Tensor state = Objects.requireNonNull(plan.state().get(key));
          golden.assertClose(key.replace("rnn.", ""), Host.read(backend, state), tolerance);
        }
        golden.read("dy", backend, Objects.requireNonNull(plan.outputGradient()));
        plan.backward();
        Tensor dx = Objects.requireNonNull(plan.inputGradient());
        golden.assertClose("dx", Host.read(backend, dx), tolerance);
        for (Parameter parameter : model.parameters().list()) {
          double[] gradient = Host.read(backend, Objects.requireNonNull(parameter.gradient()));
          golden.assertClose("grad." + inFile(parameter), gradient, tolerance);
        }
      }
    }
  }

  private static String inFile(Parameter parameter) {
    return parameter.name().replace("rnn.", "");
  }
}
