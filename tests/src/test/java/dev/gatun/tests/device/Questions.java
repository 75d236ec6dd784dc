package dev.gatun.tests.device;

import static dev.gatun.tests.support.DnnStack.NONE;

import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.persist.Json;
import dev.gatun.tests.support.DnnStack;
import dev.gatun.tests.support.DnnStack.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What cuDNN's documentation leaves open about its recurrent networks, asked of the device: {@code
 * NAME} prints one line of JSON. Each in a process of its own, since some may end it.
 */
public final class Questions {
  private static final int LSTM = cudnn_h.CUDNN_LSTM();
  private static final int GRU = cudnn_h.CUDNN_GRU();
  private static final float SENTINEL = 7;

  private final Map<String, Json> answers = new LinkedHashMap<>();

  private Questions() {}

  /** Runs it. */
  public static void main(String[] args) throws IOException {
    Questions questions = new Questions();
    switch (args[0]) {
      case "padding_x" -> questions.padding("x");
      case "padding_dy" -> questions.padding("dy");
      case "clipping" -> questions.clipping();
      case "libraries" -> questions.libraries();
      case "ragged" -> questions.ragged();
      case "capture" -> questions.capture();
      case "empty" -> questions.empty(5, 0, 3);
      case "all_empty" -> questions.empty(0, 0, 0);
      case "accumulate" -> questions.accumulate();
      case "weight_space" -> WeightSpaceQuestion.ask(questions.answers);
      case "algorithms" -> AlgorithmTimes.ask(questions.answers);
      case "cells" -> CellTimes.ask(questions.answers);
      default -> throw new IllegalArgumentException("no question " + args[0]);
    }
    System.out.printf("%nanswer %s%n", Json.of(questions.answers).print());
  }

  private void answer(String key, boolean value) {
    answers.put(key, Json.of(value));
  }

  private void answer(String key, String value) {
    answers.put(key, Json.of(value));
  }

  private void answer(String key, double value) {
    answers.put(key, Double.isFinite(value) ? Json.of(value) : Json.of("" + value));
  }

  /** Is padding of x, or of dy, read? What is on padding of y and dx after? */
  private void padding(String name) {
    for (int cell : new int[] {LSTM, GRU}) {
      String prefix = cell == LSTM ? "lstm_" : "gru_";
      try (DnnStack stack = RawStack.open(RawStack.shape(cell, 6, 8, 2, 2, 5, 2, 3))) {
        RawStack.onPadding(stack, "x", 0);
        RawStack.onPadding(stack, "dy", 0);
        RawStack.onPadding(stack, "y", SENTINEL);
        RawStack.onPadding(stack, "dx", SENTINEL);
        stack.step();
        answer(prefix + "y_on_padding", RawStack.kind(RawStack.part(stack, "y", true), SENTINEL));
        answer(prefix + "dx_on_padding", RawStack.kind(RawStack.part(stack, "dx", true), SENTINEL));
        final float[] y = RawStack.part(stack, "y", false);
        final float[] dx = RawStack.part(stack, "dx", false);
        final float[] dWeights = stack.blocks.get("dWeights").get();
        RawStack.onPadding(stack, name, Float.NaN);
        RawStack.zero(stack, "dWeights");
        int forward = stack.forward();
        int data = stack.backwardData();
        int weights = stack.backwardWeights();
        int end = stack.synchronize();
        answer(prefix + "statuses", forward + " " + data + " " + weights + " " + end);
        if (forward != 0 || data != 0 || weights != 0 || end != 0) {
          return; // an error of the device is the end of its process
        }
        boolean sameY = RawStack.difference(y, RawStack.part(stack, "y", false)) == 0;
        boolean sameDx = RawStack.difference(dx, RawStack.part(stack, "dx", false)) == 0;
        boolean same = RawStack.difference(dWeights, stack.blocks.get("dWeights").get()) == 0;
        answer(prefix + "y_reads_it", !sameY);
        answer(prefix + "dx_reads_it", !sameDx);
        answer(prefix + "dweights_read_it", !same);
      }
    }
  }

