package dev.gatun.tests.device;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.Examples;
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
import dev.gatun.tests.support.DeviceRun;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients in float32 without TF32 against those of the float64 reference, which the gradient
 * tests hold against central differences. Shapes are wider than those of the contract.
 */
@OnDevice
class GradientIT {
  /**
   * Of the bound C eps sqrt(K) T for each layer: rounding that adds up over steps at random, with
   * room for other orders of summation. TF32 would miss it a hundred times over.
   */
  private static final double C = 4;

  private static final String ALGORITHM = "gatun.cudnn.algorithm";

  private static final int T = DeviceRun.size(17, 5);
  private static final int N = DeviceRun.size(13, 4);

  static Stream<Arguments> stacks() {
    List<RecurrentSpec> specs = new ArrayList<>();
    int[] widths = DeviceRun.small() ? new int[] {9} : new int[] {33, 128, 192, 257};
    for (Cell cell : Cell.values()) {
      for (int h : widths) {
        specs.add(RecurrentSpec.of(cell, h + 3, h));
      }
      int h = widths[0];
      specs.add(RecurrentSpec.of(cell, h, h).stacked(2, 0.3).bothDirections());
      specs.add(RecurrentSpec.of(cell, h, h).stacked(3, 0).withoutBias());
    }
    int h = widths[0];
    specs.add(RecurrentSpec.of(Cell.LSTM, h, h).projected(h / 2).stacked(2, 0).bothDirections());
    for (Cell cell : List.of(Cell.LSTM, Cell.GRU)) {
      specs.add(new RecurrentSpec(cell, h, h, 0, 2, true, true, 0.2, Regularization.LAYER_NORM));
    }
    return specs.stream().map(spec -> Arguments.of(Named.of(spec.toString(), spec)));
  }

  @ParameterizedTest
  @MethodSource("stacks")
  void ofAStackAreTheReferences(RecurrentSpec spec) {
    Random random = new Random(spec.hashCode());
    int[] lengths = random.ints(N, 0, T + 1).toArray();
    try (Backend reference = Backends.open("reference");
        Backend device = Backends.open("cuda");
        Stack oracle = Stack.full(reference, spec, T, N);
        Stack stack = Stack.full(device, spec, T, N)) {
      oracle.randomize(random).step(3);
      stack.copyGiven(oracle);
      compare(oracle, stack);
      oracle.lengths(lengths);
      stack.lengths(lengths);
      compare(oracle, stack);
    }
  }

  static Stream<Arguments> algorithms() {
    return Stream.of("auto", "small-h", "persist-static", "persist-dynamic")
        .flatMap(
            name ->
                Stream.of(Cell.LSTM, Cell.GRU, Cell.TANH, Cell.RELU)
                    .map(cell -> Arguments.of(name, cell)));
  }

  /** Those of cuDNN's that take equal lengths only; what it does not support, STANDARD computes. */
  @ParameterizedTest
  @MethodSource("algorithms")
  void byEveryAlgorithm(String algorithm, Cell cell) {
    Random random = new Random(2);
    Set<Part> parts = EnumSet.complementOf(EnumSet.of(Part.LENGTHS));
    System.setProperty(ALGORITHM, algorithm);
    try (Backend reference = Backends.open("reference");
        Backend device = Backends.open("cuda")) {
      for (int h : DeviceRun.small() ? new int[] {8} : new int[] {32, 65, 128}) {
        RecurrentSpec spec = RecurrentSpec.of(cell, h, h).stacked(2, 0).bothDirections();
        try (Stack oracle = new Stack(reference, spec, T, N, Mode.TRAINING, parts);
            Stack stack = new Stack(device, spec, T, N, Mode.TRAINING, parts)) {
          oracle.randomize(random);
          stack.copyGiven(oracle);
          compare(oracle, stack);
        }
      }
    } finally {
      System.clearProperty(ALGORITHM);
    }
  }

  /** Those of all steps of a layer in one launch. */
  @ParameterizedTest
  @EnumSource(names = {"LSTM", "GRU", "GRU_RESET_BEFORE", "TANH"})
  void byPersistentCells(Cell cell) {
    Random random = new Random(4);
    System.setProperty("gatun.cuda.cells", "persistent");
    try (Backend reference = Backends.open("reference");
        Backend device = Backends.open("cuda")) {
      for (int h : DeviceRun.small() ? new int[] {9} : new int[] {33, 96, 128, 144}) {
        RecurrentSpec spec = RecurrentSpec.of(cell, h, h).stacked(2, 0.3).bothDirections();
        try (Stack oracle = Stack.full(reference, spec, T, N);
            Stack stack = Stack.full(device, spec, T, N)) {
          oracle.randomize(random).lengths(random.ints(N, 0, T + 1).toArray()).step(3);
          stack.copyGiven(oracle);
          compare(oracle, stack);
        }
      }
    } finally {
      System.clearProperty("gatun.cuda.cells");
    }
  }

  private static void compare(Stack oracle, Stack stack) {
    for (Stack each : List.of(oracle, stack)) {
      each.backend.fill(each.gradients.dWeights(), 0);
      each.plan.forward(T, N);
      each.plan.backward();
    }
    RecurrentSpec spec = stack.spec;
    int k = Math.max(spec.inputSize(), spec.outputSize()) + spec.stateSize() + 2;
    double tolerance = C * 0x1p-24 * Math.sqrt(k) * T * spec.layers();
    for (String name : stack.written().keySet()) {
      Numbers.assertClose(name, oracle.read(name), stack.read(name), tolerance);
    }
    Numbers.assertClose("dWeights", oracle.dWeights(), stack.dWeights(), tolerance);
  }

  @Test
  void ofAModelAreTheReferences() {
    Map<String, double[]> expected = gradients("reference");
    Map<String, double[]> actual = gradients("cuda");
    // Six layers deep, each with the rounding of T steps.
    double tolerance = 6 * C * 0x1p-24 * Math.sqrt(DeviceRun.size(128, 16)) * T;
    expected.forEach(
        (name, values) -> Numbers.assertClose(name, values, actual.get(name), tolerance));
  }

  private static Map<String, double[]> gradients(String name) {
    int h = DeviceRun.size(96, 11);
    int vocabulary = DeviceRun.size(101, 13);
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(vocabulary),
            Embedding.of(h),
            Dropout.of(0.2),
            RecurrentLayer.lstm(h).stacked(2, 0.3).bothDirections(),
            RecurrentLayer.gru(h),
            Linear.of(vocabulary));
    SplittableRandom random = new SplittableRandom(8);
    int[][] x = new int[N][];
    int[][] y = new int[N][];
    for (int i = 0; i < N; i++) {
      x[i] = random.ints(1 + i % T, 0, vocabulary).toArray();
      y[i] = random.ints(x[i].length, 0, vocabulary).toArray();
    }
    Map<String, double[]> gradients = new LinkedHashMap<>();
    try (Backend backend = Backends.open(name);
        Model model = spec.build(backend, 4);
        ArraySource source = ArraySource.sequential(Examples.tokens(x).stepClasses(y), N);
        Batch batch = source.newBatch();
        Plan plan = model.plan(PlanSpec.training(T, N), new SoftmaxCrossEntropy())) {
      source.fill(0, 0, batch);
      plan.forward(batch);
      plan.backward();
      gradients.put("loss", new double[] {plan.loss()});
      for (Parameter parameter : model.parameters().list()) {
        gradients.put(parameter.name(), Host.read(backend, parameter.gradient()));
      }
    }
    return gradients;
  }
}
