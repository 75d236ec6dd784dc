package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightLayout;
import dev.gatun.backend.WeightType;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Parameters in cuDNN's weight space from the start. The double has gaps there, and adds something
 * to each element of them with the gradients.
 */
@Tag("cuda")
class WeightSpaceTest {
  private final Backend backend = Backends.open("cuda");
  private final Random random = new Random(11);

  @TempDir Path folder;

  @AfterEach
  void nothingToComplainOf() {
    DoubleState.gatesApart(false);
    backend.close();
    assertEquals("", DoubleState.complaint());
  }

  static List<RecurrentSpec> stacks() {
    return List.of(
        RecurrentSpec.of(Cell.LSTM, 3, 5).stacked(2, 0),
        RecurrentSpec.of(Cell.LSTM, 3, 5).projected(2).stacked(3, 0.3),
        RecurrentSpec.of(Cell.GRU, 4, 3).bothDirections().withoutBias().stacked(2, 0.5),
        RecurrentSpec.of(Cell.TANH, 2, 7).withoutBias());
  }

  private static ModelSpec model(double dropout) {
    return ModelSpec.of(
        Signal.features(3),
        Linear.of(5),
        RecurrentLayer.gru(5).stacked(2, dropout).withoutBias(),
        RecurrentLayer.lstm(4),
        Linear.of(2).named("out"));
  }

  /** The elements of the flat blocks that belong to no parameter. */
  private static double[] gaps(Model model, Tensor block) {
    double[] values = Host.read(model.backend(), block);
    boolean[] owned = new boolean[values.length];
    for (Parameter parameter : model.parameters().list()) {
      int from = Math.toIntExact(parameter.offset());
      Arrays.fill(owned, from, from + Math.toIntExact(parameter.value().size()), true);
    }
    double[] gaps = new double[values.length];
    int count = 0;
    for (int i = 0; i < values.length; i++) {
      if (!owned[i]) {
        gaps[count++] = values[i];
      }
    }
    assertTrue(count > 100, "only " + count + " elements of no parameter: nothing is shown");
    return Arrays.copyOf(gaps, count);
  }

  private static void assertZero(double[] values) {
    assertArrayEquals(new double[values.length], values);
  }

