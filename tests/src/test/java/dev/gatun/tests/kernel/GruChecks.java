package dev.gatun.tests.kernel;

import dev.gatun.kernels.Activations;
import dev.gatun.kernels.Gru;
import dev.gatun.kernels.GruResetBefore;
import dev.gatun.kernels.SimpleRnn;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * GRU and simple cells: forward against the equations in double, backward against central
 * differences of those equations, for every H from 1 to 70.
 */
final class GruChecks {
  private static final double TOLERANCE = 2e-6;

  private GruChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("GRU cell, reset after", GruChecks::resetAfter),
        new Check("GRU cell, reset before", GruChecks::resetBefore),
        new Check("simple cells", GruChecks::simple));
  }

  /** in: gx r z n, gh r z n, h. */
  private static double after(double[] in) {
    double r = ActivationChecks.sigmoid(in[0] + in[3]);
    double z = ActivationChecks.sigmoid(in[1] + in[4]);
    double n = Math.tanh(in[2] + r * in[5]);
    return (1 - z) * n + z * in[6];
  }

  private static double slope(ToDoubleFunction<double[]> f, double[] in, int index) {
    double step = 1e-5;
    double[] up = in.clone();
    double[] down = in.clone();
    up[index] += step;
    down[index] -= step;
    return (f.applyAsDouble(up) - f.applyAsDouble(down)) / (2 * step);
  }

  private static void resetAfter(Buffers b) {
    for (int h = 1; h <= 70; h++) {
      long gx = b.random(3 * h, 2);
      long gh = b.random(3 * h, 2);
      long hPrev = b.random(h, 1);
      long dh = b.random(h, 1);
      long hOut = b.floats(h);
      long dGx = b.floats(3 * h);
      long dGh = b.floats(3 * h);
      long dhPrev = b.floats(h);
      float[] x = Buffers.read(gx, 3 * h);
      Gru.forward(h, gx, gh, hPrev, hOut);
      Gru.backward(h, gx, gh, hPrev, dh, dGx, dGh, dhPrev);
      for (int u = 0; u < h; u++) {
        String what = "unit " + u + " of " + h;
        double[] in = {
          x[u],
          x[u + h],
          x[u + 2 * h],
          Buffers.get(gh, u),
          Buffers.get(gh, u + h),
          Buffers.get(gh, u + 2 * h),
          Buffers.get(hPrev, u)
        };
        Check.near(after(in), Buffers.get(hOut, u), TOLERANCE, "h of " + what);
        double d = Buffers.get(dh, u);
        for (int gate = 0; gate < 3; gate++) {
          int at = u + gate * h;
          String which = "gate " + gate + " of " + what;
          double dx = d * slope(GruChecks::after, in, gate);
          Check.near(dx, Buffers.get(dGx, at), TOLERANCE, "dGx " + which);
          double dRecurrent = d * slope(GruChecks::after, in, 3 + gate);
          Check.near(dRecurrent, Buffers.get(dGh, at), TOLERANCE, "dGh " + which);
        }
        Check.near(
            d * slope(GruChecks::after, in, 6), Buffers.get(dhPrev, u), TOLERANCE, "dh " + what);
      }
    }
  }

  /** in: gx r z n, gh r z, h, and the one weight of a recurrent product that is diagonal. */
  private static double before(double[] in) {
    double r = ActivationChecks.sigmoid(in[0] + in[3]);
    double z = ActivationChecks.sigmoid(in[1] + in[4]);
    double n = Math.tanh(in[2] + in[6] * r * in[5]);
    return (1 - z) * n + z * in[5];
  }

  private static void resetBefore(Buffers b) {
    for (int h = 1; h <= 70; h++) {
      long gx = b.random(3 * h, 2);
      long gh = b.random(3 * h, 2);
      long weight = b.random(h, 1);
      long hPrev = b.random(h, 1);
      long dh = b.random(h, 1);
      long rh = b.floats(h);
      long hOut = b.floats(h);
      float[] x = Buffers.read(gx, 3 * h);
      GruResetBefore.forwardGates(h, gx, gh, hPrev, rh);
      for (int u = 0; u < h; u++) {
        Buffers.set(gh, u + 2 * h, Buffers.get(weight, u) * Buffers.get(rh, u));
      }
      GruResetBefore.forwardState(h, gx, gh, hPrev, hOut);
      long dG = b.floats(3 * h);
      long dhPrev = b.floats(h);
      long dRh = b.floats(h);
      GruResetBefore.backwardState(h, gx, hPrev, dh, dG, dhPrev);
      for (int u = 0; u < h; u++) {
        Buffers.set(dRh, u, Buffers.get(dG, u + 2 * h) * Buffers.get(weight, u));
      }
      GruResetBefore.backwardReset(h, gx, hPrev, dRh, dG, dhPrev);
      for (int u = 0; u < h; u++) {
        String what = "unit " + u + " of " + h;
        double[] in = {
          x[u],
          x[u + h],
          x[u + 2 * h],
          Buffers.get(gh, u),
          Buffers.get(gh, u + h),
          Buffers.get(hPrev, u),
          Buffers.get(weight, u)
        };
        Check.near(before(in), Buffers.get(hOut, u), TOLERANCE, "h of " + what);
        double d = Buffers.get(dh, u);
        for (int gate = 0; gate < 3; gate++) {
          double expected = d * slope(GruChecks::before, in, gate);
          float got = Buffers.get(dG, u + gate * h);
          Check.near(expected, got, TOLERANCE, "dG " + gate + " of " + what);
        }
        double expected = d * slope(GruChecks::before, in, 5);
        Check.near(expected, Buffers.get(dhPrev, u), TOLERANCE, "dh of " + what);
      }
    }
  }

  private static void simple(Buffers b) {
    for (int n = 1; n <= 70; n++) {
      long x = b.random(n, 2);
      long dy = b.random(n, 1);
      long y = b.floats(n);
      long dx = b.floats(n);
      Activations.tanh(n, x, y);
      SimpleRnn.tanhBackward(n, y, dy, dx);
      for (int i = 0; i < n; i++) {
        double t = Math.tanh(Buffers.get(x, i));
        Check.near(
            Buffers.get(dy, i) * (1 - t * t), Buffers.get(dx, i), TOLERANCE, "tanh' of " + n);
      }
      SimpleRnn.relu(n, x, y);
      SimpleRnn.reluBackward(n, y, dy, dx);
      for (int i = 0; i < n; i++) {
        float v = Buffers.get(x, i);
        Check.near(Math.max(v, 0), Buffers.get(y, i), 0, "relu of " + n);
        Check.near(v > 0 ? Buffers.get(dy, i) : 0, Buffers.get(dx, i), 0, "relu' of " + n);
      }
    }
    long special = b.floats(new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1, 0});
    SimpleRnn.relu(4, special, special);
    Check.near(Float.NaN, Buffers.get(special, 0), 0, "relu of NaN");
    Check.near(Float.POSITIVE_INFINITY, Buffers.get(special, 1), 0, "relu of infinity");
  }
}
