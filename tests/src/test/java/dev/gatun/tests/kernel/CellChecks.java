package dev.gatun.tests.kernel;

import dev.gatun.kernels.Lstm;
import java.util.Arrays;
import java.util.List;

/** Cell kernels against scalar formulas in double, for every H from 1 to 70. */
final class CellChecks {
  private static final double TOLERANCE = 2e-6;

  private CellChecks() {}

  static List<Check> all() {
    return List.of(new Check("LSTM cell", CellChecks::lstm));
  }

  private static void lstm(Buffers b) {
    for (int h = 1; h <= 70; h++) {
      long gates = b.random(4 * h, 3);
      long cPrev = b.random(h, 1);
      long c = b.floats(h);
      long tanhC = b.floats(h);
      long hOut = b.floats(h);
      float[] pre = Buffers.read(gates, 4 * h);
      Lstm.forward(h, gates, cPrev, c, tanhC, hOut);
      long dGates = b.floats(4 * h);
      long dh = b.random(h, 1);
      long dc = b.random(h, 1);
      float[] dcIn = Buffers.read(dc, h);
      Lstm.backward(h, gates, dGates, cPrev, tanhC, dh, dc);
      for (int u = 0; u < h; u++) {
        String what = "unit " + u + " of " + h;
        double i = ActivationChecks.sigmoid(pre[u]);
        double f = ActivationChecks.sigmoid(pre[u + h]);
        double g = Math.tanh(pre[u + 2 * h]);
        double o = ActivationChecks.sigmoid(pre[u + 3 * h]);
        double cp = Buffers.get(cPrev, u);
        double cell = f * cp + i * g;
        double t = Math.tanh(cell);
        Check.near(cell, Buffers.get(c, u), TOLERANCE, "c of " + what);
        Check.near(t, Buffers.get(tanhC, u), TOLERANCE, "tanh c of " + what);
        Check.near(o * t, Buffers.get(hOut, u), TOLERANCE, "h of " + what);
        double d = Buffers.get(dh, u);
        double dCell = dcIn[u] + d * o * (1 - t * t);
        double[] expected = {
          dCell * g * i * (1 - i),
          dCell * cp * f * (1 - f),
          dCell * i * (1 - g * g),
          d * t * o * (1 - o)
        };
        for (int gate = 0; gate < 4; gate++) {
          Check.near(
              expected[gate],
              Buffers.get(dGates, u + gate * h),
              TOLERANCE,
              "gate " + gate + " of " + what);
        }
        Check.near(dCell * f, Buffers.get(dc, u), TOLERANCE, "dc of " + what);
      }
      float[] first = Buffers.read(hOut, h);
      long again = b.floats(pre);
      Lstm.forward(h, again, cPrev, cPrev, 0, hOut);
      Check.that(Arrays.equals(first, Buffers.read(hOut, h)), "c in place, no tanh c");
      Check.that(Arrays.equals(Buffers.read(c, h), Buffers.read(cPrev, h)), "c in place");
    }
  }
}
