package dev.gatun.tests.cuda;

import static dev.gatun.tests.support.Numbers.assertClose;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Control;
import dev.gatun.backend.SgdRule;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;

/** The norm of gradients and the optimizers. */
final class UpdateChecks {
  private static final double CLOSE = 1e-6;
  private static final int N = 3001;

  private final HostKernels kernels;
  private final Values values = new Values();

  UpdateChecks(HostKernels kernels) {
    this.kernels = kernels;
  }

  void run() throws Throwable {
    for (int n : new int[] {0, 1, 255, N}) {
      prepare(values.reals(1, n), Double.POSITIVE_INFINITY);
      prepare(values.reals(1, n), 0.5);
      prepare(values.reals(1, n), 1e6);
    }
    nonFinite(Double.NaN);
    nonFinite(Double.POSITIVE_INFINITY);
    nonFinite(Double.NEGATIVE_INFINITY);
    for (double decay : new double[] {0, 0.01}) {
      sgd(new SgdRule(0, false, decay));
      sgd(new SgdRule(0.9, false, decay));
      sgd(new SgdRule(0.9, true, decay));
      adam(new AdamRule(0.9, 0.999, 1e-8, decay, false));
      adam(new AdamRule(0.8, 0.99, 1e-4, decay, true));
    }
  }

  private static Tensor control() {
    return Values.doubles(0.05, 4, 0, 0, 0, 7, 8, 9);
  }

  private void prepare(Tensor gradients, double maxNorm) throws Throwable {
    Tensor expected = control();
    values.reference.prepareUpdate(values.copy(gradients), maxNorm, expected);
    Tensor actual = control();
    prepare(gradients, maxNorm, actual);
    for (int i = 0; i < Control.SIZE; i++) {
      double want = expected.get(i);
      // Sums of doubles in two orders; NaN and infinity have to be the same.
      boolean right =
          Double.compare(want, actual.get(i)) == 0
              || Math.abs(want - actual.get(i)) <= 1e-13 * Math.abs(want);
      Values.that(right, "slot " + i + ", wanted " + want + ", of the control", actual);
    }
  }

  private void prepare(Tensor gradients, double maxNorm, Tensor control) throws Throwable {
    int blocks = 5;
    Tensor sums = Tensor.host(DType.F64, blocks);
    Tensor first = Tensor.host(DType.I64, blocks);
    kernels.run("squares", blocks, gradients.size(), gradients, sums, first);
    kernels.run("prepareUpdate", 1, (long) blocks, sums, first, maxNorm, control);
  }

  private void nonFinite(double value) throws Throwable {
    for (int at : new int[] {0, 1, 300, 2990}) {
      Tensor gradients = values.reals(1, N);
      gradients.set(at, value);
      gradients.set(2995, Double.NaN);
      gradients.set(N - 1, value);
      prepare(gradients, 1);
      skip(gradients);
    }
  }

  /** What is not finite only zeroes the gradient. */
  private void skip(Tensor gradients) throws Throwable {
    Tensor control = control();
    prepare(gradients, 1, control);
    Tensor p = values.reals(1, N);
    Tensor m = values.reals(1, N);
    Tensor v = values.reals(1, N);
    Tensor before = values.copy(p);
    Tensor beforeM = values.copy(m);
    Tensor beforeV = values.copy(v);
    Tensor again = values.reals(1, N);
    kernels.run("sgd", 3, (long) N, p, gradients, m, control, 0.9f, 1, 0.1f);
    kernels.run("adam", 3, (long) N, p, again, m, v, control, 0.9, 0.99, 1e-8, 0.1, 1);
    Values.same("skipped parameters", before, values.copy(p));
    Values.same("skipped momentum", beforeM, values.copy(m));
    Values.same("skipped second moment", beforeV, values.copy(v));
    Values.same("a skipped gradient", Tensor.host(DType.F32, N), gradients);
    Values.same("Adam's skipped gradient", Tensor.host(DType.F32, N), again);
  }

  private void sgd(SgdRule rule) throws Throwable {
    Tensor p = values.reals(1, N);
    Tensor m = rule.momentum() > 0 ? values.reals(0, N) : null;
    Tensor exactP = values.copy(p);
    Tensor exactM = m == null ? null : values.copy(m);
    Tensor control = control();
    for (int step = 0; step < 3; step++) {
      Tensor g = values.reals(1, N);
      prepare(g, 10, control);
      values.reference.sgd(rule, exactP, values.copy(g), exactM, control);
      float momentum = (float) rule.momentum();
      int nesterov = rule.nesterov() ? 1 : 0;
      float decay = (float) rule.weightDecay();
      kernels.run("sgd", 3, (long) N, p, g, m, control, momentum, nesterov, decay);
      Values.same("sgd's gradient", Tensor.host(DType.F32, N), g);
    }
    assertClose("sgd", exactP, p, CLOSE);
    if (m != null && exactM != null) {
      assertClose("momentum", exactM, m, CLOSE);
    }
  }

  private void adam(AdamRule rule) throws Throwable {
    Tensor p = values.reals(1, N);
    Tensor m = values.reals(0, N);
    Tensor v = values.reals(0, N);
    Tensor exactP = values.copy(p);
    Tensor exactM = values.copy(m);
    Tensor exactV = values.copy(v);
    Tensor control = control();
    control.set(Control.UPDATES, 0);
    for (int step = 0; step < 3; step++) {
      Tensor g = values.reals(1, N);
      prepare(g, 10, control);
      values.reference.adam(rule, exactP, values.copy(g), exactM, exactV, control);
      kernels.run(
          "adam",
          3,
          (long) N,
          p,
          g,
          m,
          v,
          control,
          rule.beta1(),
          rule.beta2(),
          rule.epsilon(),
          rule.weightDecay(),
          rule.decoupled() ? 1 : 0);
      Values.same("adam's gradient", Tensor.host(DType.F32, N), g);
    }
    assertClose("adam", exactP, p, CLOSE);
    assertClose("the first moment", exactM, m, CLOSE);
    assertClose("the second moment", exactV, v, CLOSE);
  }
}