  /**
   * What flows back through a clipped cell: one unit, one step, all weights zero, so that i, f and
   * o are a half and c = c0 / 2.
   */
  private void clipping() {
    for (double c0 : new double[] {1, 6, -6}) {
      try (DnnStack stack = RawStack.open(RawStack.equal(LSTM, 1, 1, 1))) {
        DnnStack.check(
            cudnn_h.cudnnRNNSetClip_v9(stack.rnn, cudnn_h.CUDNN_RNN_CLIP_MINMAX(), -1, 1),
            "cudnnRNNSetClip_v9");
        RawStack.zero(stack, "weights");
        for (String name : new String[] {"x", "h0", "dhn", "dcn"}) {
          RawStack.zero(stack, name);
        }
        stack.blocks.get("c0").put(0, (float) c0);
        stack.blocks.get("dcn").put(0, 1);
        RawStack.zero(stack, "dy");
        stack.step();
        answer("c0=" + c0 + "_cn", stack.blocks.get("cn").get()[0]);
        // Half of dcn passes the forget gate where the clip is taken for the identity.
        answer("c0=" + c0 + "_dc0_of_dcn_1", stack.blocks.get("dc0").get()[0]);
        RawStack.zero(stack, "dcn");
        stack.blocks.get("dy").put(0, 1);
        stack.step();
        double clipped = Math.max(-1, Math.min(1, c0 / 2));
        double slope = 1 - Math.tanh(clipped) * Math.tanh(clipped);
        answer("c0=" + c0 + "_dc0_of_dy_1", stack.blocks.get("dc0").get()[0]);
        answer("c0=" + c0 + "_dc0_of_dy_1_through_the_clip", 0.25 * slope);
      }
    }
  }

