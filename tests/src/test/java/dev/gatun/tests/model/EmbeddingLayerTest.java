package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.SgdRule;
import dev.gatun.model.Embedding;
import dev.gatun.model.Initializers;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.OneHot;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.ParameterGroup;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.UpdateOptions;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What tokens enter a network as. */
@Tag("backend")
class EmbeddingLayerTest {
  private static final int[] TOKENS = {3, 0, 2, 2, 4, 3};

  static List<String> names() {
    return Subjects.names();
  }

  private static Plan planned(Model model) {
    Plan plan = model.plan(PlanSpec.training(3, 2).equalLengths());
    Host.write(model.backend(), plan.input(), Arrays.stream(TOKENS).asDoubleStream().toArray());
    Tensor seed = Objects.requireNonNull(plan.outputGradient());
    double[] ones = new double[(int) seed.size()];
    Arrays.fill(ones, 1);
    Host.write(model.backend(), seed, ones);
    return plan;
  }

  private static double[] output(Backend backend, Layer entry) {
    RecurrentLayer rnn = RecurrentLayer.tanh(4).initialized(sameWeights());
    try (Model model = ModelSpec.of(Signal.tokens(5), entry, rnn).build(backend, 3);
        Plan plan = planned(model)) {
      plan.forward(3, 2);
      plan.backward();
      double[] y = Host.read(backend, plan.output());
      double[] dw = Host.read(backend, model.parameters().get("rnn.weight_ih_l0").gradient());
      double[] both = Arrays.copyOf(y, y.length + dw.length);
      System.arraycopy(dw, 0, both, y.length, dw.length);
      return both;
    }
  }

  /** Values that do not depend on where a parameter stands among the others. */
  private static RecurrentLayer.InitialWeights sameWeights() {
    return new RecurrentLayer.InitialWeights(
        (values, random) -> {
          for (long i = 0; i < values.size(); i++) {
            values.set(i, Math.sin(i + 1.0));
          }
        },
        Initializers.identity(0.5),
        Initializers.constant(0.1),
        null);
  }

  @ParameterizedTest
  @MethodSource("names")
  void oneHotIsAnEmbeddingByTheIdentity(String name) {
    try (Backend backend = Subjects.open(name, 2)) {
      double[] expected = output(backend, Embedding.of(5).initialized(Initializers.identity(1)));
      assertArrayEquals(expected, output(backend, OneHot.of()), 0);
      assertTrue(Arrays.stream(expected).distinct().count() > 30, "values differ");
    }
  }

  /** The padding's row stays zero however long the others are learnt, and frozen rows stay. */
  @Test
  void paddingAndFrozenRowsAreNotLearnt() {
    ModelSpec spec = ModelSpec.of(Signal.tokens(5), Embedding.of(3).padding(2), Linear.of(2));
    UpdateOptions frozen = UpdateOptions.DEFAULT.withGroup(ParameterGroup.of("embedding.*", 0, 0));
    for (UpdateOptions options : List.of(UpdateOptions.DEFAULT, frozen)) {
      try (Backend backend = Backends.open("reference");
          Model model = spec.build(backend, 3);
          Optimizer sgd =
              new RuleOptimizer(model.parameters(), new SgdRule(0.9, false, 0.01), options);
          Plan plan = planned(model)) {
        Tensor table = model.parameters().get("embedding.weight").value();
        double[] before = table.toDoubles();
        for (int step = 0; step < 5; step++) {
          plan.forward(3, 2);
          plan.backward();
          sgd.step(0.1);
        }
        double[] after = table.toDoubles();
        for (int c = 0; c < 3; c++) {
          assertEquals(0, after[2 * 3 + c]);
          assertEquals(options.equals(frozen), before[3 * 3 + c] == after[3 * 3 + c], "learnt");
        }
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Embedding embedding = Embedding.of(4);
    Signal tokens = Signal.tokens(5);
    assertRefused(
        "a table of 5 rows of 4, and needs 5 of 3",
        () -> ModelSpec.of(tokens, embedding, RecurrentLayer.gru(3), embedding.tied(5)));
    assertRefused("and needs 6 of 4", () -> ModelSpec.of(tokens, embedding, embedding.tied(6)));
    assertRefused(
        "tied to other, and no embedding",
        () -> ModelSpec.of(tokens, embedding, Linear.of(5).tiedTo("other")));
    assertRefused(
        "which has initial values", () -> embedding.tied(5).initialized(Initializers.constant(0)));
    assertRefused("padding 5 is none of 5", () -> ModelSpec.of(tokens, embedding.padding(5)));
    assertRefused("largest norm 0", () -> embedding.maxNorm(0));
    assertRefused("takes tokens", () -> ModelSpec.of(Signal.features(3), OneHot.of()));
    ModelSpec.of(tokens, embedding, RecurrentLayer.lstm(8).projected(4), embedding.tied(5));
  }

  private static void assertRefused(String part, Executable call) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), message);
  }
}
