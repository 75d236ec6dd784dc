package dev.gatun.tests.kernel;

import dev.gatun.kernels.Optimizers;
import java.util.List;

/** {@link Optimizers} against PyTorch's formulas in double, three steps each. */
final class OptimizerChecks {
  private static final double TOLERANCE = 1e-6;

  private OptimizerChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("SGD", b -> sgd(b, 0, 0, false, 0.1f)),
        new Check("SGD with momentum", b -> sgd(b, 0.9f, 0.3f, false, 0)),
        new Check("SGD with Nesterov's momentum", b -> sgd(b, 0.8f, 0, true, 0.1f)),
        new Check("Adam", b -> adam(b, 0.1, false)),
        new Check("AdamW", b -> adam(b, 0.1, true)));
  }

  private static void sgd(
      Buffers b, float momentum, float dampening, boolean nesterov, float decay) {
    for (int n = 1; n <= 70; n++) {
      long p = b.random(n, 1);
      long buffer = b.floats(new float[n]);
      double[] ps = widen(p, n);
      double[] ms = new double[n];
      for (int step = 0; step < 3; step++) {
        long g = b.random(n, 4);
        float damp = step == 0 ? 0 : dampening;
        for (int i = 0; i < n; i++) {
          double grad = 0.5 * Buffers.get(g, i) + decay * ps[i];
          if (momentum != 0) {
            ms[i] = step == 0 ? grad : momentum * ms[i] + (1 - dampening) * grad;
            grad = nesterov ? grad + momentum * ms[i] : ms[i];
          }
          ps[i] -= 0.01 * grad;
        }
        long m = momentum == 0 ? 0 : buffer;
        Optimizers.sgd(n, p, g, m, 0.01f, momentum, damp, nesterov, decay, 0.5f);
        Check.near(new double[n], Buffers.read(g, n), 0, "gradient after");
      }
      Check.near(ps, Buffers.read(p, n), TOLERANCE, "parameter of " + n);
      Check.near(ms, Buffers.read(buffer, n), TOLERANCE, "momentum of " + n);
    }
  }

  private static void adam(Buffers b, double decay, boolean decoupled) {
    double rate = 0.01;
    double beta1 = 0.9;
    double beta2 = 0.99;
    double eps = 1e-8;
    for (int n = 1; n <= 70; n++) {
      long p = b.random(n, 1);
      long m = b.floats(new float[n]);
      long v = b.floats(new float[n]);
      double[] ps = widen(p, n);
      double[] ms = new double[n];
      double[] vs = new double[n];
      for (int step = 1; step <= 3; step++) {
        long g = b.random(n, 4);
        double bc1 = 1 - Math.pow(beta1, step);
        double bc2 = 1 - Math.pow(beta2, step);
        for (int i = 0; i < n; i++) {
          double grad = 0.5 * Buffers.get(g, i) + (decoupled ? 0 : decay * ps[i]);
          ps[i] *= decoupled ? 1 - rate * decay : 1;
          ms[i] = beta1 * ms[i] + (1 - beta1) * grad;
          vs[i] = beta2 * vs[i] + (1 - beta2) * grad * grad;
          ps[i] -= rate / bc1 * ms[i] / (Math.sqrt(vs[i]) / Math.sqrt(bc2) + eps);
        }
        Optimizers.adam(n, p, g, m, v, rate, beta1, beta2, eps, bc1, bc2, decay, decoupled, 0.5f);
        Check.near(new double[n], Buffers.read(g, n), 0, "gradient after");
      }
      Check.near(ps, Buffers.read(p, n), TOLERANCE, "parameter of " + n);
      Check.near(ms, Buffers.read(m, n), TOLERANCE, "first moment of " + n);
      Check.near(vs, Buffers.read(v, n), TOLERANCE, "second moment of " + n);
    }
  }

  private static double[] widen(long address, int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = Buffers.get(address, i);
    }
    return values;
  }
}