  /** Which files are mapped after forward and backward. */
  private void libraries() throws IOException {
    try (DnnStack stack = RawStack.open(RawStack.equal(LSTM, 256, 20, 16))) {
      stack.step();
    }
    String found =
        String.join(
            " ",
            Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains(".so"))
                .map(line -> line.substring(line.lastIndexOf('/') + 1))
                .filter(name -> name.matches("lib(cu|nv).*"))
                .distinct()
                .sorted()
                .toList());
    answer("loaded", found);
  }

  /** Are batches of different lengths right with no lengths on the device? */
  private void ragged() {
    int[] lengths = {9, 4, 7, 1};
    for (int directions = 1; directions <= 2; directions++) {
      Shape shape = RawStack.shape(LSTM, 16, 16, 1, directions, lengths);
      try (DnnStack batch = RawStack.open(shape)) {
        RawStack.onPadding(batch, "x", 0);
        RawStack.onPadding(batch, "dy", 0);
        batch.step();
        double most = 0;
        for (int b = 0; b < lengths.length; b++) {
          most = Math.max(most, alone(batch, b));
        }
        answer("directions_" + directions + "_largest_difference", most);
      }
    }
  }

  /** One sequence of a batch by itself: the largest difference of its last state. */
  private static double alone(DnnStack batch, int b) {
    Shape all = batch.shape;
    int length = all.lengths()[b];
    try (DnnStack one =
        RawStack.open(
            RawStack.shape(all.cell(), all.input(), all.hidden(), 1, all.directions(), length))) {
      one.blocks.get("weights").put(0, batch.blocks.get("weights").get());
      float[] x = batch.blocks.get("x").get();
      for (int t = 0; t < length; t++) {
        int from = (t * all.batch() + b) * all.input();
        long to = (long) t * all.input() * Float.BYTES;
        one.blocks.get("x").put(to, Arrays.copyOfRange(x, from, from + all.input()));
      }
      for (String name : new String[] {"h0", "c0"}) {
        one.blocks.get(name).put(0, states(batch, name, b));
      }
      one.step();
      return Math.max(
          RawStack.difference(one.blocks.get("hn").get(), states(batch, "hn", b)),
          RawStack.difference(one.blocks.get("cn").get(), states(batch, "cn", b)));
    }
  }

  private static float[] states(DnnStack batch, String name, int b) {
    Shape shape = batch.shape;
    float[] all = batch.blocks.get(name).get();
    float[] own = new float[shape.directions() * shape.hidden()];
    for (int d = 0; d < shape.directions(); d++) {
      int from = (d * shape.batch() + b) * shape.hidden();
      System.arraycopy(all, from, own, d * shape.hidden(), shape.hidden());
    }
    return own;
  }

  /** Can a step with different lengths become a graph, and does that compute the same? */
  private void capture() {
    for (int[] lengths : new int[][] {{6, 6, 6}, {6, 2, 4}}) {
      String key = lengths[1] == 6 ? "equal" : "ragged";
      try (DnnStack stack = RawStack.open(RawStack.shape(LSTM, 32, 32, 2, 1, lengths));
          Arena arena = Arena.ofConfined()) {
        RawStack.onPadding(stack, "x", 0);
        RawStack.onPadding(stack, "dy", 0);
        stack.step();
        final float[] y = RawStack.part(stack, "y", false);
        final float[] dWeights = stack.blocks.get("dWeights").get();
        RawStack.zero(stack, "dWeights");
        RawStack.zero(stack, "y");
        MemorySegment graph = arena.allocate(ValueLayout.ADDRESS);
        MemorySegment program = arena.allocate(ValueLayout.ADDRESS);
        int mode = cudart_h.cudaStreamCaptureModeThreadLocal();
        DnnStack.check(cudart_h.cudaStreamBeginCapture(stack.stream, mode), "begin");
        int forward = stack.forward();
        int data = stack.backwardData();
        int weights = stack.backwardWeights();
        int end = cudart_h.cudaStreamEndCapture(stack.stream, graph);
        answer(key + "_statuses", forward + " " + data + " " + weights + ", capture " + end);
        if (end != 0) {
          continue;
        }
        MemorySegment captured = graph.get(ValueLayout.ADDRESS, 0);
        DnnStack.check(cudart_h.cudaGraphInstantiate(program, captured, 0), "instantiate");
        MemorySegment exec = program.get(ValueLayout.ADDRESS, 0);
        DnnStack.check(cudart_h.cudaGraphLaunch(exec, stack.stream), "launch");
        answer(key + "_end_status", Integer.toString(stack.synchronize()));
        answer(key + "_y_difference", RawStack.difference(y, RawStack.part(stack, "y", false)));
        answer(
            key + "_dweights_difference",
            RawStack.difference(dWeights, stack.blocks.get("dWeights").get()));
        cudart_h.cudaGraphExecDestroy(exec);
        cudart_h.cudaGraphDestroy(captured);
      }
    }
  }

  /** What becomes of sequences of no steps. */
  private void empty(int... lengths) {
    Shape shape = RawStack.shape(LSTM, 6, 8, 1, 1, lengths);
    try (DnnStack stack = RawStack.open(shape)) {
      RawStack.onPadding(stack, "x", 0);
      RawStack.onPadding(stack, "dy", 0);
      answer("forward", cudnn_h.cudnnGetErrorString(stack.forward()).getString(0));
      answer("forward_end", Integer.toString(stack.synchronize()));
      answer("backward_data", cudnn_h.cudnnGetErrorString(stack.backwardData()).getString(0));
      answer("backward_weights", cudnn_h.cudnnGetErrorString(stack.backwardWeights()).getString(0));
      answer("end", Integer.toString(stack.synchronize()));
      float[] h0 = states(stack, "h0", 1);
      answer("hn_is_h0", RawStack.difference(h0, states(stack, "hn", 1)) == 0);
      answer("finite", RawStack.finite(stack.blocks.get("dWeights").get()));
    }
  }

  /** Can gradients of weights be written rather than added? */
  private void accumulate() {
    try (DnnStack stack = RawStack.open(RawStack.equal(LSTM, 16, 4, 3))) {
      stack.step();
      final float[] once = stack.blocks.get("dWeights").get();
      DnnStack.check(stack.forward(), "cudnnRNNForward");
      DnnStack.check(stack.backwardData(), "cudnnRNNBackwardData_v8");
      int status = stack.backwardWeights(cudnn_h.CUDNN_WGRAD_MODE_SET());
      answer("set", cudnn_h.cudnnGetErrorString(status).getString(0));
      stack.synchronize();
      answer("set_difference", RawStack.difference(once, stack.blocks.get("dWeights").get()));
      answer("no_dx_is_taken", withoutDx(stack));
    }
  }

  private static String withoutDx(DnnStack stack) {
    stack.drop("dx");
    DnnStack.check(stack.forward(), "cudnnRNNForward");
    String said = cudnn_h.cudnnGetErrorString(stack.backwardData()).getString(0);
    stack.synchronize();
    return stack.pointer("dx").equals(NONE) ? said : "it was passed";
  }
}
