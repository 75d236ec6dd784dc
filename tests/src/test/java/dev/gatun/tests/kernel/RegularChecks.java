package dev.gatun.tests.kernel;

import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.LayerNorm;
import dev.gatun.kernels.Philox;
import dev.gatun.kernels.RegularGru;
import dev.gatun.kernels.RegularLstm;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Regularised cells and layer normalisation: forward against the equations in double, backward
 * against central differences of those equations, for every H from 1 to 70.
 */
final class RegularChecks {
  private static final double TOLERANCE = 3e-6;
  private static final float EPSILON = 1e-5f;

  private RegularChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("layer normalisation", RegularChecks::layerNorm),
        new Check("regularised LSTM cell", RegularChecks::lstm),
        new Check("regularised GRU cell", RegularChecks::gru),
        new Check("mix and its derivative", RegularChecks::mix),
        new Check("mask of factors", RegularChecks::mask));
  }

  private static double slope(ToDoubleFunction<double[]> f, double[] in, int index) {
    double step = 1e-5;
    double[] up = in.clone();
    double[] down = in.clone();
    up[index] += step;
    down[index] -= step;
    return (f.applyAsDouble(up) - f.applyAsDouble(down)) / (2 * step);
  }

  private static double[] doubles(long address, int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = Buffers.get(address, i);
    }
    return values;
  }

  private static double[] normalized(double[] x, double[] gain, double[] shift) {
    double mean = 0;
    for (double v : x) {
      mean += v / x.length;
    }
    double variance = 0;
    for (double v : x) {
      variance += (v - mean) * (v - mean) / x.length;
    }
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = gain[i] * (x[i] - mean) / Math.sqrt(variance + EPSILON) + shift[i];
    }
    return y;
  }

  private static void layerNorm(Buffers b) {
    for (int n = 2; n <= 300; n += n < 70 ? 1 : 37) {
      long x = b.random(n, 2);
      long gain = b.random(n, 1);
      long shift = b.random(n, 1);
      long dy = b.random(n, 1);
      long hat = b.floats(n);
      long y = b.floats(n);
      long dx = b.floats(n);
      long dGain = b.floats(new float[n]);
      long dShift = b.random(n, 1);
      double[] values = doubles(x, n);
      double[] gains = doubles(gain, n);
      double[] shifts = doubles(shift, n);
      double[] above = doubles(dy, n);
      final double[] shiftBefore = doubles(dShift, n);
      float inverse = LayerNorm.normalize(n, x, EPSILON, hat);
      LayerNorm.scaleShift(n, hat, gain, shift, y);
      LayerNorm.backward(n, dy, hat, gain, inverse, dGain, dShift, dx);
      double[] expected = normalized(values, gains, shifts);
      Check.near(expected, Buffers.read(y, n), 10 * TOLERANCE, "y of " + n);
      for (int i = 0; i < n; i++) {
        double slope =
            slope(
                v -> {
                  double sum = 0;
                  double[] out = normalized(v, gains, shifts);
                  for (int k = 0; k < out.length; k++) {
                    sum += above[k] * out[k];
                  }
                  return sum;
                },
                values,
                i);
        double scale = Math.max(1, inverse);
        Check.near(slope, Buffers.get(dx, i), 20 * TOLERANCE * scale, "dx " + i + " of " + n);
        double dg = above[i] * (expected[i] - shifts[i]) / gains[i];
        Check.near(dg, Buffers.get(dGain, i), 1e-4 * Math.max(1, Math.abs(dg)), "dGain of " + n);
        Check.near(shiftBefore[i] + above[i], Buffers.get(dShift, i), TOLERANCE, "dShift of " + n);
      }
      LayerNorm.backward(n, dy, hat, gain, inverse, dGain, 0, hat);
      Check.near(doubles(dx, n), Buffers.read(hat, n), 0, "in place, no shift");
    }
  }

  /** in: i f g o, c before, mask, fresh; gives h and c. */
  private static double[] cell(double[] in) {
    double cNew =
        ActivationChecks.sigmoid(in[1]) * in[4]
            + ActivationChecks.sigmoid(in[0]) * Math.tanh(in[2]) * in[5];
    double h = ActivationChecks.sigmoid(in[3]) * Math.tanh(cNew);
    return new double[] {h, in[6] * cNew + (1 - in[6]) * in[4], cNew};
  }

  private static void lstm(Buffers b) {
    for (int h = 1; h <= 70; h++) {
      long gates = b.random(4 * h, 3);
      long mask = b.random(h, 2);
      long fresh = b.random(h, 1);
      long cPrev = b.random(h, 1);
      long cNew = b.floats(h);
      long c = b.floats(h);
      long tanh = b.floats(h);
      long hOut = b.floats(h);
      double[] pre = doubles(gates, 4 * h);
      RegularLstm.state(h, gates, mask, fresh, cPrev, cNew, c);
      RegularLstm.output(h, gates, cNew, tanh, hOut);
      long dh = b.random(h, 1);
      long dc = b.random(h, 1);
      final double[] dcIn = doubles(dc, h);
      long dNew = b.floats(h);
      long dGates = b.floats(4 * h);
      RegularLstm.outputBackward(h, gates, tanh, dh, dGates, dNew);
      RegularLstm.stateBackward(h, gates, mask, fresh, cPrev, dNew, dGates, dc);
      for (int u = 0; u < h; u++) {
        String what = "unit " + u + " of " + h;
        double[] in = {
          pre[u],
          pre[u + h],
          pre[u + 2 * h],
          pre[u + 3 * h],
          Buffers.get(cPrev, u),
          Buffers.get(mask, u),
          Buffers.get(fresh, u)
        };
        double[] out = cell(in);
        Check.near(out[0], Buffers.get(hOut, u), TOLERANCE, "h of " + what);
        Check.near(out[1], Buffers.get(c, u), TOLERANCE, "c of " + what);
        Check.near(out[2], Buffers.get(cNew, u), TOLERANCE, "cNew of " + what);
        double d = Buffers.get(dh, u);
        double later = dcIn[u];
        ToDoubleFunction<double[]> loss = v -> d * cell(v)[0] + later * cell(v)[1];
        for (int gate = 0; gate < 4; gate++) {
          double got = Buffers.get(dGates, u + gate * h);
          Check.near(slope(loss, in, gate), got, TOLERANCE, "gate " + gate + " of " + what);
        }
        Check.near(slope(loss, in, 4), Buffers.get(dc, u), TOLERANCE, "dc of " + what);
      }
    }
  }

  /** in: gx r z n, gh r z n, h, mask. */
  private static double step(double[] in) {
    double r = ActivationChecks.sigmoid(in[0] + in[3]);
    double z = ActivationChecks.sigmoid(in[1] + in[4]);
    double n = Math.tanh(in[2] + r * in[5]);
    return (1 - z) * n * in[7] + z * in[6];
  }

  private static void gru(Buffers b) {
    for (int h = 1; h <= 70; h++) {
      long gx = b.random(3 * h, 2);
      long gh = b.random(3 * h, 2);
      long mask = b.random(h, 2);
      long hPrev = b.random(h, 1);
      long dh = b.random(h, 1);
      long hOut = b.floats(h);
      long dGx = b.floats(3 * h);
      long dGh = b.floats(3 * h);
      long dhPrev = b.floats(h);
      double[] x = doubles(gx, 3 * h);
      RegularGru.forward(h, gx, gh, mask, hPrev, hOut);
      RegularGru.backward(h, gx, gh, mask, hPrev, dh, dGx, dGh, dhPrev);
      for (int u = 0; u < h; u++) {
        String what = "unit " + u + " of " + h;
        double[] in = {
          x[u],
          x[u + h],
          x[u + 2 * h],
          Buffers.get(gh, u),
          Buffers.get(gh, u + h),
          Buffers.get(gh, u + 2 * h),
          Buffers.get(hPrev, u),
          Buffers.get(mask, u)
        };
        Check.near(step(in), Buffers.get(hOut, u), TOLERANCE, "h of " + what);
        double d = Buffers.get(dh, u);
        for (int gate = 0; gate < 3; gate++) {
          int at = u + gate * h;
          String which = "gate " + gate + " of " + what;
          double dx = d * slope(RegularChecks::step, in, gate);
          Check.near(dx, Buffers.get(dGx, at), TOLERANCE, "dGx " + which);
          double dRecurrent = d * slope(RegularChecks::step, in, 3 + gate);
          Check.near(dRecurrent, Buffers.get(dGh, at), TOLERANCE, "dGh " + which);
        }
        double dPrevious = d * slope(RegularChecks::step, in, 6);
        Check.near(dPrevious, Buffers.get(dhPrev, u), TOLERANCE, "dh of " + what);
      }
    }
  }

  private static void mix(Buffers b) {
    for (int n = 1; n <= 70; n++) {
      long w = b.random(n, 1);
      long x = b.random(n, 3);
      long other = b.random(n, 3);
      long y = b.floats(n);
      Buffers.set(w, 0, 0);
      Buffers.set(w, n - 1, 1);
      Elementwise.mix(n, w, x, other, y);
      for (int i = 0; i < n; i++) {
        double f = Buffers.get(w, i);
        double expected = f * Buffers.get(x, i) + (1 - f) * Buffers.get(other, i);
        double exact = f == 0 || f == 1 ? 0 : TOLERANCE;
        Check.near(expected, Buffers.get(y, i), exact, "mix " + i + " of " + n);
      }
      final double[] d = doubles(x, n);
      Elementwise.split(n, w, x, other);
      for (int i = 0; i < n; i++) {
        double f = Buffers.get(w, i);
        Check.near(f * d[i], Buffers.get(x, i), TOLERANCE, "split " + i + " of " + n);
        Check.near((1 - f) * d[i], Buffers.get(other, i), TOLERANCE, "split off " + n);
      }
    }
  }

  private static void mask(Buffers b) {
    for (int n = 1; n <= 150; n++) {
      long ones = b.floats(n);
      long dropped = b.floats(n);
      long factors = b.floats(n);
      Elementwise.fill(n, ones, 1f);
      Philox.dropout(n, 3L * n, ones, dropped, 0.75, 99, 1L << 40);
      Philox.mask(n, 3L * n, factors, (float) (1 / 0.75), 0.75, 99, 1L << 40);
      Check.near(doubles(dropped, n), Buffers.read(factors, n), 0, "mask of " + n);
      Philox.mask(n, 0, factors, 0.5f, 1, 99, 1L << 40);
      for (int i = 0; i < n; i++) {
        Check.near(0.5, Buffers.get(factors, i), 0, "mask that drops nothing, of " + n);
      }
    }
  }
}