  private void step(Plan plan) {
    Numbers.fill(backend, random, plan.input(), 1);
    Numbers.fill(backend, random, Objects.requireNonNull(plan.outputGradient()), 1);
    plan.forward(4, 3);
    plan.backward();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3})
  void theNormIsOfTheParametersAlone(double dropout) {
    try (Model model = model(dropout).build(backend, 1);
        Plan plan = model.plan(PlanSpec.training(4, 3));
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1)) {
      step(plan);
      assertZero(gaps(model, model.parameters().gradients()));
      double squares = 0;
      for (Parameter parameter : model.parameters().list()) {
        for (double g : Host.read(backend, parameter.gradient())) {
          squares += g * g;
        }
      }
      adam.step(0.01);
      assertEquals(Math.sqrt(squares), adam.norm(), 1e-6 * adam.norm());
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3})
  void tenUpdatesWithDecayLeaveTheRestZero(double dropout) {
    AdamRule rule = new AdamRule(0.9, 0.999, 1e-8, 0.1, true);
    try (Model model = model(dropout).build(backend, 1);
        Plan plan = model.plan(PlanSpec.training(4, 3));
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), rule, 1)) {
      Tensor part = Objects.requireNonNull(adam.state().get("m.out.bias"));
      Tensor m = Tensor.of(part.memory(), DType.F32, model.parameters().values().size());
      for (int i = 0; i < 10; i++) {
        step(plan);
        assertZero(gaps(model, model.parameters().gradients()));
        adam.step(0.05);
        assertZero(gaps(model, model.parameters().values()));
        assertZero(gaps(model, m));
      }
    }
  }

  /** Nothing is repacked: a training step asks for no kernel but the one that zeroes the rest. */
  @Test
  void weightsAreReadAndGradientsAddedInPlace() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 5).stacked(2, 0);
    try (Stack stack = Stack.full(backend, spec, 4, 3)) {
      stack.randomize(random);
      backend.fill(stack.io.lengths(), 4);
      stack.plan.forward(4, 3);
      stack.plan.backward();
      DoubleState.reset();
      stack.plan.refresh();
      stack.plan.forward(4, 3);
      assertEquals(0, DoubleState.calls("cudaLaunchKernelExC"));
      stack.plan.backward();
      assertEquals(1, DoubleState.calls("cudaLaunchKernelExC"));
      assertEquals(0, DoubleState.calls("cudaMemsetAsync"));
      assertEquals(0, DoubleState.calls("cudaMemcpyAsync"));
    }
  }

  /** A library that had the gates of a matrix apart would get copies. */
  @ParameterizedTest
  @MethodSource("stacks")
  void copiesServeALibraryThatHasGatesApart(RecurrentSpec spec) {
    try (Stack expected = Stack.full(backend, spec, 4, 3);
        Backend other = apart();
        Stack copies = Stack.full(other, spec, 4, 3)) {
      boolean gates = spec.cell().gates() > 1;
      assertEquals(gates, copies.layout.size() == spec.weightCount());
      DoubleState.gatesApart(false);
      final double[] inferred = inferred(expected.randomize(random));
      twice(expected);
      DoubleState.gatesApart(true);
      assertArrayEquals(inferred, inferred(copies.copyGiven(expected)));
      twice(copies);
      for (String name : copies.written().keySet()) {
        assertArrayEquals(expected.read(name), copies.read(name), name);
      }
      assertArrayEquals(expected.dWeights(), copies.dWeights());
    }
  }

  private static void twice(Stack stack) {
    for (int i = 0; i < 2; i++) {
      stack.plan.forward(4, 3);
      stack.plan.backward();
    }
    stack.read("y"); // waits: the double lays weights out when it computes
  }

  private static Backend apart() {
    DoubleState.gatesApart(true);
    return Backends.open("cuda");
  }

  /** y on packed weights. */
  private static double[] inferred(Stack stack) {
    RecurrentIo io = stack.io;
    RecurrentIo inference =
        new RecurrentIo(io.x(), io.lengths(), io.initial(), io.y(), io.last(), null);
    try (RecurrentWeights packed =
            stack.backend.pack(stack.spec, stack.weights, WeightType.FLOAT32);
        Recurrent plan = stack.backend.recurrent(packed, inference)) {
      plan.forward(4, 3);
      return stack.read("y");
    }
  }

  /** Our own cells read the same block. */
  @ParameterizedTest
  @MethodSource("stacks")
  void ownCellsHaveTheSameLayout(RecurrentSpec spec) {
    try (Backend own = Subjects.open(Subjects.OWN_CELLS)) {
      List<Long> expected =
          backend.layout(spec).weights().stream().map(WeightView::offset).toList();
      assertEquals(expected, own.layout(spec).weights().stream().map(WeightView::offset).toList());
      assertTrue(backend.layout(spec).size() > spec.weightCount(), "gaps");
    }
  }

  @Test
  void aBlockAtAnOddPlaceIsRefused() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.TANH, 2, 7);
    WeightLayout layout = backend.layout(spec);
    try (Stack stack = Stack.full(backend, spec, 4, 3);
        var memory = backend.workspace()) {
      Tensor odd = memory.real(layout.size() + 1).view(1, layout.size());
      MaskKey mask = new MaskKey(1, 2, stack.maskStep);
      String message =
          String.valueOf(
              assertThrows(
                      IllegalArgumentException.class,
                      () -> backend.recurrent(spec, odd, stack.io, Mode.TRAINING, mask))
                  .getMessage());
      assertTrue(message.contains("at a multiple of 256 bytes"), message);
    }
  }

  /** Files have parameters by name, wherever they lie. */
  @Test
  void filesAreThoseOfEveryBackend() throws IOException {
    Path here = folder.resolve("cuda.safetensors");
    Path there = folder.resolve("cpu.safetensors");
    try (Backend cpu = Backends.open("cpu", 1);
        Model one = model(0.3).build(backend, 5);
        Model two = model(0.3).build(cpu, 5);
        Model three = model(0.3).build(backend, 6)) {
      assertTrue(one.parameters().values().size() > two.parameters().values().size());
      one.save(here);
      two.save(there);
      assertArrayEquals(Files.readAllBytes(there), Files.readAllBytes(here));
      three.load(there);
      three.save(here);
      assertArrayEquals(Files.readAllBytes(there), Files.readAllBytes(here));
    }
  }
}
