package dev.gatun.tests.device;

import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.tests.support.DeviceBlock;
import dev.gatun.tests.support.DnnStack;
import dev.gatun.tests.support.DnnStack.Shape;
import java.util.Arrays;
import java.util.Random;

/** Raw stacks of cuDNN with random numbers, to ask it what its documentation leaves open. */
final class RawStack {
  private RawStack() {}

  /** Sequences in unpacked layout, time by time, of a stack without projection. */
  static Shape shape(int cell, int input, int hidden, int layers, int directions, int... lengths) {
    int time = Math.max(1, Arrays.stream(lengths).max().orElse(1));
    return new Shape(
        cell,
        input,
        hidden,
        hidden,
        layers,
        directions,
        cudnn_h.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED(),
        time,
        lengths);
  }

  /** Sequences of one length. */
  static Shape equal(int cell, int hidden, int time, int batch) {
    int[] lengths = new int[batch];
    Arrays.fill(lengths, time);
    return shape(cell, hidden, hidden, 1, 1, lengths);
  }

  /** Opens it by an algorithm; the same numbers for the same shape. */
  static DnnStack open(Shape shape, int algorithm) {
    Cuda.probe(); // loads the libraries
    DnnStack stack = new DnnStack(shape);
    stack.algorithm = algorithm;
    stack.open();
    Random random = new Random(1);
    fill(stack, random, "weights", 1 / Math.sqrt(shape.hidden()));
    for (String name : new String[] {"x", "dy", "h0", "c0", "dhn", "dcn"}) {
      fill(stack, random, name, 0.8);
    }
    return stack;
  }

  static DnnStack open(Shape shape) {
    return open(shape, cudnn_h.CUDNN_RNN_ALGO_STANDARD());
  }

  private static void fill(DnnStack stack, Random random, String name, double bound) {
    DeviceBlock block = stack.blocks.get(name);
    float[] values = new float[Math.toIntExact(block.bytes / Float.BYTES)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (bound * (2 * random.nextDouble() - 1));
    }
    block.put(0, values);
  }

  /** Sets what lies on padding of x, y or their gradients. */
  static void onPadding(DnnStack stack, String name, float value) {
    float[] values = stack.blocks.get(name).get();
    int width = values.length / stack.shape.rows();
    for (int i = 0; i < values.length; i++) {
      if (isPadding(stack.shape, i / width)) {
        values[i] = value;
      }
    }
    stack.blocks.get(name).put(0, values);
  }

  /** The values on padding, or those elsewhere. */
  static float[] part(DnnStack stack, String name, boolean padding) {
    float[] values = stack.blocks.get(name).get();
    int width = values.length / stack.shape.rows();
    float[] kept = new float[values.length];
    int count = 0;
    for (int i = 0; i < values.length; i++) {
      if (isPadding(stack.shape, i / width) == padding) {
        kept[count++] = values[i];
      }
    }
    return Arrays.copyOf(kept, count);
  }

  private static boolean isPadding(Shape shape, int row) {
    return row / shape.batch() >= shape.lengths()[row % shape.batch()];
  }

  static void zero(DnnStack stack, String name) {
    DeviceBlock block = stack.blocks.get(name);
    block.put(0, new float[Math.toIntExact(block.bytes / Float.BYTES)]);
  }

  /** What fills an array, in words. */
  static String kind(float[] values, float sentinel) {
    boolean zeros = true;
    boolean kept = true;
    for (float value : values) {
      zeros &= value == 0;
      kept &= value == sentinel;
    }
    return zeros ? "zeros" : kept ? "as it was" : "something else";
  }

  static boolean finite(float[] values) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        return false;
      }
    }
    return true;
  }

  /** The largest difference; NaN counts as infinite. */
  static double difference(float[] a, float[] b) {
    double most = a.length == b.length ? 0 : Double.POSITIVE_INFINITY;
    for (int i = 0; i < Math.min(a.length, b.length); i++) {
      double each = Math.abs((double) a[i] - b[i]);
      most = each <= most ? most : Double.isNaN(each) ? Double.POSITIVE_INFINITY : each;
    }
    return most;
  }
}
