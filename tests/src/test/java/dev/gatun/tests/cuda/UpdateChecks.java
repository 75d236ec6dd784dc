package dev.gatun.tests.cuda;

import dev.gatun.backend.Control;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;

/** The norm of gradients. */
final class UpdateChecks {
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
    }
  }
}
