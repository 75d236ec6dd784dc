package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Stacks of recurrent layers. A suite has a method {@code shapes}: specification, T, N. */
abstract class StackContract extends Contract {
  private final double factor;

  /**
   * @param factor C in the bound C eps sqrt(K) T, for each layer, of the norm-wise difference from
   *     the reference
   */
  StackContract(String name, double factor) {
    super(name);
    this.factor = factor;
  }

  /** A stack of this suite with every optional tensor. */
  Stack whole(Backend on, RecurrentSpec spec, int t, int n) {
    return Stack.full(on, spec, t, n);
  }

  final double tolerance(RecurrentSpec spec, int t) {
    int k = Math.max(spec.inputSize(), spec.outputSize()) + spec.stateSize() + 2;
    return factor * eps * Math.sqrt(k) * t * spec.layers();
  }

  static void add(List<Arguments> shapes, RecurrentSpec spec, int t, int n) {
    shapes.add(Arguments.of(Named.of(spec + " T=" + t + " N=" + n, spec), t, n));
  }

  static int[] ragged(Random random, int t, int n) {
    int[] lengths = new int[n];
    for (int i = 0; i < n; i++) {
      lengths[i] = random.nextInt(t + 1); // 0 and 1 included
    }
    return lengths;
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void computesWhatTheReferenceDoes(RecurrentSpec spec, int t, int n) {
    assumeNear(backend, spec.weightCount() * n);
    try (Backend reference = Backends.open("reference");
        Stack oracle = whole(reference, spec, t, n);
        Stack stack = whole(backend, spec, t, n)) {
      oracle.randomize(random).step(5);
      stack.copyGiven(oracle);
      run(oracle, t, n);
      run(stack, t, n);
      assertSame(oracle, stack, t);
      int[] lengths = ragged(random, t, n);
      run(oracle.lengths(lengths), t, n);
      run(stack.lengths(lengths), t, n);
      assertSame(oracle, stack, t);
      assertZeroOnPadding(stack, t, n, lengths);
    }
  }

  final void assertSame(Stack expected, Stack actual, int t) {
    double tolerance = tolerance(actual.spec, t);
    for (String name : actual.written().keySet()) {
      Numbers.assertClose(name, expected.read(name), actual.read(name), tolerance);
    }
    Numbers.assertClose("dWeights", expected.dWeights(), actual.dWeights(), tolerance);
  }

  static void run(Stack stack, int t, int n) {
    Tensor dWeights = stack.gradients.dWeights();
    stack.backend.fill(dWeights, 0);
    stack.plan.forward(t, n);
    stack.plan.backward();
  }

  static void assertZeroOnPadding(Stack stack, int t, int n, int[] lengths) {
    for (String name : List.of("y", "dx")) {
      double[] values = stack.read(name);
      int width = Math.toIntExact(stack.tensor(name).dim(-1));
      for (int i = 0; i < t * n * width; i++) {
        if (i / width / n >= lengths[i / width % n]) {
          assertEquals(0, values[i], name + " on padding, element " + i);
        }
      }
    }
  }

  static Map<String, double[]> values(Stack stack) {
    Map<String, double[]> values = new LinkedHashMap<>();
    stack.written().keySet().forEach(name -> values.put(name, stack.read(name)));
    values.put("dWeights", stack.dWeights());
    return values;
  }

  static void assertBits(Map<String, double[]> expected, Map<String, double[]> actual) {
    expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), name));
  }

  /** Runs a stack twice on one, two and three threads. */
  final void assertSameBitsOnAnyThreads(RecurrentSpec spec, int t, int n) {
    List<Map<String, double[]>> runs = new ArrayList<>();
    for (int threads : new int[] {1, 2, 3}) {
      try (Backend one = Subjects.open(backend.name(), threads);
          Stack stack = whole(one, spec, t, n)) {
        stack.randomize(new Random(1)).lengths(ragged(new Random(2), t, n));
        run(stack, t, n);
        runs.add(values(stack));
        run(stack, t, n);
        runs.add(values(stack));
      }
    }
    for (Map<String, double[]> other : runs) {
      assertBits(runs.getFirst(), other);
    }
  }
}
