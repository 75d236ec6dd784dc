package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Options;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Stacks for inference on weights packed once, in every type. */
@ParameterizedClass
@MethodSource("names")
class PackedWeightsContractTest extends Contract {
  private static final int T = 4;
  private static final int N = 6;

  PackedWeightsContractTest(String name) {
    super(name);
  }

  static Stream<Arguments> stacks() {
    List<Arguments> stacks = new ArrayList<>();
    for (WeightType type : WeightType.values()) {
      for (Cell cell : Cell.values()) {
        RecurrentSpec spec = RecurrentSpec.of(cell, 5, 35);
        stacks.add(Arguments.of(type, spec.stacked(2, 0).bothDirections()));
        stacks.add(Arguments.of(type, spec.withoutBias()));
      }
      RecurrentSpec lstm = RecurrentSpec.of(Cell.LSTM, 5, 35);
      stacks.add(Arguments.of(type, lstm.projected(9)));
      for (CellOptions options : Options.KINDS) {
        stacks.add(Arguments.of(type, lstm.stacked(2, 0).with(options)));
      }
    }
    return stacks.stream();
  }

  private void assumeKept(WeightType type) {
    assumeTrue(Subjects.weightTypes(backend).contains(type), "a GPU keeps weights in fp32 only");
  }

  private static Stack stack(Backend on, RecurrentSpec spec) {
    return new Stack(on, spec, T, N, Mode.INFERENCE, EnumSet.of(Part.INITIAL, Part.LENGTHS));
  }

  private static double[] output(Stack stack, RecurrentWeights weights) {
    try (Recurrent plan = stack.backend.recurrent(weights, stack.io)) {
      plan.forward(T, N);
    }
    return stack.read("y");
  }

  @ParameterizedTest
  @MethodSource("stacks")
  void computesWhatTheReferenceDoes(WeightType type, RecurrentSpec spec) {
    assumeKept(type);
    try (Backend reference = Backends.open("reference");
        Stack oracle = stack(reference, spec).randomize(random).lengths(4, 2, 0, 1, 3, 4);
        Stack stack = stack(backend, spec).copyGiven(oracle)) {
      try (RecurrentWeights exact = reference.pack(spec, oracle.weights, type);
          RecurrentWeights packed = backend.pack(spec, stack.weights, type)) {
        assertEquals(type, packed.type());
        assertTrue(packed.bytes() > 0);
        output(oracle, exact);
        output(stack, packed);
        double tolerance = 4 * eps * Math.sqrt(80) * T * spec.layers();
        Numbers.assertClose("y", oracle.read("y"), stack.read("y"), tolerance);
        Numbers.assertClose("hn", oracle.read("hn"), stack.read("hn"), tolerance);
      }
    }
  }

  /** What the type says about its error: half a unit in the eighth bit, half of 1/127. */
  @ParameterizedTest
  @EnumSource
  void roundsAsMuchAsItsTypeSays(WeightType type) {
    assumeKept(type);
    RecurrentSpec spec = RecurrentSpec.of(Cell.TANH, 1, 40).withoutBias();
    try (Stack stack = stack(backend, spec).randomize(random);
        RecurrentWeights packed = backend.pack(spec, stack.weights, type)) {
      stack.plan.forward(T, N);
      double[] exact = stack.read("y");
      double[] rounded = output(stack, packed);
      double difference = 0;
      for (int i = 0; i < exact.length; i++) {
        difference = Math.max(difference, Math.abs(exact[i] - rounded[i]));
      }
      switch (type) {
        case FLOAT32 -> assertEquals(0, difference, "the same weights");
        case BFLOAT16 -> assertTrue(difference > 1e-5 && difference < 0.05, "" + difference);
        case INT8 -> assertTrue(difference > 1e-5 && difference < 0.05, "" + difference);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void staysAsItWasPackedForEveryStack(WeightType type) {
    assumeKept(type);
    RecurrentSpec spec = RecurrentSpec.of(Cell.GRU, 5, 20);
    try (Stack first = stack(backend, spec).randomize(random);
        Stack second = stack(backend, spec).copyGiven(first);
        Backend fork = backend.fork();
        RecurrentWeights packed = backend.pack(spec, first.weights, type);
        Stack elsewhere = stack(fork, spec).copyGiven(first)) {
      double[] before = output(first, packed);
      backend.fill(first.weights, 0);
      assertArrayEquals(before, output(second, packed));
      assertArrayEquals(before, output(elsewhere, packed), "on another context");
    }
  }

  @ParameterizedTest
  @EnumSource
  void manyRowsHaveTheBitsOfOne(WeightType type) {
    assumeKept(type);
    RecurrentSpec spec = RecurrentSpec.of(Cell.LSTM, 5, 35);
    try (Stack many = stack(backend, spec).randomize(random);
        RecurrentWeights packed = backend.pack(spec, many.weights, type)) {
      double[] all = output(many, packed);
      int width = spec.outputSize();
      for (int n = 0; n < N; n++) {
        try (Stack one = new Stack(backend, spec, T, 1, Mode.INFERENCE, EnumSet.of(Part.INITIAL))) {
          for (String name : List.of("x", "h0", "c0")) {
            double[] from = many.read(name);
            double[] to = one.read(name);
            int c = Math.toIntExact(one.tensor(name).dim(-1));
            for (int i = 0; i < to.length; i++) {
              to[i] = from[(i / c * N + n) * c + i % c];
            }
            one.set(name, to);
          }
          try (Recurrent plan = backend.recurrent(packed, one.io)) {
            plan.forward(T, 1);
          }
          double[] alone = one.read("y");
          for (int i = 0; i < T * width; i++) {
            assertEquals(all[(i / width * N + n) * width + i % width], alone[i]);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void wrongUseIsOneClearError(WeightType type) {
    assumeKept(type);
    RecurrentSpec spec = RecurrentSpec.of(Cell.GRU, 5, 20);
    String other = backend.name().equals("cpu") ? "reference" : "cpu";
    try (Stack stack = stack(backend, spec).randomize(random);
        Stack training = Stack.full(backend, spec, T, N);
        Workspace small = backend.workspace();
        Backend foreign = Backends.open(other);
        Stack there = stack(foreign, spec)) {
      assertRefused("weights", () -> backend.pack(spec, small.real(3), type));
      RecurrentWeights packed = backend.pack(spec, stack.weights, type);
      assertRefused("gradients", () -> backend.recurrent(packed, training.io));
      assertRefused("another backend", () -> foreign.recurrent(packed, there.io));
      RecurrentIo narrow =
          new RecurrentIo(small.real(T, N, 4), null, null, stack.io.y(), stack.io.last(), null);
      assertRefused("x is", () -> backend.recurrent(packed, narrow));
      try (Recurrent plan = backend.recurrent(packed, stack.io)) {
        assertThrows(IllegalStateException.class, plan::refresh);
        assertThrows(IllegalStateException.class, plan::backward);
      }
      packed.close();
      packed.close();
      assertThrows(IllegalStateException.class, () -> backend.recurrent(packed, stack.io));
    }
  }
}
