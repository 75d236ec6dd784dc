package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.model.Dropout;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.model.Summary;
import dev.gatun.persist.FormatException;
import dev.gatun.tensor.DType;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Shapes, names, files and lifetimes of models. */
@Tag("backend")
class ModelTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final ModelSpec SPEC =
      ModelSpec.of(
          Signal.tokens(11),
          Embedding.of(6),
          RecurrentLayer.lstm(8).stacked(2, 0.1),
          Linear.of(11));

  @TempDir Path folder;

  private static double[] values(Model model) {
    return model.parameters().list().stream()
        .flatMapToDouble(parameter -> Arrays.stream(Host.read(model.backend(), parameter.value())))
        .toArray();
  }

  @Test
  void parametersHavePyTorchsNamesAndOrder() {
    try (Backend backend = Backends.open("reference");
        Model model = SPEC.build(backend, 1)) {
      List<String> names = model.parameters().list().stream().map(Parameter::name).toList();
      assertEquals(
          List.of(
              "embedding.weight",
              "lstm.weight_ih_l0",
              "lstm.weight_hh_l0",
              "lstm.bias_ih_l0",
              "lstm.bias_hh_l0",
              "lstm.weight_ih_l1",
              "lstm.weight_hh_l1",
              "lstm.bias_ih_l1",
              "lstm.bias_hh_l1",
              "linear.weight",
              "linear.bias"),
          names);
      long count = 11 * 6 + 32 * (6 + 8 + 2) + 32 * (8 + 8 + 2) + 11 * 9;
      assertEquals(count, SPEC.parameterCount());
      assertEquals(count, model.parameters().values().size());
      assertEquals("lstm.bias_hh_l1", model.parameters().at(count - 11 * 9 - 1).name());
    }
  }

  @Test
  void sameSeedSameBitsOnEveryBackend() {
    double[] expected;
    try (Backend backend = Backends.open("reference");
        Model model = SPEC.build(backend, 7);
        Model other = SPEC.build(backend, 8)) {
      expected = values(model);
      assertFalse(Arrays.equals(expected, values(other)), "another seed, other values");
    }
    for (String name : BACKENDS) {
      try (Backend backend = Subjects.open(name);
          Model model = SPEC.build(backend, 7)) {
        assertArrayEquals(expected, values(model), 0.0, name);
      }
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void savesAndLoads(String name) throws IOException {
    Path file = folder.resolve("model.safetensors");
    try (Backend backend = Subjects.open(name);
        Model model = SPEC.build(backend, 1);
        Model other = SPEC.build(backend, 2)) {
      model.save(file);
      long version = other.parameters().version();
      other.load(file);
      assertArrayEquals(values(model), values(other), 0.0);
      assertTrue(other.parameters().version() > version, "plans must read the weights again");
    }
  }

  @Test
  void aFileOfAnotherModelIsOneErrorAndChangesNothing() throws IOException {
    Path file = folder.resolve("model.safetensors");
    ModelSpec other =
        ModelSpec.of(
            Signal.tokens(11),
            Embedding.of(6),
            RecurrentLayer.lstm(8),
            Linear.of(12),
            Linear.of(11).named("more"));
    try (Backend backend = Backends.open("reference");
        Model model = SPEC.build(backend, 1);
        Model loaded = other.build(backend, 2)) {
      model.save(file);
      double[] before = values(loaded);
      FormatException e = assertThrows(FormatException.class, () -> loaded.load(file));
      assertArrayEquals(before, values(loaded), 0.0);
      for (String part :
          List.of(
              "model.safetensors",
              "linear.weight is [11, 8], the model's is [12, 8]",
              "no more.weight",
              "and 3 more")) {
        assertTrue(e.getMessage().contains(part), e.getMessage());
      }
    }
  }

  @Test
  void layersThatDoNotFitAreErrors() {
    assertError("tokens", () -> ModelSpec.of(Signal.tokens(5), Linear.of(2)));
    assertError("tokens", () -> ModelSpec.of(Signal.tokens(5), RecurrentLayer.lstm(2)));
    assertError("tokens", () -> ModelSpec.of(Signal.tokens(5), Dropout.of(0.2)));
    assertError("not features", () -> ModelSpec.of(Signal.features(5), Embedding.of(2)));
    assertError(
        "one row per step",
        () ->
            ModelSpec.of(
                Signal.features(5), RecurrentLayer.lstm(2).lastState(), RecurrentLayer.gru(2)));
    assertError(
        "two layers are called linear",
        () -> ModelSpec.of(Signal.features(5), Linear.of(2), Linear.of(2)));
    assertError(
        "cannot name a layer", () -> ModelSpec.of(Signal.features(5), Linear.of(2).named("a.b")));
    assertError("at least one layer", () -> ModelSpec.of(Signal.features(5)));
    assertError(
        "forget bias",
        () ->
            RecurrentLayer.gru(2)
                .initialized(RecurrentLayer.InitialWeights.DEFAULT.withForgetBias(1)));
  }

  private static void assertError(String part, Executable executable) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  @Test
  void summaryNeedsNoMemory() {
    // 80 GB of parameters: only arithmetic can say so.
    ModelSpec huge =
        ModelSpec.of(Signal.tokens(20_000_000), Embedding.of(1000), RecurrentLayer.lstm(512));
    Summary summary = huge.summary(PlanSpec.training(100, 64), DType.F32, 2);
    long lstm = 4L * 512 * (1000 + 512 + 2);
    assertEquals(20_000_000_000L + lstm, summary.parameters());
    assertEquals(4 * summary.parameters(), summary.parameterBytes());
    assertEquals(8 * summary.parameters(), summary.optimizerBytes());
    String text = summary.toString();
    assertTrue(text.contains("features [T, N, 512]"), text);
    assertTrue(text.contains("lstm"), text);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void summaryIsNearTheTruth(String name) {
    PlanSpec training = PlanSpec.training(20, 16);
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(50),
            Embedding.of(32),
            RecurrentLayer.lstm(64).stacked(2, 0.1),
            Linear.of(50));
    try (Backend backend = Subjects.open(name);
        Model model = spec.build(backend, 1);
        Plan plan = model.plan(training, new SoftmaxCrossEntropy())) {
      double ratio = (double) plan.bytes() / spec.summary(training, backend.real(), 2).planBytes();
      // cuDNN's scratch and its copies of weights and their gradients are not foreseen.
      double most = name.equals("cuda") ? 4 : 2;
      assertTrue(ratio > 0.5 && ratio < most, "actual over estimated bytes: " + ratio);
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void closingTwiceIsHarmlessAndUsingAfterwardsIsAnError(String name) {
    try (Backend backend = Subjects.open(name)) {
      Model model = SPEC.build(backend, 1);
      Plan plan = model.plan(PlanSpec.inference(3, 2).equalLengths());
      plan.forward(2, 1);
      plan.close();
      plan.close();
      assertThrows(IllegalStateException.class, () -> plan.forward(2, 1));
      Plan second = model.plan(PlanSpec.inference(3, 2).equalLengths());
      model.close();
      model.close();
      assertThrows(IllegalStateException.class, () -> second.forward(2, 1));
      second.close();
    }
  }

  @Test
  void plansCheckSizesAndOrder() {
    try (Backend backend = Backends.open("reference");
        Model model = SPEC.build(backend, 1);
        Plan inference = model.plan(PlanSpec.inference(3, 2));
        Plan training = model.plan(PlanSpec.training(3, 2))) {
      assertError("1 to 3", () -> inference.forward(4, 1));
      assertError("1 to 2", () -> inference.forward(1, 3));
      assertThrows(IllegalStateException.class, inference::backward);
      assertThrows(IllegalStateException.class, inference::loss);
      assertThrows(IllegalStateException.class, training::backward);
      assertError("gradient", () -> model.plan(PlanSpec.training(3, 2).withInputGradient()));
    }
  }
}
