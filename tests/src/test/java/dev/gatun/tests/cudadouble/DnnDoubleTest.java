package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.tests.golden.Golden;
import dev.gatun.tests.support.DeviceBlock;
import dev.gatun.tests.support.DnnStack;
import dev.gatun.tests.support.Numbers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The numbers that the double's cuDNN computes, and what it leaves where. */
@Tag("cuda")
class DnnDoubleTest {
  /** Goldens of what cuDNN's calls compute as they are made here. */
  private static final Pattern CELLS =
      Pattern.compile("rnn/(lstm|gru|tanh|relu)-(?!reset-before)(?!.*(norm|peephole|clip)).*");

  /** What the double adds where the weight space has no weight. */
  private static final float GAP = 0x1p30f;

  /** Everything is computed in double and rounded once, by at most 2^-24 of an element. */
  private static final double TOLERANCE = 2e-7;

  private static final int PADDED = cudnn_h.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED();

  @BeforeAll
  static void load() {
    assertNull(Cuda.probe().reason());
  }

  static Stream<Arguments> goldens() throws IOException {
    return Golden.namesOf("rnn").stream()
        .filter(name -> CELLS.matcher(name).matches())
        .filter(name -> !name.endsWith("empty")) // cuDNN runs no sequences without steps
        .flatMap(name -> IntStream.range(0, 3).mapToObj(layout -> Arguments.of(name, layout)));
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void computesWhatPyTorchDoes(String name, int layout) throws IOException {
    try (DnnGolden golden = new DnnGolden(name, layout);
        DnnStack stack = new DnnStack(golden.shape).open()) {
      golden.forEachPart(
          stack,
          (key, offset, from, count) -> {
            double[] values = Arrays.copyOfRange(golden.golden.doubles(key), from, from + count);
            stack.blocks.get("weights").put(offset, DeviceBlock.floats(values));
          });
      for (String key : List.of("x", "dy")) {
        stack.blocks.get(key).put(0, DeviceBlock.floats(golden.rows(key)));
      }
      boolean cell = golden.shape.cell() == cudnn_h.CUDNN_LSTM();
      for (String key : cell ? List.of("h0", "c0", "dhn", "dcn") : List.of("h0", "dhn")) {
        stack.blocks.get(key).put(0, DeviceBlock.floats(golden.states(key)));
      }
      stack.step();
      for (String key : List.of("y", "dx")) {
        double[] actual = onlyValid(stack, stack.blocks.get(key).doubles());
        Numbers.assertClose(key, golden.rows(key), actual, TOLERANCE);
      }
      for (String key : cell ? List.of("hn", "cn", "dh0", "dc0") : List.of("hn", "dh0")) {
        double[] actual = stack.blocks.get(key).doubles();
        Numbers.assertClose(key, golden.states(key), actual, TOLERANCE);
      }
      golden.forEachPart(
          stack,
          (key, offset, from, count) -> {
            double[] all = golden.golden.doubles("grad." + key);
            double[] actual = wide(stack.blocks.get("dWeights").get(offset, count));
            double[] expected = Arrays.copyOfRange(all, from, from + count);
            Numbers.assertClose(key, expected, actual, TOLERANCE);
          });
    }
  }

  /** With 0 in place of what lies on padding. */
  private static double[] onlyValid(DnnStack stack, double[] values) {
    DnnStack.Shape s = stack.shape;
    int width = values.length / s.rows();
    double[] valid = new double[values.length];
    for (int b = 0; b < s.batch(); b++) {
      for (int t = 0; t < s.lengths()[b]; t++) {
        System.arraycopy(values, s.row(t, b) * width, valid, s.row(t, b) * width, width);
      }
    }
    return valid;
  }

  private static double[] wide(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
  }

  private static DnnStack randomStack(int cell, int output, int... lengths) {
    return new DnnStack(new DnnStack.Shape(cell, 3, 4, output, 2, 2, PADDED, 5, lengths));
  }

  private static void randomize(DnnStack stack, RandomGenerator random) {
    for (String key : List.of("weights", "x", "dy", "h0", "c0", "dhn", "dcn")) {
      DeviceBlock block = stack.blocks.get(key);
      double bound = key.equals("weights") ? 0.6 : 1;
      double[] values = new double[block.get().length];
      Arrays.setAll(values, i -> bound * (2 * random.nextDouble() - 1));
      block.put(0, DeviceBlock.floats(key.equals("dy") ? onlyValid(stack, values) : values));
    }
  }

  /** Clipping and projection together, over two layers with dropout and both directions. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void gradientsAreDifferenceQuotients(int biases) {
    RandomGenerator random = new SplittableRandom(11 + biases);
    try (DnnStack stack = randomStack(cudnn_h.CUDNN_LSTM(), 2, 5, 2, 4);
        DeviceBlock states = withDropout(stack, 0.4f)) {
      stack.biases = biases;
      stack.open();
      int mode = cudnn_h.CUDNN_RNN_CLIP_MINMAX();
      DnnStack.check(cudnn_h.cudnnRNNSetClip_v9(stack.rnn, mode, -0.3, 0.25), "clip");
      randomize(stack, random);
      stack.step();
      for (String key : List.of("x", "h0", "c0", "weights")) {
        String gradient = key.equals("weights") ? "dWeights" : "d" + key;
        float[] expected = stack.blocks.get(gradient).get();
        float[] values = stack.blocks.get(key).get();
        for (int k = 0; k < 40; k++) {
          int i = random.nextInt(values.length);
          boolean padding = Float.isNaN(expected[i]); // of dx
          if (!padding && expected[i] != GAP) {
            double quotient = quotient(stack, states, key, i, values[i]);
            assertEquals(quotient, expected[i], 5e-4, key + " " + i);
          }
        }
      }
    }
  }

  /** Steps of 2^-10: what the rounding of y to float adds stays below 10^-4. */
  private static double quotient(
      DnnStack stack, DeviceBlock states, String key, int i, float value) {
    double[] losses = new double[2];
    DeviceBlock block = stack.blocks.get(key);
    for (int side = 0; side < 2; side++) {
      block.put((long) Float.BYTES * i, value + (side == 0 ? -0x1p-10f : 0x1p-10f));
      seed(stack, states, 0.4f);
      DnnStack.check(stack.forward(), "cudnnRNNForward");
      DnnStack.check(stack.synchronize(), "cudaStreamSynchronize");
      losses[side] = dot(stack, "y", "dy") + dot(stack, "hn", "dhn") + dot(stack, "cn", "dcn");
    }
    block.put((long) Float.BYTES * i, value);
    float up = value + 0x1p-10f;
    float down = value - 0x1p-10f;
    return (losses[1] - losses[0]) / ((double) up - down);
  }

  private static double dot(DnnStack stack, String a, String b) {
    double[] left = stack.blocks.get(a).doubles();
    double[] right = stack.blocks.get(b).doubles();
    return IntStream.range(0, left.length).mapToDouble(i -> left[i] * right[i]).sum();
  }

  private static DeviceBlock withDropout(DnnStack stack, float rate) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
      DnnStack.check(cudnn_h.cudnnDropoutGetStatesSize(stack.handle, size), "states");
      stack.dropout =
          stack.create(
              cudnn_h::cudnnCreateDropoutDescriptor, cudnn_h::cudnnDestroyDropoutDescriptor);
      DeviceBlock states = new DeviceBlock(size.get(ValueLayout.JAVA_LONG, 0));
      seed(stack, states, rate);
      return states;
    }
  }

  private static void seed(DnnStack stack, DeviceBlock states, float rate) {
    int status =
        cudnn_h.cudnnSetDropoutDescriptor(
            stack.dropout, stack.handle, rate, states.pointer(), states.bytes, 5);
    DnnStack.check(status, "cudnnSetDropoutDescriptor");
  }

  @Test
  void dropoutIsNewEachTrainingStepAndNoneInInference() {
    try (DnnStack stack = randomStack(cudnn_h.CUDNN_GRU(), 4, 5, 5);
        DeviceBlock states = withDropout(stack, 0.5f)) {
      stack.open();
      randomize(stack, new SplittableRandom(3));
      float[] first = y(stack, cudnn_h.CUDNN_FWD_MODE_TRAINING());
      float[] second = y(stack, cudnn_h.CUDNN_FWD_MODE_TRAINING());
      seed(stack, states, 0.5f);
      assertArrayEquals(first, y(stack, cudnn_h.CUDNN_FWD_MODE_TRAINING()));
      assertTrue(!Arrays.equals(first, second), "two steps had one mask");
      float[] evaluated = y(stack, cudnn_h.CUDNN_FWD_MODE_INFERENCE());
      assertArrayEquals(evaluated, y(stack, cudnn_h.CUDNN_FWD_MODE_INFERENCE()));
      seed(stack, states, 0);
      assertArrayEquals(evaluated, y(stack, cudnn_h.CUDNN_FWD_MODE_TRAINING()));
    }
  }

  private static float[] y(DnnStack stack, int mode) {
    DnnStack.check(stack.forward(mode), "cudnnRNNForward");
    DnnStack.check(stack.synchronize(), "cudaStreamSynchronize");
    return stack.blocks.get("y").get();
  }

  @Test
  void absentStatesAreZeroAndAreNotWritten() {
    try (DnnStack with = randomStack(cudnn_h.CUDNN_LSTM(), 4, 5, 3).open();
        DnnStack without = randomStack(cudnn_h.CUDNN_LSTM(), 4, 5, 3).open()) {
      randomize(with, new SplittableRandom(8));
      for (String key : List.of("h0", "c0", "dhn", "dcn")) {
        with.blocks.get(key).put(0, new float[with.blocks.get(key).get().length]);
        without.drop(key);
      }
      for (String key : List.of("hn", "cn", "dh0", "dc0")) {
        without.drop(key);
      }
      for (String key : List.of("weights", "x", "dy")) {
        without.blocks.get(key).put(0, with.blocks.get(key).get());
      }
      with.step();
      without.step();
      for (String key : List.of("y", "dx", "dWeights")) {
        assertArrayEquals(with.blocks.get(key).get(), without.blocks.get(key).get(), key);
      }
    }
  }

  @Test
  void weightsAreAlignedPartsWithGaps() {
    try (DnnStack stack = randomStack(cudnn_h.CUDNN_LSTM(), 2, 5).open()) {
      TreeMap<Long, Long> parts = new TreeMap<>();
      for (int p = 0; p < 4; p++) {
        for (int k = 0; k < 9; k++) {
          long columns = k == 8 ? 4 : k >= 4 ? 2 : p < 2 ? 3 : 4;
          long rows = k == 8 ? 2 : 4;
          parts.put(stack.offset(p, k, false), rows * columns * Float.BYTES);
          if (k < 8) {
            parts.put(stack.offset(p, k, true), 4L * Float.BYTES);
          }
        }
        assertEquals(-1, stack.offset(p, 8, true), "the projection has no bias");
      }
      assertEquals(4 * 17, parts.size());
      long end = 0;
      long gaps = 0;
      for (var part : parts.entrySet()) {
        assertTrue(part.getKey() >= end, "parts overlap");
        if (part.getKey() > end) {
          assertEquals(0, part.getKey() % 128);
          gaps++;
        }
        end = part.getKey() + part.getValue();
      }
      // Between the matrices, biases and projections, of which four are whole gates' worth.
      assertTrue(end < stack.weightBytes && gaps > 10 && gaps < 20, gaps + " gaps");
    }
  }

  @Test
  void gradientsAreAddedAndScratchIsSpoilt() {
    try (DnnStack stack = randomStack(cudnn_h.CUDNN_GRU(), 4, 5, 2).open()) {
      randomize(stack, new SplittableRandom(4));
      stack.step();
      float[] once = stack.blocks.get("dWeights").get();
      stack.step();
      float[] twice = stack.blocks.get("dWeights").get();
      for (int i = 0; i < once.length; i++) {
        assertEquals(2 * once[i], twice[i], 1e-6 * Math.abs(once[i]) + 1e-9);
      }
      for (float scratch : stack.blocks.get("workspace").get()) {
        assertTrue(Float.isNaN(scratch));
      }
      float[] dx = stack.blocks.get("dx").get();
      float[] y = stack.blocks.get("y").get();
      int padding = stack.shape.row(2, 1);
      assertTrue(Float.isNaN(dx[padding * 3]), "dx on padding may be anything");
      assertEquals(0, y[padding * 8], "the fill value");
    }
  }

  @Test
  void runsTheLongestSequence() {
    DnnStack.Shape shape =
        new DnnStack.Shape(cudnn_h.CUDNN_RNN_TANH(), 1, 2, 2, 1, 1, PADDED, 65_535, 65_535);
    try (DnnStack stack = new DnnStack(shape).open()) {
      randomize(stack, new SplittableRandom(2));
      stack.step();
      float[] y = stack.blocks.get("y").get();
      assertEquals(y[y.length - 1], stack.blocks.get("hn").get()[1]);
      assertTrue(Float.isFinite(stack.blocks.get("dh0").get()[0]));
    }
  }
}
