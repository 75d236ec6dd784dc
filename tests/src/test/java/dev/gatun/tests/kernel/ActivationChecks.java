package dev.gatun.tests.kernel;

import dev.gatun.kernels.Activations;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** {@link Activations} against {@link Math}, over the range and at its ends. */
final class ActivationChecks {
  private ActivationChecks() {}

  interface Range {
    void apply(long n, long x, long y);
  }

  static List<Check> all() {
    return List.of(
        new Check("tanh", ActivationChecks::tanh),
        new Check("sigmoid", ActivationChecks::sigmoid),
        new Check("exp", ActivationChecks::exp),
        new Check("extreme neighbours", ActivationChecks::neighbours),
        new Check("activation tails", ActivationChecks::tails));
  }

  static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static void tanh(Buffers b) {
    sweep(b, Activations::tanh, Math::tanh, 12, 3e-7, 3e-7);
    specials(b, Activations::tanh, new float[] {1, -1, 1, -1, 1, Float.NaN, 0, -0f, 1e-30f});
    float[] y = apply(b, Activations::tanh, grid(200_001, 7.8f, 8f));
    for (float v : y) {
      Check.that(v <= 1, "tanh above 1: its derivative would be negative");
    }
  }

  private static void sigmoid(Buffers b) {
    for (float limit : new float[] {1, 24, 90}) {
      sweep(
          b,
          Activations::sigmoid,
          ActivationChecks::sigmoid,
          limit,
          2e-7,
          Double.POSITIVE_INFINITY);
    }
    Check.that(apply(b, Activations::sigmoid, new float[] {0})[0] == 0.5f, "sigmoid(0)");
    specials(b, Activations::sigmoid, new float[] {1, 0, 1, 0, 1, Float.NaN, .5f, .5f, .5f});
  }

  private static void exp(Buffers b) {
    sweep(b, Activations::exp, Math::exp, 87.3f, Double.POSITIVE_INFINITY, 2e-7);
    float infinity = Float.POSITIVE_INFINITY;
    specials(
        b, Activations::exp, new float[] {infinity, 0, infinity, 0, infinity, Float.NaN, 1, 1, 1});
    float[] x = grid(2001, -104f, -87.3f);
    float[] y = apply(b, Activations::exp, x);
    for (int i = 0; i < x.length; i++) {
      Check.near(Math.exp(x[i]), y[i], Float.MIN_VALUE, "subnormal exp(" + x[i] + ")");
    }
    Check.near(
        Math.exp(88.7f), apply(b, Activations::exp, new float[] {88.7f})[0], 1e33, "exp(88.7)");
  }

  private static void sweep(
      Buffers b,
      Range range,
      DoubleUnaryOperator exact,
      float limit,
      double absolute,
      double relative) {
    float[] x = grid(1_000_003, -limit, limit);
    float[] y = apply(b, range, x);
    for (int i = 0; i < x.length; i++) {
      double e = exact.applyAsDouble(x[i]);
      double error = Math.abs(y[i] - e);
      if (!(error <= absolute && error <= relative * Math.abs(e))) {
        throw new AssertionError("at " + x[i] + ": expected " + e + " but was " + y[i]);
      }
    }
  }

  private static void specials(Buffers b, Range range, float[] expected) {
    float inf = Float.POSITIVE_INFINITY;
    float big = Float.MAX_VALUE;
    float[] y =
        apply(b, range, new float[] {inf, -inf, big, -big, 1e9f, Float.NaN, 0f, -0f, 1e-30f});
    for (int i = 0; i < expected.length; i++) {
      Check.near(expected[i], y[i], 1e-37, "special value " + i);
    }
  }

  /** One extreme value in a vector takes another way, which its neighbours go too. */
  private static void neighbours(Buffers b) {
    for (float extreme : new float[] {Float.NaN, 1e30f, -1e30f}) {
      for (int at = 0; at < 37; at++) {
        float[] x = grid(37, -6, 6);
        x[at] = extreme;
        float[] tanh = apply(b, Activations::tanh, x);
        float[] sigmoid = apply(b, Activations::sigmoid, x);
        for (int i = 0; i < x.length; i++) {
          Check.near(Math.tanh(x[i]), tanh[i], 3e-7, "tanh beside " + extreme);
          Check.near(sigmoid(x[i]), sigmoid[i], 2e-7, "sigmoid beside " + extreme);
        }
      }
    }
  }

  private static void tails(Buffers b) {
    for (int n = 1; n <= 70; n++) {
      long x = b.random(n, 3f);
      float[] xs = Buffers.read(x, n);
      long y = b.floats(n);
      Activations.tanh(n, x, y);
      Activations.sigmoid(n, x, x);
      for (int i = 0; i < n; i++) {
        Check.near(Math.tanh(xs[i]), Buffers.get(y, i), 3e-7, "tanh of " + n);
        Check.near(sigmoid(xs[i]), Buffers.get(x, i), 2e-7, "sigmoid in place of " + n);
      }
    }
  }

  private static float[] grid(int n, float from, float to) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) (from + (double) (to - from) * i / (n - 1));
    }
    return x;
  }

  private static float[] apply(Buffers b, Range range, float[] x) {
    long y = b.floats(x.length);
    range.apply(x.length, b.floats(x), y);
    return Buffers.read(y, x.length);
  }
}
