package dev.gatun.tests.kernel;

import dev.gatun.kernels.Optimizers;
import dev.gatun.kernels.Species;
import dev.gatun.kernels.Weights;
import java.util.List;

/**
 * The passes of {@link Optimizers} at this vector width, against their formulas in double; the
 * contract holds the rules that are made of them against their equations.
 */
final class OptimizerChecks {
  private static final double TOLERANCE = 1e-6;
  private static final int N = 3 * Species.lanes();

  private OptimizerChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("SGD", OptimizerChecks::descend),
        new Check("momentum", b -> momentum(b, 0, 1)),
        new Check("Nesterov's momentum", b -> momentum(b, 1, 0.9f)),
        new Check("Adam", OptimizerChecks::adam),
        new Check("limits, penalties and averages", OptimizerChecks::weights));
  }

  /** Whole vectors and what is left over. */
  private static void weights(Buffers b) {
    int n = N + 1;
    long p = b.random(n, 1);
    long g = b.random(n, 4);
    double[] values = widen(p, n);
    double[] expected = widen(g, n);
    double sum = 0;
    for (int i = 0; i < n; i++) {
      expected[i] += 0.2 * Math.signum(values[i]) + 0.1 * values[i];
      sum += Math.abs(values[i]);
    }
    Weights.penalize(n, 0.2f, 0.1f, p, g);
    Check.near(expected, Buffers.read(g, n), TOLERANCE, "penalized gradient");
    Check.near(sum, Weights.sumOfAbsolutes(n, p), 1e-9, "sum");
    for (int i = 0; i < n; i++) {
      expected[i] += 0.25 * (values[i] - expected[i]);
    }
    Weights.average(n, 0.25f, p, g);
    Check.near(expected, Buffers.read(g, n), TOLERANCE, "average");
    for (int i = 0; i < n; i++) {
      expected[i] = Math.clamp(expected[i], -0.5, 0.5);
    }
    Weights.clamp(n, 0.5f, g);
    Check.near(expected, Buffers.read(g, n), TOLERANCE, "clamped");
  }

  private static void descend(Buffers b) {
    long p = b.random(N, 1);
    long g = b.random(N, 4);
    double[] expected = widen(p);
    for (int i = 0; i < N; i++) {
      double d = 0.5 * Buffers.get(g, i) + 0.1 * expected[i];
      expected[i] = 0.9 * expected[i] - 0.01 * d;
    }
    Optimizers.descend(N, p, g, 0.5f, 0.1f, 0.01f, 0.9f);
    Check.near(expected, Buffers.read(p, N), TOLERANCE, "parameter");
    Check.near(new double[N], Buffers.read(g, N), 0, "gradient after");
  }

  private static void momentum(Buffers b, float own, float ahead) {
    long p = b.random(N, 1);
    long g = b.random(N, 4);
    long m = b.random(N, 1);
    double[] expected = widen(p);
    double[] ms = widen(m);
    for (int i = 0; i < N; i++) {
      double d = 0.5 * Buffers.get(g, i) + 0.1 * expected[i];
      ms[i] = 0.9 * ms[i] + d;
      expected[i] -= 0.01 * (own * d + ahead * ms[i]);
    }
    Optimizers.momentum(N, p, g, m, 0.5f, 0.1f, 0.01f, 0.9f, own, ahead);
    Check.near(expected, Buffers.read(p, N), TOLERANCE, "parameter");
    Check.near(ms, Buffers.read(m, N), TOLERANCE, "velocity");
    Check.near(new double[N], Buffers.read(g, N), 0, "gradient after");
  }

  private static void adam(Buffers b) {
    long p = b.random(N, 1);
    long g = b.random(N, 4);
    long m = b.random(N, 1);
    long v = b.floats(new float[N]);
    double[] expected = widen(p);
    double[] ms = widen(m);
    double[] vs = new double[N];
    for (int i = 0; i < N; i++) {
      double d = 0.5 * Buffers.get(g, i) + 0.1 * expected[i];
      ms[i] += 0.1 * (d - ms[i]);
      vs[i] = 0.99 * vs[i] + 0.01 * d * d;
      expected[i] = 0.95 * expected[i] - 0.02 * ms[i] / (Math.sqrt(vs[i]) / 0.3 + 1e-3);
    }
    Optimizers.adam(N, p, g, m, v, 0.5f, 0.1f, 0.02f, 0.95f, 0.1f, 0.99f, 0.01f, 0.3f, 1e-3f);
    Check.near(expected, Buffers.read(p, N), TOLERANCE, "parameter");
    Check.near(ms, Buffers.read(m, N), TOLERANCE, "first moment");
    Check.near(vs, Buffers.read(v, N), TOLERANCE, "second moment");
    Check.near(new double[N], Buffers.read(g, N), 0, "gradient after");
  }

  private static double[] widen(long address) {
    return widen(address, N);
  }

  private static double[] widen(long address, int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = Buffers.get(address, i);
    }
    return values;
  }
}
