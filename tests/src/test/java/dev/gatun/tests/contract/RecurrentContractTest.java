package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Stacks against the reference, and what must hold between calls of one plan. */
@ParameterizedClass
@MethodSource("namesAndEngines")
class RecurrentContractTest extends StackContract {
  /**
   * The recurrence is no expansion (weights of spectral radius below 1), so the roundings of its T
   * steps, each of a sum of K products, add up: C eps sqrt(K) T. C covers the activations, good to
   * 5 eps (3e-7), and the passage through L layers and back; the worst here is measured at 2.1, for
   * one unit and one step.
   */
  private static final double C = 4;

  RecurrentContractTest(String name) {
    super(name, C);
  }

  static Stream<Arguments> shapes() {
    List<Arguments> shapes = new ArrayList<>();
    for (Cell cell : Cell.values()) {
      add(shapes, RecurrentSpec.of(cell, 1, 1), 1, 1);
      add(shapes, RecurrentSpec.of(cell, 3, 5), 6, 4);
      add(shapes, RecurrentSpec.of(cell, 17, 16), 3, 8);
      add(shapes, RecurrentSpec.of(cell, 5, 19).stacked(2, 0).bothDirections(), 5, 7);
      add(shapes, RecurrentSpec.of(cell, 9, 33).stacked(3, 0.4), 4, 13);
      add(shapes, RecurrentSpec.of(cell, 2, 7).stacked(3, 0.3).bothDirections(), 7, 3);
      add(shapes, RecurrentSpec.of(cell, 3, 5).withoutBias(), 6, 4);
      add(shapes, RecurrentSpec.of(cell, 4, 6).stacked(2, 0).bothDirections().withoutBias(), 5, 9);
      add(shapes, RecurrentSpec.of(cell, 30, 48), 9, 1);
      add(shapes, RecurrentSpec.of(cell, 40, 70), 11, 67); // many chunks, none of them even
    }
    // Blocks of both dimensions and of the sum of a weight gradient, none of them even.
    add(shapes, RecurrentSpec.of(Cell.LSTM, 65, 130), 9, 65);
    RecurrentSpec projected = RecurrentSpec.of(Cell.LSTM, 5, 19).projected(7);
    add(shapes, projected, 6, 4);
    add(shapes, projected.bothDirections(), 5, 7);
    add(shapes, projected.stacked(3, 0.2).bothDirections().withoutBias(), 5, 7);
    return shapes.stream();
  }

