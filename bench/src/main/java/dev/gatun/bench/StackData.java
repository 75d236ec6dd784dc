package dev.gatun.bench;

import dev.gatun.backend.RecurrentSpec;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A stack's random weights, input and output gradient: the same numbers on every engine.
 *
 * @param spec the stack
 * @param time T
 * @param batch N
 * @param weights the flat block of {@link RecurrentSpec#weights}
 * @param x [T, N, C]
 * @param dy [T, N, D*out]
 */
@SuppressWarnings("ArrayRecordComponent") // made once, only read
public record StackData(
    RecurrentSpec spec, int time, int batch, float[] weights, float[] x, float[] dy) {

  /** Weights within 1/sqrt(H), as frameworks begin with; the rest within 1. */
  public static StackData of(RecurrentSpec spec, int time, int batch) {
    SplittableRandom random = new SplittableRandom(1);
    double bound = 1 / Math.sqrt(spec.hiddenSize());
    float[] weights = uniform(Math.toIntExact(spec.weightCount()), bound, random);
    float[] x = uniform(time * batch * spec.inputSize(), 1, random);
    float[] dy = uniform(time * batch * spec.outputSize(), 1, random);
    return new StackData(spec, time, batch, weights, x, dy);
  }

  /**
   * A copy of one weight of a layer's forward direction.
   *
   * @throws IllegalArgumentException if the stack has no such weight
   */
  public float[] weight(RecurrentSpec.Weight kind, int layer) {
    RecurrentSpec.WeightView view = spec.weight(kind, layer, 0);
    if (view == null) {
      throw new IllegalArgumentException("no " + kind + " in layer " + layer + " of " + spec);
    }
    int from = Math.toIntExact(view.offset());
    return Arrays.copyOfRange(weights, from, Math.toIntExact(from + view.size()));
  }

  private static float[] uniform(int size, double bound, SplittableRandom random) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextDouble(-bound, bound);
    }
    return values;
  }
}