  @ParameterizedTest
  @EnumSource
  void paddingIsNotEvenRead(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5).stacked(2, 0.3).bothDirections();
    int[] lengths = {2, 0, 4};
    try (Stack clean = Stack.full(backend, spec, 4, 3);
        Stack dirty = Stack.full(backend, spec, 4, 3)) {
      clean.randomize(random).lengths(lengths);
      dirty.copyGiven(clean);
      for (String name : List.of("x", "dy")) {
        double[] values = dirty.read(name);
        int width = Math.toIntExact(dirty.tensor(name).dim(-1));
        for (int i = 0; i < values.length; i++) {
          if (i / width / 3 >= lengths[i / width % 3]) {
            values[i] = Double.NaN;
          }
        }
        dirty.set(name, values);
      }
      run(clean, 4, 3);
      run(dirty, 4, 3);
      assertBits(values(clean), values(dirty));
    }
  }

  @ParameterizedTest
  @EnumSource
  void anEmptySequenceKeepsItsState(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5).stacked(2, 0).bothDirections();
    try (Stack stack = Stack.full(backend, spec, 4, 3)) {
      stack.randomize(random).lengths(2, 0, 4);
      run(stack, 4, 3);
      Map<String, Tensor> written = stack.written();
      for (String name : List.of("h0", "c0")) {
        if (written.containsKey("d" + name)) {
          double[] initial = stack.read(name);
          double[] last = stack.read(name.charAt(0) + "n");
          double[] dInitial = stack.read("d" + name);
          double[] dLast = stack.read("d" + name.charAt(0) + "n");
          for (int state = 0; state < 4; state++) {
            for (int i = 0; i < 5; i++) {
              int at = (state * 3 + 1) * 5 + i;
              assertEquals(initial[at], last[at], name + " " + at);
              assertEquals(dLast[at], dInitial[at], "d" + name + " " + at);
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void missingTensorsAreZerosOrNotWanted(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5).stacked(2, 0).bothDirections();
    for (Part absent : Part.values()) {
      try (Stack whole = Stack.full(backend, spec, 4, 3);
          Stack part =
              new Stack(
                  backend, spec, 4, 3, Mode.TRAINING, EnumSet.complementOf(EnumSet.of(absent)))) {
        whole.randomize(random);
        for (String name : whole.given().keySet()) {
          if (!part.given().containsKey(name)) {
            backend.fill(whole.tensor(name), 0);
          }
        }
        run(part.copyGiven(whole), 4, 3);
        run(whole, 4, 3);
        for (String name : part.written().keySet()) {
          Numbers.assertClose(absent + " " + name, whole.read(name), part.read(name), 0);
        }
        Numbers.assertClose(absent + " dWeights", whole.dWeights(), part.dWeights(), 0);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSmallerCallUsesADensePrefix(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5).stacked(2, 0.3).bothDirections();
    try (Stack small = Stack.full(backend, spec, 3, 2);
        Stack large = Stack.full(backend, spec, 6, 5)) {
      large.randomize(random);
      run(large, 6, 5); // leaves saved state of a larger call behind
      small.randomize(random).lengths(3, 1);
      backend.copy(small.weights, large.weights);
      large.plan.refresh();
      large.lengths(3, 1);
      small.given().forEach((name, tensor) -> backend.copy(tensor, prefix(large, name, tensor)));
      run(small, 3, 2);
      run(large, 3, 2);
      double tolerance = tolerance(spec, 3);
      small
          .written()
          .forEach(
              (name, tensor) ->
                  Numbers.assertClose(
                      name, read(tensor), read(prefix(large, name, tensor)), tolerance));
      Numbers.assertClose("dWeights", small.dWeights(), large.dWeights(), tolerance);
    }
  }

  private static Tensor prefix(Stack stack, String name, Tensor like) {
    return stack.tensor(name).view(0, like.shape());
  }

  @ParameterizedTest
  @EnumSource
  void repeatsItsBitsAndAccumulatesWeightGradients(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 17).stacked(2, 0.3).bothDirections();
    try (Stack stack = Stack.full(backend, spec, 5, 4)) {
      stack.randomize(random).lengths(5, 1, 0, 3);
      run(stack, 5, 4);
      Map<String, double[]> first = values(stack);
      run(stack, 5, 4);
      assertBits(first, values(stack));
      final double[] once = stack.dWeights();
      stack.plan.forward(5, 4);
      stack.plan.backward();
      double[] twice = stack.dWeights();
      Numbers.assertClose(
          "2 dWeights", Arrays.stream(once).map(v -> 2 * v).toArray(), twice, 4 * eps);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void givesTheSameBitsOnAnyNumberOfThreads(RecurrentSpec spec, int t, int n) {
    assumeNear(backend, spec.weightCount() * n);
    List<Map<String, double[]>> runs = new ArrayList<>();
    for (int threads : new int[] {1, 2, 3}) {
      try (Backend one = Subjects.open(backend.name(), threads);
          Stack stack = Stack.full(one, spec, t, n)) {
        stack.randomize(new Random(1)).lengths(ragged(new Random(2), t, n));
        run(stack, t, n);
        runs.add(values(stack));
      }
    }
    assertBits(runs.get(0), runs.get(1));
    assertBits(runs.get(0), runs.get(2));
  }

  @ParameterizedTest
  @EnumSource
  void inferenceGivesWhatTrainingDoesWithoutDropout(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5).stacked(2, 0).bothDirections();
    RecurrentSpec dropping = spec.stacked(2, 0.5);
    try (Stack training = Stack.full(backend, spec, 4, 3);
        Stack inference =
            new Stack(
                backend, dropping, 4, 3, Mode.INFERENCE, EnumSet.of(Part.INITIAL, Part.LENGTHS));
        Stack dropped = Stack.full(backend, dropping, 4, 3)) {
      training.randomize(random).lengths(4, 1, 2);
      inference.copyGiven(training).plan.forward(4, 3);
      dropped.copyGiven(training).plan.forward(4, 3);
      training.plan.forward(4, 3);
      double tolerance = tolerance(spec, 4);
      Numbers.assertClose("y", training.read("y"), inference.read("y"), tolerance);
      Numbers.assertClose("hn", training.read("hn"), inference.read("hn"), tolerance);
      assertNotEquals(training.read("y")[0], dropped.read("y")[0]);
    }
  }

  /**
   * At this step the mask's word for element 1 lies between the limits of keep as a double and as a
   * float, so that an inexact limit drops what the reference keeps.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void masksHaveTheExactLimit(boolean ragged) {
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 3, 5).stacked(2, 0.3);
    try (Backend reference = Backends.open("reference");
        Stack oracle = Stack.full(reference, spec, 4, 3);
        Stack stack = Stack.full(backend, spec, 4, 3)) {
      oracle.randomize(random).lengths(ragged ? new int[] {2, 4, 1} : new int[0]);
      oracle.step(48_993_631);
      stack.copyGiven(oracle);
      run(oracle, 4, 3);
      run(stack, 4, 3);
      assertSame(oracle, stack, 4);
    }
  }

  @ParameterizedTest
  @EnumSource
  void masksFollowTheStep(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5).stacked(2, 0.5);
    try (Stack stack = Stack.full(backend, spec, 4, 3)) {
      stack.randomize(random);
      stack.plan.forward(4, 3);
      double[] atZero = stack.read("y");
      stack.step(1);
      stack.plan.forward(4, 3);
      assertTrue(!Arrays.equals(atZero, stack.read("y")));
      stack.step(0);
      stack.plan.forward(4, 3);
      assertArrayEquals(atZero, stack.read("y"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void weightsAreReadOnRefresh(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 5);
    try (Stack stack = Stack.full(backend, spec, 4, 3);
        Stack fresh = Stack.full(backend, spec, 4, 3)) {
      stack.randomize(random);
      stack.plan.forward(4, 3);
      fill(stack.weights, 0.4);
      stack.plan.refresh();
      run(stack, 4, 3);
      run(fresh.copyGiven(stack), 4, 3);
      assertBits(values(fresh), values(stack));
    }
  }
}
